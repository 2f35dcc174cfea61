"""What a model takes: the structure of its inputs, their names, and their types in the IR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from fastism.errors import InputError, ModelError
from fastism.frontends.keras.calls.call import calls
from fastism.frontends.keras.calls.dtypes import element_type
from fastism.frontends.keras.lowering.functional import functional_graph, paths
from fastism.frontends.keras.lowering.sequences import holds_sequences, is_unclear, length_axis
from fastism.ir.types import SHORT_DTYPES, TensorType

_SIGNED = {"bool": "i8", "u8": "i16", "u16": "i32", "u32": "i64", "u64": "i64"}
"""Element types that cannot hold a change, which may be below zero, and those that can."""


def tensor_type(tensor: keras.KerasTensor, shape: Sequence[Any]) -> TensorType:
    """The type of a Keras tensor with its shape filled in. Raises ModelError for odd elements."""
    dtype = element_type(tensor.dtype)
    if dtype is None:
        raise ModelError(
            f"the input {tensor.name!r} holds {tensor.dtype} elements",
            attempt=f"build the model with one of {', '.join(SHORT_DTYPES)}",
        )
    return TensorType(_SIGNED.get(dtype, dtype), ("N", *shape[1:]))


def refuse_text(model: keras.Model, inputs: Sequence[Any], names: Sequence[str]) -> None:
    """Raise ModelError for an input of strings, which a layer of the model turns into numbers."""
    for tensor, name in zip(inputs, names, strict=True):
        if keras.backend.standardize_dtype(tensor.dtype) != "string":
            continue
        graph = functional_graph(model)
        readers = [
            node.operation.name
            for node in (calls(graph) if graph is not None else ())
            if any(each is tensor for each in node.arguments.keras_tensors)
        ]
        layer = readers[0] if readers else "string_lookup"
        raise ModelError(
            f"the input {name!r} holds text",
            why="fastism edits one-hot rows or token numbers, and passes numbers on beside them",
            attempt="a model over the numbers that a layer makes of the text: "
            f"keras.Model([..., model.get_layer({layer!r}).output], model.outputs)",
        )


def layer_names(inputs: Sequence[Any]) -> list[str]:
    """The names of the layers behind a model's inputs; of the tensors, where it has no graph."""
    histories = [getattr(tensor, "_keras_history", None) for tensor in inputs]
    return [
        str(history.operation.name if history else tensor.name)
        for tensor, history in zip(inputs, histories, strict=True)
    ]


def inputs_structure(model: keras.Model) -> Any:
    """The symbolic inputs of a model, as the list or dict of them that it takes.

    Raises ModelError for a model without a graph that was never called.
    """
    functional = functional_graph(model)
    return functional._inputs_struct if functional is not None else _built_for(model)


def input_names(structure: Any, inputs: Sequence[Any]) -> list[str]:
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


def edited_input(
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
            else "fastism takes models over one-hot sequences of shape (N, L, C); for one over "
            "token numbers (N, L) that no Embedding layer counts, name them all: "
            "alternatives=[0, 1, 2, 3, 4]",
        )
    return seq_input


def positions(tensor: Any, length: int | None, *, front: bool) -> tuple[int, int]:
    """The axis of an input that holds the positions of the sequence, and how many there are.

    front: what reads it takes the channels to come first. Raises ModelError where it cannot be
    told, InputError for a ``length`` that the model cannot have.
    """
    if is_unclear(tensor.shape, length, front=front):
        few, many = ("any" if extent is None else extent for extent in tensor.shape[1:])
        known = f"length={many} or length={few}" if many != "any" else "length=1000, for letters"
        raise ModelError(
            f"the input {tensor.name!r} may hold its positions on either axis",
            why=f"its shape is {_shape(tensor)}: {few} positions of {many} channels, or {few} "
            f"letters at {many} positions",
            attempt=f"{known} (--length on the command line) says which",
        )
    axis = length_axis(tensor.shape, length, front=front)
    fixed = tensor.shape[axis]
    if length is not None and length < 1:
        raise InputError(f"length must be at least 1, not {length}")
    if fixed is None and length is None:
        raise InputError(
            f"the model takes sequences of any length, and none was given ({_shape(tensor)})",
            attempt="give one: length=1000, or --length 1000 on the command line",
        )
    if fixed is not None and length not in (None, fixed):
        raise InputError(
            f"the model takes sequences of {fixed} positions, not {length}",
            attempt="leave length out, or give the model's own",
        )
    return axis, int(fixed or length or 0)


def input_type(tensor: Any, sequence: Any, length: int) -> TensorType:
    """The type of an input, a free axis as long as the sequence. Raises ModelError for others."""
    shape = list(tensor.shape)
    if len(shape) >= min(len(sequence.shape), 3):
        axis = length_axis(shape)
        shape[axis] = shape[axis] or length
    if None in shape[1:]:
        raise ModelError(
            f"the input {tensor.name!r} has no fixed shape: {_shape(tensor)}",
            attempt="fix every axis after the length with keras.Input(shape=...)",
        )
    return tensor_type(tensor, shape)


def _shape(tensor: Any) -> str:
    dims = ("any" if dim is None else str(dim) for dim in tensor.shape[1:])
    return f"({', '.join(('N', *dims))})"


def is_turned(model: Any, tensor: Any) -> bool:
    """Whether what reads an input takes its channels to come first, or turns them to come last."""
    readers = [
        node.operation
        for node in calls(model)
        if any(tensor is each for each in node.arguments.keras_tensors)
    ]
    return bool(readers) and all(
        getattr(reader, "data_format", None) == "channels_first"
        or getattr(reader, "dims", None) == (2, 1)  # Permute
        for reader in readers
    )
