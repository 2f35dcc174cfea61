"""Find out what code of the user's computes, by running it once on symbolic tensors.

Keras records the operations that a layer's ``call``, an activation function or a Lambda applies to
a symbolic tensor. Where fastism knows every one of them, they stand in the layer's place. What is
recorded must be all there is: code that draws random numbers or changes variables stays opaque, and
so does code whose record does not compute, on random numbers, what the code itself does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from fastism.frontends.keras.calls.activation import activation_step
from fastism.frontends.keras.calls.batch_axis import Order, in_front
from fastism.frontends.keras.calls.call import (
    Call,
    Expression,
    NoHandler,
    NotExpressible,
    array,
    calls,
    express,
    filled,
    of_keras,
    refuse,
    slotted,
)
from fastism.frontends.keras.calls.channels_first import has_channels_first, with_channels_last
from fastism.frontends.keras.calls.composer import Composer, require_fit
from fastism.frontends.keras.calls.tensorflow import replayed
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, SHORT_DTYPES, TensorType

LONGEST = 400
"""Operations in a record; a loop over positions written in Python would give thousands."""

BATCH = 3
"""Sequences that a record is tried on."""
_TOLERANCE = 1e-5


_OF_USERS = (keras.layers.Lambda, keras.Model)
"""Classes of Keras that hold code, or layers, of the user's."""


def expressed(call: Call) -> Expression:
    """What computes a call, by its handler or by a record of what it does.

    Raises NotExpressible where neither gives them.
    """
    if has_channels_first(call):
        return with_channels_last(call, expressed)
    try:
        return express(call)
    except NoHandler as unknown:
        try:
            return _code(call)
        except NotExpressible:
            # What Keras's own code is made of says nothing to a user.
            if of_keras(call.operation) and not isinstance(call.operation, _OF_USERS):
                raise unknown from None
            raise
    except NotExpressible:
        activation = _unknown_activation(call.operation)
        if activation is None:
            raise
        return _with_activation(call, activation)


def _code(call: Call) -> Expression:
    """What the code of a layer or operation without a handler computes."""
    operation = call.operation
    if isinstance(operation, keras.Layer):
        if any(SHORT_DTYPES.get(operation.compute_dtype) != type.dtype for type in call.types):
            refuse(f"it computes in {operation.dtype_policy.name}")
        if call.keywords.get("mask") is not None:
            refuse("it is called with mask")
        if call.keywords.get("training"):
            refuse("it is called with training")
        return _steps(running(call, operation.call), running(call, operation), call.types)
    record = record_of(call)
    if any(type(node.operation) is type(operation) for node in calls(record)):
        refuse("TensorFlow has an operation for it, which is read as itself")
    return _written(record, running(call, operation), call.types)


def running(call: Call, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors that calls another as a call does, at prediction time."""
    predicts = "training" in inspect.signature(call.operation.call).parameters
    options = {"training": False} if predicts else {}
    # A model tells every layer whether it is trained, also those whose code does not ask.
    given = {name: value for name, value in call.keywords.items() if name != "training"}

    def run(*tensors: Any) -> Any:
        positional, keywords = filled(call.arguments, given, tensors)
        return call.results(function(*positional, **{**keywords, **options}))

    return run


def record_of(call: Call) -> keras.Function:
    """What the code of an operation does to tensors of the call's types, in Keras's operations.

    Raises NotExpressible where that cannot be told.
    """
    return _record(running(call, call.operation.call), call.types)


def _unknown_activation(layer: Any) -> Callable[..., Any] | None:
    """The activation of a Keras layer, if that is code of the user's."""
    activation: Callable[..., Any] | None = getattr(layer, "activation", None)
    if not isinstance(layer, keras.Layer) or not callable(activation):
        return None
    try:
        activation_step(activation)
    except NotExpressible:
        return activation
    return None


def _with_activation(call: Call, activation: Callable[..., Any]) -> Expression:
    """What computes a layer whose handler does not know its activation."""
    layer = call.operation
    linear = object.__new__(type(layer))
    linear.__dict__.update(layer.__dict__, activation=keras.activations.linear)
    composer = Composer(call.types)
    before = express(Call(linear, call.types, call.arguments, call.keywords))
    made = composer.inline(before, range(len(call.types)))
    activated = _steps(activation, activation, [composer.types[index] for index in made])
    return composer.expression(*composer.inline(activated, made))


def _steps(
    function: Callable[..., Any], live: Callable[..., Any], types: Sequence[TensorType]
) -> Expression:
    """What computes a function of tensors. ``live`` runs it on arrays, as the model would."""
    return _written(_record(function, types), live, types)


def _written(
    record: keras.Function, live: Callable[..., Any], types: Sequence[TensorType]
) -> Expression:
    """What computes a record of what ``live`` does."""
    composer = Composer(types)
    values = {id(tensor): index for index, tensor in enumerate(record.inputs)}
    orders: dict[int, Order] = {}
    for node in calls(record):
        reads = [values[id(tensor)] for tensor in node.arguments.keras_tensors]
        kept = in_front(node, orders)
        made = reads
        if kept.operation is not None:
            slots = slotted(kept.arguments, node.arguments.kwargs)
            call = Call(kept.operation, tuple(composer.types[index] for index in reads), *slots)
            made = inlined(composer, call, reads, kept.outputs)
        values.update(zip(map(id, node.outputs), made, strict=True))
    if any(id(output) in orders for output in record.outputs):
        refuse("the batch is not the first axis of its result")
    _check_record(record, live, types)
    results = [values[id(tensor)] for tensor in record.outputs]
    # A node of the layer's own, where it returns what it is given.
    return composer.expression(
        *(i if i >= len(types) else composer.add("identity", i) for i in results)
    )


def inlined(
    composer: Composer, call: Call, reads: Sequence[int], outputs: Sequence[Any]
) -> list[int]:
    """Write what computes one call of a record; where its results are."""
    try:
        made = composer.inline(expressed(call), reads)
        for index, output in zip(made, outputs, strict=True):
            own = SHORT_DTYPES.get(keras.backend.standardize_dtype(output.dtype))
            require_fit(composer.types[index], own, output)
    except NotExpressible as reason:
        refuse(f"it uses {call.kind}: {reason}")
    return made


def _record(function: Callable[..., Any], types: Sequence[TensorType]) -> keras.Function:
    """What a function does, in Keras's operations. Raises NotExpressible where that is not all.

    Code written in TensorFlow does not run on Keras's symbolic tensors; its graph is read instead.
    """
    try:
        return _recorded(function, types)
    except _NotSymbolic:
        return _recorded(replayed(function, types), types)


def _recorded(function: Callable[..., Any], types: Sequence[TensorType]) -> keras.Function:
    """What a function does to symbolic tensors. Raises NotExpressible where that is not all."""
    inputs = [
        keras.Input(batch_shape=(None, *type.shape[1:]), dtype=NUMPY_DTYPES[type.dtype])
        for type in types
    ]
    try:
        with keras.StatelessScope() as scope:
            result = function(*inputs)
        if scope.state_mapping:
            refuse("it draws random numbers, or changes variables")
        if not all(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(result)):
            refuse("a result of it does not depend on its input")
        record = keras.Function(inputs, result)
    except NotExpressible:
        raise
    except Exception as error:  # whatever the user's code raises
        why = f"its code does not run on symbolic tensors: {first_line(str(error))}"
        raise _NotSymbolic(why) from error
    _forget(record)
    _free_batch(record)
    length = sum(1 for _ in calls(record))
    if length > LONGEST:
        refuse(f"its code is {length} operations long")
    return record


class _NotSymbolic(NotExpressible):
    """Code that does not run on Keras's symbolic tensors."""


def _free_batch(record: keras.Function) -> None:
    """Let a reshape to ``(ops.shape(x)[0], ...)``, which is None here, take any batch."""
    for node in calls(record):
        shape = getattr(node.operation, "newshape", None)
        if isinstance(shape, (tuple, list)) and shape and shape[0] is None:
            node.operation.newshape = (-1, *shape[1:])


def _forget(record: keras.Function) -> None:
    """Leave the layers of the model as they were found: not called once more."""
    for node in calls(record):
        node.operation._inbound_nodes.remove(node)


def _check_record(
    record: keras.Function, live: Callable[..., Any], types: Sequence[TensorType]
) -> None:
    """Raise NotExpressible unless a record computes what the code does.

    Tried on numbers around one, and then on large ones with zeros between, so that either side of
    every bend and bound is taken.
    """
    random = np.random.default_rng(0)
    for scale, zeros in ((1.0, 0.0), (8.0, 0.2)):
        arrays = []
        for type in types:
            shape = (BATCH, *map(int, type.shape[1:]))
            numbers = scale * random.normal(size=shape) * (random.random(shape) >= zeros)
            arrays.append(keras.ops.convert_to_tensor(numbers.astype(NUMPY_DTYPES[type.dtype])))
        compare(record, live, arrays)


def compare(record: Callable[..., Any], live: Callable[..., Any], arrays: list[Any]) -> None:
    """Raise NotExpressible unless a record gives what the code does on some tensors."""
    try:
        results = [keras.tree.flatten(run) for run in (record(arrays), live(*arrays))]
    except Exception as error:  # whatever the user's code raises
        refuse(f"what was recorded of it does not run on numbers: {first_line(str(error))}")
    for found, wanted in zip(*(map(array, run) for run in results), strict=True):
        scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
        if found.shape != wanted.shape or not np.allclose(
            found, wanted, rtol=0, atol=_TOLERANCE * scale, equal_nan=True
        ):
            refuse("its code does something else on numbers than on symbolic tensors")
