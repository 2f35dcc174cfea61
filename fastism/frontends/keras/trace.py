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

from fastism.frontends.keras.activation import activation_step
from fastism.frontends.keras.call import (
    Call,
    NoHandler,
    NotExpressible,
    Step,
    array,
    call_of,
    calls,
    express,
    filled,
    of_keras,
    refuse,
)
from fastism.frontends.keras.composer import Composer, require_fit
from fastism.frontends.keras.load import first_line
from fastism.ir.types import NUMPY_DTYPES, SHORT_DTYPES, TensorType

LONGEST = 400
"""Operations in a record; a loop over positions written in Python would give thousands."""

_BATCH = 3
_TOLERANCE = 1e-5


def expressed(call: Call) -> Sequence[Step]:
    """The steps of a call, by its handler or by a record of what it does.

    Raises NotExpressible where neither gives them.
    """
    try:
        return express(call)
    except NoHandler:
        if not isinstance(call.operation, keras.Layer) or _is_of_keras(call.operation):
            raise
        return _layer(call)
    except NotExpressible:
        activation = _unknown_activation(call.operation)
        if activation is None:
            raise
        return _with_activation(call, activation)


def _is_of_keras(layer: Any) -> bool:
    # Lambda is code of the user's in a layer of Keras.
    return of_keras(layer) and type(layer) is not keras.layers.Lambda


def _layer(call: Call) -> Sequence[Step]:
    """The steps of a layer without a handler."""
    layer = call.operation
    if any(SHORT_DTYPES.get(layer.compute_dtype) != type.dtype for type in call.types):
        refuse(f"it computes in {layer.dtype_policy.name}")
    if call.keywords.get("mask") is not None:
        refuse("it is called with mask")
    options = {"training": False} if "training" in inspect.signature(layer.call).parameters else {}

    def run(function: Callable[..., Any], tensors: Sequence[Any]) -> Any:
        positional, keywords = filled(call.arguments, call.keywords, tensors)
        return function(*positional, **{**keywords, **options})

    if call.keywords.get("training"):
        refuse("it is called with training")
    return _steps(
        lambda *tensors: run(layer.call, tensors), lambda *arrays: run(layer, arrays), call.types
    )


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


def _with_activation(call: Call, activation: Callable[..., Any]) -> Sequence[Step]:
    """The steps of a layer whose handler does not know its activation, and of the activation."""
    layer = call.operation
    linear = object.__new__(type(layer))
    linear.__dict__.update(layer.__dict__, activation=keras.activations.linear)
    composer = Composer(call.types)
    steps = express(Call(linear, call.types, call.arguments, call.keywords))
    index = composer.inline(steps, range(len(call.types)))
    composer.inline(_steps(activation, activation, [composer.types[index]]), [index])
    return composer.steps


def _steps(
    function: Callable[..., Any], live: Callable[..., Any], types: Sequence[TensorType]
) -> Sequence[Step]:
    """The steps of a function of tensors. ``live`` runs it on arrays, as the model would."""
    record = _record(function, types)
    composer = Composer(types)
    values = {id(tensor): index for index, tensor in enumerate(record.inputs)}
    for node in calls(record):
        reads = [values[id(tensor)] for tensor in node.arguments.keras_tensors]
        call = call_of(node, [composer.types[index] for index in reads])
        try:
            index = composer.inline(expressed(call), reads)
            (output,) = node.outputs
            own = SHORT_DTYPES.get(keras.backend.standardize_dtype(output.dtype))
            require_fit(composer.types[index], own, output)
        except NotExpressible as reason:
            refuse(f"it uses {type(call.operation).__name__}: {reason}")
        values[id(output)] = index
    result = values[id(record.outputs[0])]
    if result != len(composer.types) - 1 or not composer.steps:
        composer.add("identity", result)
    _check_record(record, live, types)
    return composer.steps


def _record(function: Callable[..., Any], types: Sequence[TensorType]) -> keras.Function:
    """What a function does to symbolic tensors. Raises NotExpressible for more than one result."""
    inputs = [
        keras.Input(batch_shape=(None, *type.shape[1:]), dtype=NUMPY_DTYPES[type.dtype])
        for type in types
    ]
    try:
        with keras.StatelessScope() as scope:
            result = function(*inputs)
        if scope.state_mapping:
            refuse("it draws random numbers, or changes variables")
        if not isinstance(result, keras.KerasTensor):
            refuse("its result is not one tensor that depends on its input")
        record = keras.Function(inputs, result)
    except NotExpressible:
        raise
    except Exception as error:  # whatever the user's code raises
        refuse(f"its code does not run on symbolic tensors: {first_line(str(error))}")
    _forget(record)
    length = sum(1 for _ in calls(record))
    if length > LONGEST:
        refuse(f"its code is {length} operations long")
    return record


def _forget(record: keras.Function) -> None:
    """Leave the layers of the live model as they were found: not called once more."""
    for node in calls(record):
        node.operation._inbound_nodes.remove(node)


def _check_record(
    record: keras.Function, live: Callable[..., Any], types: Sequence[TensorType]
) -> None:
    """Raise NotExpressible unless a record computes what the code does."""
    random = np.random.default_rng(0)
    arrays = [
        keras.ops.convert_to_tensor(
            random.normal(size=(_BATCH, *map(int, type.shape[1:]))).astype(NUMPY_DTYPES[type.dtype])
        )
        for type in types
    ]
    found, wanted = array(record(arrays)), array(live(*arrays))
    scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    if found.shape != wanted.shape or not np.allclose(
        found, wanted, rtol=0, atol=_TOLERANCE * scale, equal_nan=True
    ):
        refuse("its code does something else on numbers than on symbolic tensors")
