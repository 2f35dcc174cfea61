"""Lower a live Keras model to a module in its imported stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from fastism.errors import InputError, ModelError
from fastism.frontends.keras.call import Call, Slot
from fastism.frontends.keras.functional import functional_graph, paths
from fastism.frontends.keras.graphs import (
    GraphLowering,
    ModuleBuilder,
    layer_names,
    tensor_type,
)
from fastism.frontends.keras.opaque import OpaqueLayer
from fastism.frontends.keras.sequences import holds_sequences, length_axis, sequence_type
from fastism.frontends.keras.tokens import vocabulary
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.origin import Origin
from fastism.ir.types import TensorType


@dataclass(frozen=True)
class Lowered:
    """A module, and the live layers behind its ``opaque`` nodes, by their ``key``."""

    module: Module
    opaque: Mapping[str, OpaqueLayer]


def lower(
    model: keras.Model,
    *,
    length: int | None = None,
    seq_input: int | str = 0,
    name: str = "",
    sha256: str = "",
) -> Lowered:
    """Lower a model of inputs (N, L, C) to the imported stage: one graph, and one a nested model.

    The edited input may hold token numbers, (N, L), for embeddings: in the module it is one-hot.

    length: positions of the sequence input, for a model built for any; other inputs without a
        fixed axis 1 get the same.
    seq_input: the input that will be edited, by position or name.
    name, sha256: the model file's, kept in the module; the live model's name if empty.

    Raises ModelError if the model has no inputs yet or is not over sequences, InputError if
    ``length`` or ``seq_input`` do not fit it, LoweringError for a layer no graph can hold.
    """
    structure = inputs_structure(model)
    inputs = list(keras.tree.flatten(structure))
    names = _names(structure, inputs)
    tokens = [vocabulary(model, tensor) if len(tensor.shape) == 2 else None for tensor in inputs]
    edited = _edited(inputs, names, tokens, seq_input)
    types = [_input_type(tensor, inputs[edited], length) for tensor in inputs]
    rows = tokens[edited]
    if rows is None:
        types[edited] = sequence_type(types[edited])
    else:
        types[edited] = TensorType("f32", (*types[edited].shape, rows))
    builder = ModuleBuilder()
    functional = functional_graph(model)
    if functional is not None:
        graph = builder.main(functional, names, types)
    else:
        graph = _whole(builder, model, structure, names, types)
    module = Module(
        stage="imported",
        graphs=tuple(builder.graphs),
        constants=builder.constants,
        seq_input=graph.inputs[edited].name,
        outputs=_output_names(model, graph),
        model=name or model.name,
        sha256=sha256,
    )
    return Lowered(module, builder.opaque)


def inputs_structure(model: keras.Model) -> Any:
    """The symbolic inputs of a model, as the list or dict of them that it takes.

    Raises ModelError for a model without a graph that was never called.
    """
    functional = functional_graph(model)
    return functional._inputs_struct if functional is not None else _built_for(model)


def _names(structure: Any, inputs: Sequence[Any]) -> list[str]:
    """The user's names of the inputs: the keys of a dict, or the names of the input layers."""
    if isinstance(structure, dict):
        return paths(structure)
    return layer_names(inputs)


def _built_for(model: keras.Model) -> Any:
    """Symbolic inputs of a subclassed model, in the structure its call takes."""
    inputs = getattr(model, "inputs", None)
    if inputs:
        return model._inputs_struct
    shapes = list((getattr(model, "_build_shapes_dict", None) or {}).values())
    if len(shapes) != 1:
        raise ModelError(
            f"the inputs of the model {model.name!r} are not known",
            why="it has no graph of layers, and was never called on one structure of inputs",
            attempt="call it once on data, or build it from keras.Input",
        )

    def symbolic(shape: tuple[int | None, ...]) -> keras.KerasTensor:
        return keras.KerasTensor((None, *shape[1:]), dtype=model.compute_dtype, name="input")

    return keras.tree.map_shape_structure(symbolic, shapes[0])


def _edited(
    inputs: Sequence[Any],
    names: Sequence[str],
    tokens: Sequence[int | None],
    seq_input: int | str,
) -> int:
    """The position of the sequence input. Raises InputError, ModelError.

    tokens: how many tokens each input counts, None for one that is not read by an embedding.
    """
    if isinstance(seq_input, str):
        # A dict of inputs goes by its keys, but its layers have names as well.
        called = list(names if seq_input in names else layer_names(inputs))
        if called.count(seq_input) != 1:
            raise InputError(
                f"the model has no input {seq_input!r}", attempt=f"one of {', '.join(names)}"
            )
        seq_input = called.index(seq_input)
    if not isinstance(seq_input, int):
        raise InputError(f"seq_input must be a number or a name, not {seq_input!r}")
    if not 0 <= seq_input < len(inputs):
        raise InputError(
            f"the model has no input number {seq_input}",
            why=f"it has {len(inputs)}: {', '.join(names)}",
            attempt="count from 0, or give the input's name",
        )
    tensor = inputs[seq_input]
    sequences = [
        holds_sequences(other.shape) or count is not None
        for other, count in zip(inputs, tokens, strict=True)
    ]
    if not sequences[seq_input]:
        others = [name for name, holds in zip(names, sequences, strict=True) if holds]
        raise ModelError(
            f"the input {names[seq_input]!r} does not hold sequences",
            why=f"its shape is {_shape(tensor)}, not (N, length, channels)",
            attempt=f"choose the sequence input: {', '.join(others)}"
            if others
            else "fastism takes models over one-hot sequences of shape (N, L, C), "
            "or over token numbers (N, L) that an Embedding layer reads",
        )
    return seq_input


def _input_type(tensor: Any, sequence: Any, length: int | None) -> TensorType:
    """The type of an input, a free length filled in. Raises InputError, ModelError."""
    fixed = sequence.shape[length_axis(sequence.shape)]
    if length is not None and length < 1:
        raise InputError(f"length must be at least 1, not {length}")
    if fixed is None and length is None:
        raise InputError(
            f"the model takes sequences of any length, and none was given ({_shape(sequence)})",
            attempt="give one: length=1000, or --length 1000 on the command line",
        )
    if fixed is not None and length not in (None, fixed):
        raise InputError(
            f"the model takes sequences of {fixed} positions, not {length}",
            attempt="leave length out, or give the model's own",
        )
    shape, axis = list(tensor.shape), length_axis(tensor.shape)
    if len(shape) >= min(len(sequence.shape), 3) and shape[axis] is None:
        shape[axis] = fixed or length
    if None in shape[1:]:
        raise ModelError(
            f"the input {tensor.name!r} has no fixed shape: {_shape(tensor)}",
            attempt="fix every axis after the length with keras.Input(shape=...)",
        )
    return tensor_type(tensor, shape)


def _shape(tensor: Any) -> str:
    dims = ("any" if dim is None else str(dim) for dim in tensor.shape[1:])
    return f"({', '.join(('N', *dims))})"


def _whole(
    module: ModuleBuilder,
    model: keras.Model,
    structure: Any,
    names: Sequence[str],
    types: Sequence[TensorType],
) -> Graph:
    """A graph of one opaque node that runs a model without a graph of its own."""
    slots = iter(range(len(names)))
    arguments = keras.tree.map_structure(lambda _: Slot(next(slots)), structure)
    lowering = GraphLowering(module, model, "main", "")
    tripled = zip(names, keras.tree.flatten(structure), types, strict=True)
    names = [lowering.input(name, tensor, type) for name, tensor, type in tripled]
    types = [lowering.builder.values[name].type for name in names]
    call = Call(model, tuple(types), (arguments,), {})
    why = "its call is code of its own, not a graph of layers"
    origin = Origin(model.name, type(model).__name__)
    graph = lowering.builder.finish(lowering.live(call, names, origin, why))
    module.graphs.append(graph)
    return graph


def _output_names(model: keras.Model, graph: Graph) -> tuple[str, ...]:
    """The user's names of the outputs, unique: the keys of a dict, or the output layers' names."""
    functional = functional_graph(model)
    names = list(graph.outputs)
    if functional is not None:
        structure = functional._outputs_struct
        names = list(getattr(model, "output_names", functional.output_names))
        if isinstance(structure, dict):
            # Keras flattens a dict by its sorted keys, as the order of model.outputs shows.
            names = paths(structure)
    unique: list[str] = []
    for name in names:
        count = names[: len(unique)].count(name) + 1
        unique.append(name if count == 1 else f"{name}:{count}")
    return tuple(unique)
