"""Write the propagation graph of one group of sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Constant, Module
from fastism.ir.ranges import IntArray, Range
from fastism.ir.types import TensorType
from fastism.passes.propagation import rules
from fastism.passes.propagation.demands import choose_layouts
from fastism.passes.propagation.exits import EXITS
from fastism.passes.propagation.layout import Layout
from fastism.passes.propagation.mutated import MutatedValues
from fastism.passes.propagation.state import Propagation


@dataclass(frozen=True)
class Propagated:
    """A propagation graph and what it asks of the intout graph: values, and nodes for more."""

    graph: Graph
    saved: dict[str, TensorType]
    derived: dict[str, Node]


def windows(module: Module) -> dict[str, Range]:
    """change ∩ need of every value that is followed on windows, over all sites."""
    graph = module.main
    followed = {v.name for node in graph.nodes if node.mode == "delta" for v in node.results}
    return {name: graph.values[name].window for name in (module.seq_input, *sorted(followed))}


def effective_sites(module: Module) -> IntArray:
    """The sites whose edit can change some output."""
    graph = module.main
    assert module.sites is not None
    effective = np.zeros(len(module.sites), dtype=bool)
    for name in graph.outputs:
        effective |= graph.values[name].window.occupied
    return np.flatnonzero(effective).astype(np.int64)


def propagation_graph(
    module: Module,
    name: str,
    sites: IntArray,
    constants: dict[str, Constant],
    mutated: MutatedValues,
) -> Propagated:
    """From the edit to the outputs, for the sites at the given indices.

    ``constants`` receives the site tables; ``mutated`` is that of the module's graph. The graph's
    attribute ``heads`` lists which of the model's outputs it returns, its constant ``sites`` the
    sites it is for.
    """
    assert module.sites is not None
    graph = module.main
    tight = {
        key: range_.take(sites)
        for key, range_ in windows(module).items()
        if not range_.take(sites).is_none
    }
    layouts = choose_layouts(graph, tight)
    layouts[module.seq_input] = (Layout(module.sites.array[sites], module.sites.width),)
    state = Propagation(name, module, constants, tight, layouts, sites, mutated)
    for node in graph.nodes:
        _propagate(state, node)
    heads = [
        i for i, out in enumerate(graph.outputs) if not graph.values[out].window.take(sites).is_none
    ]
    outputs = [state.whole(graph.outputs[index]) for index in heads]
    draft = state.draft
    table = draft.builder.constant(f"{name}/sites", sites.astype(np.int32))
    finished = draft.builder.finish(outputs).prune()
    finished = finished.replace(attributes={"heads": tuple(heads)}, constants=(("sites", table),))
    used = {source for node in finished.nodes for source in node.inputs} | set(finished.outputs)
    saved = {key: type_ for key, type_ in draft.saved.items() if key in used}
    kept = [v for v in finished.inputs if v.name in used or v.name not in draft.saved]
    derived = {key: node for key, node in draft.derived.items() if key in saved}
    return Propagated(finished.replace(inputs=tuple(kept)), saved, derived)


def _propagate(state: Propagation, node: Node) -> None:
    if all(value.window.take(state.sites).is_none for value in node.results):
        return
    if node.mode == "delta":
        rules.apply(state, node)
    elif node.mode == "exit":
        EXITS[node.op].write(state, node)
    else:
        inputs = [state.whole(source) for source in node.inputs]
        state.draft.copy(node, inputs, f"{node.name}.whole")
        for value, result in zip(node.results, state.draft.builder.last.results, strict=True):
            state.leave_whole(value.name, result.name)
