"""Write what a call computes as a small graph of steps, their types checked on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import VerifyError
from fastism.frontends.keras.calls.call import Call, Expression, Step, array, refuse
from fastism.ir.builder import complete, infer
from fastism.ir.graph import Attribute, Node
from fastism.ir.types import NUMPY_DTYPES, TensorType


class Composer:
    """Steps under construction; a value is known by its index.

    The tensors of the call come first, in order, then the result of every step.

    >>> composer = Composer(call.types)
    >>> gate = composer.add("sigmoid", 0)
    >>> composer.add("multiply", 0, gate)
    >>> return composer.steps
    """

    def __init__(self, types: Iterable[TensorType]) -> None:
        self.types = list(types)
        self.steps: list[Step] = []

    def add(
        self,
        op: str,
        *reads: int,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> int:
        """Append a step; returns its index. Raises NotExpressible where the types do not fit."""
        step = Step(op, attributes or {}, constants or {}, reads)
        roles = {role: TensorType.of(value) for role, value in step.constants.items()}
        try:
            node = Node("_", op, tuple(map(str, reads)), (), complete(op, step.attributes))
            (result,) = infer(node, [self.types[index] for index in reads], roles)
        except VerifyError as error:
            refuse(error.why or error.what)
        self.steps.append(step)
        self.types.append(result)
        return len(self.types) - 1

    def inline(self, expression: Expression, reads: Sequence[int]) -> list[int]:
        """Append the steps of another call, whose tensors are ``reads``; where its results are.

        A step that does not say what it reads takes the result before it, the first all tensors.
        """
        values, previous = list(reads), tuple(reads)
        for step in expression.steps:
            taken = previous if step.reads is None else tuple(values[i] for i in step.reads)
            result = self.add(step.op, *taken, attributes=step.attributes, constants=step.constants)
            values.append(result)
            previous = (result,)
        return [values[index] for index in expression.results]

    def chain(self, steps: Iterable[Step], value: int) -> int:
        """Append steps that each read the one before, the first ``value``; where the last is."""
        for step in steps:
            value = self.add(step.op, value, attributes=step.attributes, constants=step.constants)
        return value

    def expression(self, *results: int) -> Expression:
        """What was written so far; these values are its results."""
        return Expression(tuple(self.steps), results)

    def argument(self, call: Call, position: int, like: int = 0) -> int:
        """An argument of a call: one of its tensors, or a number or array as a constant."""
        index = call.pattern[position]
        return self.constant(call.arguments[position], like) if index is None else index

    def constant(self, value: object, like: int) -> int:
        """A number or array that meets the value ``like`` element by element."""
        return self.add("constant", like, constants={"value": _aligned(value, self.types[like])})

    def affine(self, index: int, *, scale: object = None, shift: object = None) -> int:
        """``value * scale + shift``, each a number or anything that broadcasts to the value."""
        given = {"scale": scale, "shift": shift}
        given = {role: part for role, part in given.items() if part is not None}
        channels = {role: per_channel(part, self.types[index]) for role, part in given.items()}
        together = {role: part for role, part in channels.items() if part is not None}
        if given and len(together) == len(given):
            return self.add("scale_shift", index, constants=together)
        for role, part in given.items():
            if role in together:
                index = self.add("scale_shift", index, constants={role: together[role]})
            else:
                op = "multiply" if role == "scale" else "add"
                index = self.add(op, index, self.constant(part, index))
        return index


def require_fit(type: TensorType, dtype: str | None, inferred: Any) -> None:
    """Raise NotExpressible unless a value has the shape Keras infers for it, and this element type.

    A truth of Keras is a number of the IR, one or zero.
    """
    fits = dtype in (type.dtype, "bool") and type.rank == len(inferred.shape)
    dims = zip(type.shape[1:], inferred.shape[1:], strict=False)
    if not fits or any(known not in (None, dim) for dim, known in dims):
        refuse(f"Keras infers {inferred.dtype} {inferred.shape}, the IR {type}")


def _aligned(value: object, type: TensorType) -> npt.NDArray[Any]:
    """A number or array with the axes of a value, the batch axis left out.

    Raises NotExpressible if it has more, or differs from sequence to sequence.
    """
    constant = array(value)
    shape = (1,) * (type.rank - constant.ndim) + constant.shape
    if len(shape) != type.rank or shape[0] != 1:
        refuse(f"a constant of the shape {constant.shape} meets {type}")
    return constant.reshape(shape[1:]).astype(NUMPY_DTYPES[type.dtype])


def per_channel(value: object, type: TensorType) -> npt.NDArray[Any] | None:
    """A number or array as one number a channel, (C,); None where it differs otherwise."""
    if type.rank < 2:
        refuse(f"{type} has no channels")
    constant = _aligned(value, type)
    if any(extent != 1 for extent in constant.shape[:-1]):
        return None
    if constant.shape[-1] not in (1, type.channels):
        return None
    return np.broadcast_to(constant.reshape(-1), (type.channels,))
