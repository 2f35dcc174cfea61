"""Segment: decide how every node runs, and where locality ends.

Before: an annotated graph. After: each node carries a mode and a segment.

    mode       what happens once a mutation
    reference  nothing: the edit cannot reach it, or no output can see it
    delta      its change is computed on a window
    exit       the change on a window becomes a whole value (global pools, flatten and dense)
    whole      it runs again in full

The first node that is not local on each path carries ``stop``: why locality ends there
(`fastism.passes.stops`). What runs as a unit, and why it ends where it does, stands in
`fastism.passes.boundaries`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from fastism.errors import PassError
from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.windows import Relation, Whole, Window
from fastism.passes.base import Pass
from fastism.passes.boundaries import segments
from fastism.passes.costs import BYTES, PRODUCTS, Rates
from fastism.passes.frontier import cheaper_whole
from fastism.passes.magnitudes import bring_large
from fastism.passes.propagation.exits import EXITS, leaves_behind
from fastism.passes.propagation.rules import runs_on_windows
from fastism.passes.propagation.scaled import scaled
from fastism.passes.registry import register_pass
from fastism.passes.stops import LARGE, MEETS, NAMED, dear, no_rule


@register_pass
@dataclass(frozen=True)
class Segment(Pass):
    """Assign modes, segments and stop reasons.

    stop_layers: layers, by Keras name or path, to compute whole together with all later ones; with
    any, all others stay on windows as long as they can.
    weigh: where no stop layers are named, layers run whole from where that costs less.
    rates: multiply-adds and bytes a second by which that is decided (`fastism.passes.costs`).
    """

    name: ClassVar[str] = "segment"
    requires: ClassVar[tuple[str, ...]] = ("annotated",)
    produces: ClassVar[str | None] = "segmented"

    stop_layers: tuple[str, ...] = ()
    weigh: bool = True
    rates: tuple[float, float] = (PRODUCTS, BYTES)

    def run(self, module: Module) -> Module:
        graph = module.main
        _check_names(graph, self.stop_layers)
        whole = dict.fromkeys(bring_large(module), LARGE)
        decisions = _decide(graph, self.stop_layers, whole)
        if self.weigh and not self.stop_layers:
            rates = Rates(*self.rates)
            modes = {name: mode for name, (mode, _) in decisions.items()}
            dear = {name: _why_dear(graph, name) for name in cheaper_whole(graph, modes, rates)}
            decisions = _decide(graph, (), dear | whole)
        nodes = [
            node.replace(mode=mode, stop=stop)
            for node, (mode, stop) in zip(graph.nodes, decisions.values(), strict=True)
        ]
        graph = graph.replace(nodes=tuple(nodes))
        numbers = segments(graph)
        nodes = [node.replace(segment=numbers[node.name]) for node in graph.nodes]
        return module.with_graphs([graph.replace(nodes=tuple(nodes))])


Decision: TypeAlias = tuple[str, str | None]
"""A mode, and why locality ends there if it does."""


def _decide(
    graph: Graph, stop_layers: tuple[str, ...], whole: Mapping[str, str]
) -> dict[str, Decision]:
    """The decision for every node, in order; ``whole`` says why some are not to run on windows."""
    modes: dict[str, str] = {}
    decisions: dict[str, Decision] = {}
    for node in graph.nodes:
        mode, stop = _mode(graph, node, modes, stop_layers)
        if node.name in whole and mode in ("delta", "exit"):
            mode, stop = "whole", whole[node.name]
        modes.update((value.name, mode) for value in node.results)
        decisions[node.name] = mode, stop
    return decisions


def _why_dear(graph: Graph, name: str) -> str:
    inputs = (graph.values[source] for source in graph.by_name[name].inputs)
    value = max(inputs, key=lambda value: value.window.width)
    width, length = int(value.window.widths.max()), value.type.length
    return dear(width, length)


def _mode(
    graph: Graph, node: Node, modes: dict[str, str], stop_layers: tuple[str, ...]
) -> Decision:
    if all(value.window.is_none for value in node.results):
        return "reference", None
    changed = [i for i, name in enumerate(node.inputs) if not graph.values[name].window.is_none]
    sources = [modes.get(node.inputs[i], "delta") for i in changed]
    local = "delta" in sources
    if any(mode in ("whole", "exit") for mode in sources):
        if all(mode == "exit" for mode in sources) and leaves_behind(graph, node):
            return "exit", None
        named = not node.labels.isdisjoint(stop_layers)
        if local and not named and _leaves_scaled(graph, node, modes, stop_layers):
            return "exit", MEETS
        return "whole", MEETS if local else None
    if not node.labels.isdisjoint(stop_layers):
        return "whole", NAMED
    reached: list[Relation] = [relations(graph, node)[i] for i in changed]
    if all(isinstance(relation, Window) for relation in reached):
        if runs_on_windows(node):
            return "delta", None
        return "whole", no_rule(node.op)
    why = next(relation.why for relation in reached if isinstance(relation, Whole))
    rule = EXITS.get(node.op)
    if rule is not None and rule.applies(graph, node, stop_layers):
        return "exit", why
    return "whole", why


def _leaves_scaled(
    graph: Graph, node: Node, modes: dict[str, str], stop_layers: tuple[str, ...]
) -> bool:
    """Whether a node scales what is on windows by a whole value, and may leave them so."""
    found = scaled(graph, node.results[0].name)
    if found is None or modes.get(found.local, "delta") != "delta":
        return False
    return EXITS[node.op].applies(graph, node, stop_layers)


def _check_names(graph: Graph, stop_layers: tuple[str, ...]) -> None:
    known = frozenset[str]().union(*(node.labels for node in graph.nodes))
    for name in stop_layers:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            raise PassError(
                f"there is no layer {name!r} to stop at",
                why="a stop layer is named by its Keras name, or by its path in a nested model; "
                "one that does nothing at prediction time, as Dropout, is gone",
                attempt=f"did you mean {', '.join(near)}?"
                if near
                else "fastism explain lists them",
            )
