"""A Keras model whose outputs are reduced: operations of Keras behind the model's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import keras
from keras import ops

from fastism.errors import FastismError, InputError
from fastism.frontends.keras.calls.call import HALF, calls
from fastism.frontends.keras.lowering.functional import functional_graph, output_names
from fastism.frontends.keras.lowering.inputs import inputs_structure
from fastism.reductions import Reduction, Shape


def _l2(z: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(z), axis=1))


def _profile(z: Any) -> Any:
    """The scalar of BPNet's and ChromBPNet's profile heads, of logits.

    There the softmax is held fixed while gradients flow; here it is the mutant's own.
    """
    return ops.sum(ops.softmax(z, axis=1) * (z - ops.mean(z, axis=1, keepdims=True)), axis=1)


_WAYS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "sum": lambda z: ops.sum(z, axis=1),
    "mean": lambda z: ops.mean(z, axis=1),
    "max": lambda z: ops.max(z, axis=1),
    "l2": _l2,
    "logsumexp": lambda z: ops.logsumexp(z, axis=1),
    "profile": _profile,
}


def output_shapes(model: keras.Model, length: int | None) -> dict[str, Shape]:
    """Every output's shape by its name, without the batch axis.

    length: of axes that the model leaves open. Raises InputError for a model of several outputs
    that runs code of its own, as they have no names.
    """
    _, outputs = _symbolic(model)
    shapes = [tuple(tensor.shape[1:]) for tensor in outputs]
    if length is not None and any(None in shape for shape in shapes):
        structure = keras.tree.map_structure(
            lambda tensor: keras.KerasTensor(
                [None, *(length if extent is None else extent for extent in tensor.shape[1:])],
                tensor.dtype,
            ),
            inputs_structure(model),
        )
        known = keras.tree.flatten(model.compute_output_spec(structure))
        shapes = [tuple(tensor.shape[1:]) for tensor in known]
    return dict(zip(_names(model, len(outputs)), shapes, strict=True))


def reduced(model: keras.Model, reductions: Mapping[str, Reduction]) -> keras.Model:
    """The model with the same outputs, some of them reduced, under the same names.

    Raises InputError where a function of the user's fails, or returns something else than one
    tensor with the batch in front.
    """
    structure, outputs = _symbolic(model)
    names = _names(model, len(outputs))
    made = [
        _applied(name, tensor, reductions[name]) if name in reductions else tensor
        for name, tensor in zip(names, outputs, strict=True)
    ]
    _name_operations(structure, outputs, dict(zip(names, made, strict=True)))
    result = keras.Model(structure, made, name=model.name)
    result.output_names = names
    return result


def _symbolic(model: keras.Model) -> tuple[Any, list[Any]]:
    """A model's inputs, in their structure, and its outputs; its call where it has no graph."""
    functional, structure = functional_graph(model), inputs_structure(model)
    if functional is not None:
        return structure, list(functional.outputs)
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name),
        structure,
    )
    return inputs, list(keras.tree.flatten(model(inputs)))


def _names(model: keras.Model, count: int) -> list[str]:
    if functional_graph(model) is not None:
        return output_names(model)
    if count > 1:
        raise InputError(
            f"the {count} outputs of {model.name!r} have no names to reduce them by",
            why="the model runs code of its own",
            attempt="a keras.Model over it that returns the output to reduce, and others by name",
        )
    return [model.name]


def _applied(name: str, tensor: Any, reduction: Reduction) -> Any:
    if keras.backend.standardize_dtype(tensor.dtype) in HALF:
        tensor = ops.cast(tensor, "float32")  # as a sum of a thousand halves is worth little
    if reduction.target is not None:
        tensor = ops.take(tensor, list(reduction.target), axis=-1)
    if reduction.over is not None:
        tensor = tensor[:, slice(*reduction.over)]
    if reduction.own:
        return _by_function(name, tensor, reduction)
    return tensor if reduction.way is None else _WAYS[reduction.way](tensor)


def _by_function(name: str, tensor: Any, reduction: Reduction) -> Any:
    shape = f"({', '.join('N' if n is None else str(n) for n in tensor.shape)})"
    if reduction.function is None:
        raise InputError(
            f"output {name!r} is reduced by a function of yours, {reduction.way}, which no plan "
            "holds",
            attempt="reduce=, the function; --reduce MODULE:FUNCTION on the command line",
        )
    try:
        result = reduction.function(tensor)
    except FastismError:
        raise
    except Exception as error:  # the user's function may raise anything
        raise InputError(
            f"reduce= fails on output {name!r} {shape}: {type(error).__name__}: {error}",
            why="it is called once, on a symbolic tensor",
            attempt="operations of keras.ops; the batch is axis 0",
        ) from error
    if not isinstance(result, keras.KerasTensor) or not result.shape or result.shape[0] is not None:
        raise InputError(
            f"reduce= makes no tensor (N, ...) of output {name!r} {shape}",
            why=f"it returns {result!r}",
            attempt="operations of keras.ops on what it is given; the batch, axis 0, stays",
        )
    return result


def _name_operations(structure: Any, before: list[Any], after: Mapping[str, Any]) -> None:
    """Name what was put behind the outputs after them: Keras numbers operations as they come."""
    inputs = keras.tree.flatten(structure)
    old = {id(node.operation) for node in calls(keras.Function(inputs, before))}
    taken = {node.operation.name for node in calls(keras.Function(inputs, before))}
    for name, tensor in after.items():
        for node in calls(keras.Function(inputs, tensor)):
            operation = node.operation
            if id(operation) in old:
                continue
            old.add(id(operation))
            base = f"{name}_{type(operation).__name__.lower()}"
            count = 1
            while (unique := base if count == 1 else f"{base}_{count}") in taken:
                count += 1
            taken.add(unique)
            operation.name = unique
