"""Lower one functional graph of Keras, node by node, and the models nested in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy.typing as npt
from keras.src.models.functional import Functional

from fastism.errors import LoweringError, MixingError
from fastism.frontends.keras import handlers  # noqa: F401  (imported to register)
from fastism.frontends.keras.calls.batch_axis import Kept, Order, in_front
from fastism.frontends.keras.calls.call import Call, NotExpressible, calls, refuse, slotted
from fastism.frontends.keras.calls.dtypes import own_type
from fastism.frontends.keras.calls.token_code import renumbered
from fastism.frontends.keras.live.custom import declaration
from fastism.frontends.keras.live.known import known_results
from fastism.frontends.keras.live.masks import makes_mask, reads_mask
from fastism.frontends.keras.lowering.functional import functional_graph
from fastism.frontends.keras.lowering.graph_state import GraphState
from fastism.frontends.keras.lowering.inputs import layer_names
from fastism.frontends.keras.lowering.live_nodes import live_node
from fastism.frontends.keras.lowering.module_builder import ModuleBuilder, Nested
from fastism.frontends.keras.lowering.nested import call_node
from fastism.frontends.keras.lowering.steps import step_nodes
from fastism.frontends.keras.lowering.tokens import mask_step
from fastism.ir.graph import Graph
from fastism.ir.origin import Origin
from fastism.ir.types import TensorType


def lower_main(
    module: ModuleBuilder,
    model: Functional,
    names: Sequence[str],
    types: Sequence[TensorType],
    turned: Collection[str] = (),
) -> Graph:
    """Lower the whole model, and the models nested in it, to graphs of a module.

    names, types: of the model's inputs. turned: those that have their channels in front.

    Raises LoweringError for a layer no graph can hold.
    """
    lowering = _Lowering(GraphState(module, "main", ""), model)
    lowering.run(names, types, turned)
    if len(lowering.outputs) != len(model.outputs):
        raise LoweringError(
            "an output of the model is the same for every input",
            where=f"model {model.name!r}",
            why="it has no batch axis, so it is no prediction for a sequence",
            attempt="build a model of the other outputs: keras.Model(model.inputs, ...)",
        )
    return lowering.state.finish(lowering.outputs)


class _Lowering:
    """Lowers one functional graph."""

    def __init__(self, state: GraphState, model: Functional) -> None:
        self.state = state
        self.model = model
        self.values: dict[int, str] = {}
        """Value names by the id of the Keras tensor."""
        self.known: dict[int, npt.NDArray[Any]] = {}
        """What is the same for every input, likewise."""
        self.orders: dict[int, Order] = {}
        """Those of values that are kept with the batch in front and do not have it there."""
        self.batches = {None, *(tensor.shape[0] for tensor in model.inputs)}

    @property
    def outputs(self) -> list[str]:
        """The values of the model's outputs, but for those that are known."""
        outputs = [id(tensor) for tensor in self.model.outputs]
        return [self.values[each] for each in outputs if each not in self.known]

    def run(
        self, names: Sequence[str], types: Sequence[TensorType], turned: Collection[str] = ()
    ) -> None:
        """Add the inputs, of these names and types, and all nodes."""
        for name, tensor, type in zip(names, self.model.inputs, types, strict=True):
            self.values[id(tensor)] = self.state.input(name, tensor, type, turned=name in turned)
        for node in calls(self.model):
            self._lower(node)
        for tensor in self.model.outputs:
            if id(tensor) in self.orders:
                why = f"an output of the model has the shape {tensor.shape}"
                raise _without_batch(tensor._keras_history, why)

    def _lower(self, node: Any) -> None:
        state = self.state
        kept = self._kept(node)
        operation, outputs = kept.operation, kept.outputs
        first = self.values.get(id(node.arguments.keras_tensors[0]), "")
        given = kept.arguments, state.masks.keywords(node, first)
        leaves = keras.tree.flatten(given)
        tensors = [
            leaf
            for leaf in leaves
            if isinstance(leaf, keras.KerasTensor) and id(leaf) not in self.known
        ]
        inputs = [self.values[id(tensor)] for tensor in tensors]
        if operation is None:
            self.values[id(node.outputs[0])] = inputs[0]
            return
        types = state.types(inputs)
        stated = tuple(own_type(t, type) for t, type in zip(tensors, types, strict=True))
        call = Call(operation, types, *slotted(*given, self.known), stated)
        origin = Origin(state.path + operation.name, type(operation).__name__)
        own = {id(output): tensor for output, tensor in zip(outputs, node.outputs, strict=True)}
        call, outputs = self._without_known(call, origin, outputs)
        if not outputs:
            return
        try:
            results = self._expressed(call, inputs, origin, outputs)
        except NotExpressible as reason:
            results = live_node(state, call, inputs, origin, str(reason))
        for output, name in zip(outputs, results, strict=True):
            tensor = own[id(output)]
            self.values[id(tensor)] = name
            state.masks.note(tensor, name, inputs)
        if len(inputs) == 1 and inputs[0] in state.one_hot:
            rows = self.state.builder.values[state.one_hot[inputs[0]]].type
            made = renumbered(call, rows.channels)
            if made is not None:
                state.translate(inputs[0], made, results[0])

    def _kept(self, node: Any) -> Kept:
        """The call of a node on values that have the batch in front. Raises LoweringError."""
        if all(id(tensor) in self.known for tensor in node.arguments.keras_tensors):
            return Kept(node.operation, node.arguments.args, node.outputs)
        try:
            return in_front(node, self.orders)
        except NotExpressible as reason:
            raise _without_batch(node, str(reason)) from None

    def _without_known(
        self, call: Call, origin: Origin, outputs: Sequence[Any]
    ) -> tuple[Call, Sequence[Any]]:
        """A call that keeps the results which have a batch axis, and these.

        The others must be the same for every input, and are noted. Raises LoweringError.
        """
        kept = [
            index
            for index, output in enumerate(outputs)
            if call.types and output.shape and output.shape[0] in self.batches
        ]
        if len(kept) == len(outputs):
            return call, outputs
        free = tuple(index for index in range(len(outputs)) if index not in kept)
        where = f"layer {origin.layer!r} ({origin.kind})"
        values = known_results(replace(call, kept=free), where)
        known = {i: value for i, value in zip(free, values, strict=True) if value is not None}
        if not known:
            return call, outputs
        self.known.update((id(outputs[index]), value) for index, value in known.items())
        kept = [index for index in range(len(outputs)) if index not in known]
        return replace(call, kept=tuple(kept)), [outputs[index] for index in kept]

    def _expressed(
        self, call: Call, inputs: list[str], origin: Origin, outputs: Sequence[Any]
    ) -> Sequence[str]:
        """Add the nodes of a call the IR can express; raises NotExpressible for another."""
        if self.state.masks.given(inputs) and reads_mask(call):
            refuse("it may read the mask of what it is given")
        inner = functional_graph(call.operation)
        if declaration(call.operation) is not None:
            refuse("its user registered it")
        if inner is not None:
            path = f"{origin.layer}/"

            def lower(name: str, types: Sequence[TensorType]) -> Nested:
                return _nested(GraphState(self.state.module, name, path), inner, types)

            return call_node(self.state, call, inner, inputs, origin, lower)
        if makes_mask(call.operation) and mask_step(call) is None:
            refuse("it may give its result a mask")
        return step_nodes(self.state, call, inputs, origin, outputs)


def _without_batch(node: Any, why: str) -> MixingError:
    operation = node.operation
    return MixingError(
        "a layer mixes the sequences of a batch",
        where=f"layer {operation.name!r} ({type(operation).__name__})",
        why=why,
        attempt="keep the batch as the first axis of every value that depends on the sequences",
    )


def _nested(state: GraphState, model: Functional, types: Sequence[TensorType]) -> Nested:
    """The graph of a nested model, which returns the masks of its outputs as well, behind them."""
    lowering = _Lowering(state, model)
    lowering.run(layer_names(model.inputs), types)
    outputs, masks = lowering.outputs, state.masks.given(lowering.outputs)
    return state.finish([*outputs, *masks.values()]), tuple(masks)
