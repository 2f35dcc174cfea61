"""Lower a Keras model to a module in its imported stage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import keras

from fastism.errors import LoweringError, MixingError, ModelError
from fastism.frontends.base import Lowered
from fastism.frontends.keras.lowering.functional import (
    functional_graph,
    numbered,
    output_names,
)
from fastism.frontends.keras.lowering.graph_state import GraphState
from fastism.frontends.keras.lowering.graphs import lower_main
from fastism.frontends.keras.lowering.inputs import (
    edited_input,
    input_names,
    input_type,
    inputs_structure,
    is_turned,
    layer_names,
    positions,
    refuse_text,
)
from fastism.frontends.keras.lowering.live_nodes import live_node
from fastism.frontends.keras.lowering.module_builder import ModuleBuilder
from fastism.frontends.keras.lowering.sequences import has_channels_first, sequence_type
from fastism.frontends.keras.lowering.subclassed import recorded_graph, whole_call
from fastism.frontends.keras.lowering.tokens import vocabulary
from fastism.ir.graph import Graph, Value
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Module
from fastism.ir.origin import Origin
from fastism.ir.types import TensorType


def lower(
    model: keras.Model,
    *,
    length: int | None = None,
    seq_input: int | str = 0,
    name: str = "",
    sha256: str = "",
    tokens: int | None = None,
) -> Lowered:
    """Lower a model of inputs (N, L, C) to the imported stage: one graph, and one a nested model.

    The edited input may hold token numbers, (N, L), for embeddings: in the module it is one-hot.

    length: positions of the sequence input, for a model built for any; other inputs without a
        fixed axis 1 get the same.
    seq_input: the input that will be edited, by position or name.
    name, sha256: the model file's, kept in the module; the Keras model's name if empty.
    tokens: how many token numbers there are, for an edited input (N, L) where the model does not
        say: none of its layers that counts them reads it through operations that are followed.

    Raises ModelError if the model has no inputs yet or is not over sequences, InputError if
    ``length`` or ``seq_input`` do not fit it, LoweringError for a layer no graph can hold.
    """
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"{type(model).__name__} is no Keras model", attempt="a keras.Model, or the path of one"
        )
    structure = inputs_structure(model)
    inputs = list(keras.tree.flatten(structure))
    names = input_names(structure, inputs)
    refuse_text(model, inputs, names)
    functional = functional_graph(model)
    read = functional or recorded_graph(model, structure, length)
    counts = [
        (vocabulary(read, own) if read else None) or tokens if len(own.shape) == 2 else None
        for own in (read.inputs if read else inputs)
    ]
    edited = edited_input(inputs, names, counts, seq_input)
    sequence = inputs[edited]
    front = functional is not None and is_turned(functional, sequence)
    axis, count = positions(sequence, length, front=front)
    types = [input_type(tensor, sequence, count) for tensor in inputs]
    rows, turned = counts[edited], False
    if rows is None:
        turned = has_channels_first(sequence.shape, axis)
        types[edited] = sequence_type(types[edited], axis)
    else:
        types[edited] = TensorType("f32", (*types[edited].shape, rows))
    in_front = {names[edited]} if turned else set[str]()
    builder, graph = _graph(model, read, structure, names, types, in_front)
    builder.main(graph)
    taken = _model_inputs(inputs, graph, layered=functional is not None)
    module = Module(
        stage="imported",
        graphs=tuple(builder.graphs),
        constants=builder.constants,
        seq_input=graph.inputs[edited].name,
        inputs=_with_turned(taken, graph.inputs[edited], sequence, count) if turned else taken,
        outputs=_output_names(model, graph),
        model=name or model.name,
        sha256=sha256,
    )
    return Lowered(module, builder.opaque)


def _graph(
    model: keras.Model,
    read: keras.Function | None,
    structure: Any,
    names: Sequence[str],
    types: Sequence[TensorType],
    turned: Collection[str],
) -> tuple[ModuleBuilder, Graph]:
    """The graph of the layers that a model runs, or else of one node that runs the model.

    read: those layers, None where they are not known. A model may keep sequences apart of which a
    layer does not: it joins both strands along the batch, and parts them again.
    """
    builder = ModuleBuilder()
    if read is None:
        why = "its call is code of its own, not a graph of layers"
        return builder, _whole(builder, model, structure, names, types, turned, why)
    try:
        return builder, lower_main(builder, read, names, types, turned)
    except MixingError as error:
        builder = ModuleBuilder()
        why = f"its layers cannot be run one by one: {error.where}, {error.why}"
        try:
            graph = _whole(builder, model, structure, names, types, turned, why, any_numbers=True)
            return builder, graph
        except LoweringError:  # nor can all of them
            raise error from None


def _whole(
    module: ModuleBuilder,
    model: keras.Model,
    structure: Any,
    names: Sequence[str],
    types: Sequence[TensorType],
    turned: Collection[str],
    why: str,
    *,
    any_numbers: bool = False,
) -> Graph:
    """A graph of one opaque node that runs a model.

    turned: the inputs that have their channels in front. why: what keeps it whole. any_numbers: it
    must keep any numbers apart: of one-hot rows alone, a mean over the batch is always the same.
    """
    state = GraphState(module, "main", "")
    tripled = zip(names, keras.tree.flatten(structure), types, strict=True)
    inputs = [
        state.input(name, tensor, type, turned=name in turned) for name, tensor, type in tripled
    ]
    if any_numbers:
        state.rows.clear()
    call = whole_call(model, structure, state.types(inputs))
    origin = Origin(model.name, type(model).__name__)
    return state.finish(live_node(state, call, inputs, origin, why))


def _model_inputs(tensors: Sequence[Any], graph: Graph, *, layered: bool) -> tuple[ModelInput, ...]:
    """The inputs that a model takes otherwise than its graph has them.

    tensors: the symbolic inputs. layered: they come from layers with names of their own.
    """
    found = []
    for tensor, layer, value in zip(tensors, layer_names(tensors), graph.inputs, strict=True):
        usual = ModelInput.plain(value.name, value.type)
        own, extents = tensor.shape[1:], usual.shape
        tokens = len(own) < len(extents)
        given = replace(
            usual,
            shape=extents[:1] if tokens else _own_shape(own, extents),
            tokens=tokens,
            layer=layer if layered and layer != value.name else "",
        )
        if given != usual:
            found.append(given)
    return tuple(found)


def _with_turned(
    taken: Sequence[ModelInput], value: Value, tensor: Any, length: int
) -> tuple[ModelInput, ...]:
    """The same, where the edited input has its channels in front in the model."""
    shape = tuple(length if extent is None else int(extent) for extent in tensor.shape[1:])
    usual = ModelInput.plain(value.name, value.type)
    known = next((given for given in taken if given.name == value.name), usual)
    others = [given for given in taken if given.name != value.name]
    return (*others, replace(known, shape=shape, turned=True))


def _own_shape(own: Sequence[int | None], extents: Sequence[int]) -> tuple[int, ...]:
    """A model's own shape, its free axes filled in, of an input with these extents."""
    if len(own) == len(extents):
        return tuple(extents)
    known = prod(extent for extent in own if extent is not None)
    return tuple(prod(extents) // known if extent is None else int(extent) for extent in own)


def _output_names(model: keras.Model, graph: Graph) -> tuple[str, ...]:
    """The user's names of the outputs; for a model that has none, its own or those of the graph."""
    if functional_graph(model) is not None:
        return tuple(output_names(model))
    return tuple(numbered(graph.outputs if len(graph.outputs) > 1 else [model.name]))
