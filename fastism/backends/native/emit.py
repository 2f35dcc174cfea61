"""Emit a module: the reference by TensorFlow, propagation by native loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastism.backends import reference, tensorflow
from fastism.backends.native.frames import Ints
from fastism.backends.native.loops import Foreign, loops_of
from fastism.backends.native.machine import Machine, host
from fastism.backends.native.program import Native, NativeThroughout
from fastism.backends.native.support import PLAIN
from fastism.ir.graph import Graph, Value
from fastism.ir.module import Module
from fastism.ir.program import INTOUT, group_indices

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def emit(
    module: Module, opaque: Mapping[str, Callable[..., Sequence[Any]]]
) -> Mapping[str, Function]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    What has no native form runs in TensorFlow. Raises LoweringError for an op that has no form
    there either.
    """
    names = [graph.name for graph in module.graphs]
    return {**tensorflow.emit(module, opaque), **emit_graphs(module, names, opaque)}


def emit_graphs(
    module: Module, names: Sequence[str], opaque: Mapping[str, Callable[..., Sequence[Any]]]
) -> dict[str, Function]:
    """Those of some graphs that have native loops, as functions; never that of the reference."""
    result: dict[str, Function] = {}
    for name in names:
        if name != INTOUT:
            function = native_graph(module, _of_items(module.graph[name]), opaque, host())
            if function is not None:
                result[name] = function
    return result


def _of_items(graph: Graph) -> Graph:
    """A graph whose only batch axis is N as one over items: it does not tell them apart."""
    if any(value.type.shape[:1] != ("N",) for value in graph.values.values()):
        return graph

    def item(value: Value) -> Value:
        return replace(value, type=value.type.with_batch("M"))

    nodes = tuple(node.replace(results=tuple(map(item, node.results))) for node in graph.nodes)
    return graph.replace(inputs=tuple(map(item, graph.inputs)), nodes=nodes)


def native_graph(
    module: Module,
    graph: Graph,
    opaque: Mapping[str, Callable[..., Sequence[Any]]],
    machine: Machine,
    *,
    skip: bool = True,
    block: int | None = None,
    tally: bool = False,
) -> Function | None:
    """A graph with native loops; None for one that has none, or is not over items.

    skip: leave out the products with zero. block: tiles that go through all loops together; as
    many as the cache is taken to hold if None. tally: count the channels that
    `Native.multiplied`. None of these changes a bit.
    """
    if not any(value.type.shape[0] == "M" for value in graph.inputs):
        return None
    loops = loops_of(module, graph)
    if all(isinstance(phase, Foreign) for phase in loops.phases):
        return None

    def foreign(part: Graph) -> Function:
        alone = module.with_graphs([part])
        if _plain(part):
            return reference.emit(alone, opaque)[part.name]
        return tensorflow.emit(alone, opaque)[part.name]

    positions = _positions(module, graph)
    others = [phase.graph for phase in loops.phases if isinstance(phase, Foreign)]
    throughout = all(map(_plain, others))
    kind = NativeThroughout if throughout else Native
    return kind(module, loops, positions, machine, foreign, skip=skip, block=block, tally=tally)


def _plain(graph: Graph) -> bool:
    """Whether numpy runs a graph as well as anything does."""
    return all(node.op in PLAIN for node in graph.nodes)


def _positions(module: Module, graph: Graph) -> Ints:
    """Where each of a graph's sites is; all at one place if it is for none."""
    if module.sites is None or not graph.constants:
        rows = [len(module.content(name)) for node in graph.nodes for _, name in node.constants]
        return np.zeros(max(rows, default=1), np.int64)
    return np.asarray(module.sites.array[group_indices(module, graph)], np.int64)
