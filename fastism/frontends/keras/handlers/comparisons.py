"""Comparisons, logic and ``where``. A truth of Keras is a number here: one, or zero."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from fastism.frontends.keras.calls.call import HALF, Call, Step, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.calls.dtypes import FLOATING


def require_reader(call: Call) -> None:
    """Raise NotExpressible where the truth is a result of the model, whose type is its own."""
    if not call.operation._outbound_nodes:
        refuse("its truth is a result")


def _above(composer: Composer, call: Call, left: int, right: int) -> int:
    """One where the argument ``left`` is larger than the argument ``right``."""
    first, second = call.pattern[left], call.pattern[right]
    if first is not None and second is not None:
        difference = composer.add("subtract", first, second)
    elif first is not None:
        difference = composer.affine(first, shift=-_number(call, right))
    elif second is not None:
        difference = composer.affine(second, scale=-1.0, shift=_number(call, left))
    else:
        refuse("it compares no tensor")
    return composer.add("positive", difference)


def _number(call: Call, position: int) -> float:
    value = keras.ops.convert_to_numpy(call.arguments[position])
    if value.size != 1:
        refuse("it compares with several numbers")
    return float(value.reshape(()))


def _opposite(composer: Composer, truth: int) -> int:
    return composer.affine(truth, scale=-1.0, shift=1.0)


@handles("ops.Greater", "ops.Less", "ops.GreaterEqual", "ops.LessEqual")
def order(call: Call) -> Sequence[Step]:
    """By the sign of the difference, which is exact; ``a >= b`` is not ``b > a``."""
    require_reader(call)
    name, composer = call.kind, Composer(call.types)
    forward = name in ("Greater", "LessEqual")
    truth = _above(composer, call, 0, 1) if forward else _above(composer, call, 1, 0)
    if name.endswith("Equal"):
        _opposite(composer, truth)
    return composer.steps


@handles("ops.Equal", "ops.NotEqual")
def equal(call: Call) -> Sequence[Step]:
    """Neither above nor below a number. (Between tensors, it may ask whether one is NaN.)"""
    require_reader(call)
    if None not in call.pattern:
        refuse("it compares two tensors")
    composer = Composer(call.types)
    unequal = composer.add("add", _above(composer, call, 0, 1), _above(composer, call, 1, 0))
    if call.kind == "Equal":
        _opposite(composer, unequal)
    return composer.steps


def truth(composer: Composer, value: int) -> int:
    """One where a value is not zero."""
    return composer.add("positive", composer.add("absolute", value))


@handles("ops.LogicalAnd", "ops.LogicalOr")
def logical(call: Call) -> Sequence[Step]:
    require_reader(call)
    if call.pattern != (0, 1):
        refuse("it is not called with two tensors")
    composer = Composer(call.types)
    op = "multiply" if call.kind == "LogicalAnd" else "maximum"
    composer.add(op, truth(composer, 0), truth(composer, 1))
    return composer.steps


@handles("ops.LogicalNot")
def logical_not(call: Call) -> Sequence[Step]:
    require_reader(call)
    composer = Composer([call.type])
    _opposite(composer, truth(composer, 0))
    return composer.steps


@handles("ops.Cast", "ops.ConvertToTensor")
def cast(call: Call) -> Sequence[Step]:
    """To a truth. What another cast reads has the type of its result already: see `cast_call`."""
    if call.operation.dtype is None:
        return [Step("identity")]
    wanted, (given,) = keras.backend.standardize_dtype(call.operation.dtype), call.own or call.types
    if wanted in HALF and given.dtype in FLOATING:
        refuse(f"it rounds {given.dtype} to {wanted}")
    if wanted != "bool":
        return [Step("identity")]
    require_reader(call)
    composer = Composer([call.type])
    truth(composer, 0)
    return composer.steps


@handles("ops.Where")
def where(call: Call) -> Sequence[Step]:
    """A choice, element by element; numbers and arrays become constants."""
    if len(call.arguments) != 3 or call.pattern[0] is None:
        refuse("it does not choose between two values by a tensor")
    composer = Composer(call.types)
    composer.add("select", *(composer.argument(call, position) for position in range(3)))
    return composer.steps
