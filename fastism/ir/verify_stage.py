"""What single stages ask beyond well-formedness: legal ops, origins, calls, segments, the split."""

from __future__ import annotations

from collections.abc import Iterable

from fastism.errors import did_you_mean
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.ops.registry import definition
from fastism.ir.place import Place, twice
from fastism.ir.program import (
    EDIT,
    INDICES,
    INTOUT,
    PROPAGATE,
    Chunks,
    check_sites,
    graph_heads,
    model_heads,
)
from fastism.ir.stages import MODES, reached, stage
from fastism.ir.types import TensorType

_MODES = f"the modes are {', '.join(MODES)}"


def check_op(at: Place) -> None:
    """The op is legal at the module's stage, and the node is as the stage asks."""
    node, module = at.node, at.module
    assert node is not None
    if node.mode is not None and node.mode not in MODES:
        attempt = did_you_mean(node.mode, MODES)
        at.refuse(f"has the mode {node.mode!r}", _MODES, attempt, part="mode")
    row, kind = stage(module.stage), definition(node.op).stages
    propagates = bool(row.propagation) and at.graph is not module.main
    legal = row.propagation if propagates else row.ops
    if kind not in legal:
        place = "a propagation graph" if propagates else "the model's graph"
        why = f"it is of kind {kind}; {place} holds {' and '.join(sorted(legal))} ops there"
        at.refuse(f"is a {node.op}, which is not legal at stage {module.stage}", why)
    if not reached(module.stage, "canonical"):
        return
    if node.attributes.get("activation", "linear") != "linear":
        at.refuse("has its activation fused", "from canonical on, activations are their own nodes")
    if node.op == "dense" and at.graph.values[node.inputs[0]].type.rank == 3:
        why = "from canonical on, dense over positions is a width-1 convolution"
        at.refuse("is a dense over positions", why)


def check_origins(module: Module) -> None:
    for graph in module.graphs:
        for node in graph.nodes:
            if node.origin is None:
                why = "an imported node says which layer it comes from"
                Place(module, graph, node).refuse("has no origin", why)


def check_calls(module: Module) -> None:
    """A call names a graph, agrees with its signature, and no graph calls itself."""
    import networkx as nx

    calls = nx.DiGraph()
    for graph in module.graphs:
        for node in graph.nodes:
            if node.op != "call":
                continue
            at, callee = Place(module, graph, node), module.graph.get(str(node["graph"]))
            if callee is None:
                at.refuse(f"calls @{node['graph']}", "the module has no graph of that name")
            taken = tuple(value.type for value in callee.inputs)
            returned = callee.types(callee.outputs)
            signature = f"@{callee.name}{_listed(taken)} -> {_listed(returned)}"
            stated = tuple(value.type for value in node.results)
            if (graph.types(node.inputs), stated) != (taken, returned):
                at.refuse("does not fit the graph it calls", f"the graph is {signature}")
            calls.add_edge(graph.name, callee.name)
            if nx.has_path(calls, callee.name, graph.name):
                at.refuse("calls back", f"@{callee.name} leads to @{graph.name} again")


def _listed(types: Iterable[TensorType]) -> str:
    return f"({', '.join(map(str, types))})"


def check_segments(module: Module) -> None:
    """Every node is in a segment, in a mode; where locality ends, and only there, it says why."""
    graph = module.main
    local = {module.seq_input}
    for node in graph.nodes:
        at = Place(module, graph, node)
        if node.segment is None:
            at.refuse("is in no segment", "every node is in exactly one")
        if node.mode is None:
            at.refuse("has the mode None", _MODES)
        if node.mode == "delta":
            local.update(value.name for value in node.results)
        ends = node.mode in ("exit", "whole") and any(name in local for name in node.inputs)
        if ends and not node.stop:
            at.refuse(
                "ends locality and does not say why", "it reads a delta; its stop is not given"
            )
        if node.stop is not None and node.mode not in ("exit", "whole"):
            why = f"in mode {node.mode} it does not end locality"
            at.refuse("has a stop", why, part="stop")


def check_split(module: Module) -> None:
    """The graphs of a split module meet name for name, type for type.

    First comes ``intout``, which returns the model's outputs, listed in its attribute ``heads``,
    and then the saved values, each once. Any number of graphs named ``propagate...`` follow. Each
    takes ``item/sequence`` and ``item/site`` (i32[P]) and ``item/edit`` (batch axis M), and apart
    from these only values that intout returns, under the same name with the same type. It returns,
    with batch axis M, the outputs its own ``heads`` number, for the sites its constant ``sites``
    lists. Every saved value is read by some propagation graph. Raises VerifyError.
    """
    intout = module.main
    at = Place(module, intout)
    if intout.name != INTOUT:
        at.refuse("comes first", f"a split module is @{INTOUT}, then @{PROPAGATE}... graphs")
    if (name := twice(intout.outputs)) is not None:
        at.refuse(f"returns %{name} twice", "a value is saved once", part="outputs")
    heads = model_heads(module)
    if len(heads) != len(module.outputs):
        why = f"the module names {len(module.outputs)} outputs"
        at.refuse(f"has {len(heads)} heads", why, part="heads")
    first = tuple(dict.fromkeys(heads))
    if intout.outputs[: len(first)] != first:
        why = f"the heads are {', '.join(first)}"
        at.refuse("does not return its heads first", why, part="outputs")
    read: set[str] = set()
    for graph in module.graphs[1:]:
        read.update(_check_propagation(module, graph, heads))
    for name in intout.outputs[len(first) :]:
        if name not in read:
            at.refuse(f"saves %{name}", "no propagation graph reads it", part="outputs")


def _check_propagation(module: Module, graph: Graph, model: tuple[str, ...]) -> tuple[str, ...]:
    """Check one propagation graph; returns the values it takes from the intout graph."""
    at, intout = Place(module, graph), module.main
    if not graph.name.startswith(PROPAGATE):
        at.refuse("is neither half of a split", f"name it @{PROPAGATE} and a suffix")
    inputs = {value.name: value.type for value in graph.inputs}
    for name in INDICES:
        if inputs.pop(name, None) != TensorType("i32", ("P",)):
            at.refuse(f"does not take %{name}", "it is an input, of type i32[P]")
    edit = inputs.pop(EDIT, None)
    if edit is None or edit.shape[:1] != ("M",):
        at.refuse(f"does not take %{EDIT}", "it is an input, with batch axis M")
    for name, type in inputs.items():
        if name not in intout.outputs:
            at.refuse(f"reads %{name}", f"@{INTOUT} does not return it")
        if type != intout.values[name].type:
            why = f"@{INTOUT} returns it as {intout.values[name].type}"
            at.refuse(f"reads %{name}: {type}", why)
    heads = graph_heads(module, graph, len(model))
    expected = [intout.values[model[head]].type.with_batch("M") for head in heads]
    returned = list(graph.types(graph.outputs))
    if returned != expected:
        why = f"its heads are {_listed(expected)}"
        at.refuse(f"returns {_listed(returned)}", why, part="outputs")
    check_sites(module, graph)
    if module.stage == "scheduled":
        Chunks.of(at)
    return tuple(inputs)
