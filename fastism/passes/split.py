"""Split: one graph that runs once a sequence, and one (a group of sites) that runs once a mutation.

Before (segmented):                       After (split):
    %conv : f32[N,600,8] = conv1d(%seq)       @intout(%seq) returns %out, %conv (saved)
    %relu : f32[N,600,8] = relu(%conv)        @propagate0(%item/edit, ..., %conv)
    %out  : f32[N,8] = global_average_pool      %conv.spread = conv1d_spread(%item/edit)
                                                %conv.reference = window(%conv, ...)
                                                %conv.value = add_reference(...) ...

The propagation graphs read the reference through saved activations only; those are outputs of the
intout graph, name for name. Sites that cannot change any output are in no group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Constant, Module
from fastism.ir.program import INTOUT, PROPAGATE
from fastism.ir.ranges import IntArray
from fastism.passes.base import Pass
from fastism.passes.propagation.graph import Propagated, effective_sites, propagation_graph, windows
from fastism.passes.propagation.groups import site_groups
from fastism.passes.propagation.mutated import MutatedValues
from fastism.passes.registry import register_pass


@register_pass
@dataclass(frozen=True)
class Split(Pass):
    """Make the intout graph and the propagation graphs.

    groups: at most so many propagation graphs, each for sites whose windows are of like width.
    """

    name: ClassVar[str] = "split"
    requires: ClassVar[tuple[str, ...]] = ("segmented",)
    produces: ClassVar[str | None] = "split"

    groups: int = 6

    def run(self, module: Module) -> Module:
        constants: dict[str, Constant] = dict(module.constants)
        sites = effective_sites(module)
        made: list[Propagated] = []
        mutated = MutatedValues.of(module.main)
        for index, group in enumerate(self._grouped(module, sites)):
            made.append(propagation_graph(module, f"{PROPAGATE}{index}", group, constants, mutated))
        intout = _intout(module.main, made)
        result = module.replace(graphs=(intout, *(p.graph for p in made)), constants=constants)
        return result.used_constants()

    def _grouped(self, module: Module, sites: IntArray) -> list[IntArray]:
        followed = {name: range_.take(sites) for name, range_ in windows(module).items()}
        if not len(sites):
            return []
        return [sites[group] for group in site_groups(module.main, followed, self.groups)]


def _intout(source: Graph, made: list[Propagated]) -> Graph:
    """The source graph with the saved activations among its outputs."""
    derived = {name: node for p in made for name, node in p.derived.items()}
    saved = dict.fromkeys(name for p in made for name in p.saved)
    nodes = [*map(_plain, source.nodes), *derived.values()]
    inputs = tuple(Value(value.name, value.type) for value in source.inputs)
    outputs = tuple(dict.fromkeys((*source.outputs, *saved)))
    graph = Graph(INTOUT, inputs, tuple(nodes), outputs, {"heads": source.outputs})
    return graph.prune()


def _plain(node: Node) -> Node:
    results = tuple(replace(value, change=None, need=None) for value in node.results)
    return node.replace(results=results, segment=None, mode=None, stop=None)
