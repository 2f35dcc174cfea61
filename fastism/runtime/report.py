"""What a compiled module costs, segment by segment, and where locality ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import Group, Program
from fastism.ir.ways import Way


@dataclass(frozen=True)
class SegmentRow:
    """One segment: its layers, how it runs, and multiply-adds an item.

    window: positions computed, of ``length``; None where the segment runs whole. whole_macs is the
    cost of running its layers in full, window_macs of recomputing the window with its flanks,
    delta_macs of what is done (averaged over the groups' sites).
    """

    segment: int
    layers: tuple[str, ...]
    mode: str
    window: int | None
    length: int
    whole_macs: int
    window_macs: int
    delta_macs: int
    stop: str | None


@dataclass(frozen=True)
class GraphRow:
    """A propagation graph: how many sites it is for, and the ways there are to run it.

    live: the share of its multiply-adds that are not with zero; None where nobody counted.
    ways: the one that it runs by first; none where its backend has but one. no_choice: why the
    backend could not choose, if so.
    """

    graph: str
    sites: int
    live: float | None
    ways: tuple[Way, ...]
    no_choice: str | None


@dataclass(frozen=True)
class Summary:
    """Totals over all segments, and the layers at which locality ends, with the reason.

    predicted_seconds: an item's, by the cost model. measured_seconds: as timed when the plan was
    tuned; None if it was not. graphs: how each propagation graph runs, and why.
    """

    total_whole_macs: int
    total_item_macs: int
    ends: tuple[tuple[str, str], ...]
    predicted_seconds: float
    measured_seconds: float | None
    graphs: tuple[GraphRow, ...]

    @property
    def predicted_speedup(self) -> float:
        """Multiply-adds of the whole model over those of an item."""
        return self.total_whole_macs / max(self.total_item_macs, 1)


def item_macs(group: Group) -> Mapping[str, float]:
    """Multiply-adds an item by the source node they are for, at the sites of one group."""
    costs: dict[str, float] = {}
    graph = group.graph
    for node in graph.nodes:
        macs = definition(node.op).macs(node, graph.types(node.inputs))
        shared = 1 if node.results[0].type.shape[0] == "M" else group.alternatives
        source = node.name.rpartition(".")[0]
        costs[source] = costs.get(source, 0.0) + macs / shared
    return costs


def segment_rows(stages: Sequence[Module]) -> list[SegmentRow]:
    """One row a segment, in order; ``stages`` as `Plan.stages` holds them."""
    segmented, scheduled = _stages(stages)
    done = average_macs(scheduled)
    segments: dict[int, list[Node]] = {}
    for node in segmented.main.nodes:
        segments.setdefault(node.segment or 0, []).append(node)
    return [_row(segmented.main, index, nodes, done) for index, nodes in sorted(segments.items())]


def summary(stages: Sequence[Module]) -> Summary:
    """Totals, and where locality ends."""
    segmented, scheduled = _stages(stages)
    rows = segment_rows(stages)
    return Summary(
        total_whole_macs=sum(row.whole_macs for row in rows),
        total_item_macs=sum(row.delta_macs for row in rows),
        ends=tuple((_layer(node), node.stop) for node in segmented.main.nodes if node.stop),
        predicted_seconds=_average(scheduled, lambda group: group.predicted_seconds) or 0.0,
        measured_seconds=_average(scheduled, lambda group: group.measured_seconds),
        graphs=tuple(
            GraphRow(group.graph.name, len(group.sites), group.live, group.ways, group.no_choice)
            for group in Program.of(scheduled).groups
        ),
    )


def _average(scheduled: Module, seconds: Callable[[Group], float | None]) -> float | None:
    """Seconds an item averaged over the sites; None where some group does not say."""
    total = 0.0
    for group, share in _shares(scheduled):
        spent = seconds(group)
        if spent is None:
            return None
        total += spent * share
    return total


def _stages(stages: Sequence[Module]) -> tuple[Module, Module]:
    (segmented,) = [module for module in stages if module.stage == "segmented"][-1:]
    return segmented, stages[-1]


def average_macs(scheduled: Module) -> dict[str, float]:
    """Multiply-adds an item by source node, averaged over all sites (also those without effect)."""
    total: dict[str, float] = {}
    for group, share in _shares(scheduled):
        for source, macs in item_macs(group).items():
            total[source] = total.get(source, 0.0) + macs * share
    return total


def _shares(scheduled: Module) -> Iterator[tuple[Group, float]]:
    """Every group of sites, and its share of all sites."""
    assert scheduled.sites is not None
    for group in Program.of(scheduled).groups:
        yield group, len(group.sites) / len(scheduled.sites)


def _row(graph: Graph, index: int, nodes: list[Node], done: Mapping[str, float]) -> SegmentRow:
    last = nodes[-1].results[0]
    delta = nodes[-1].mode == "delta"
    layers = tuple(dict.fromkeys(_layer(node) for node in nodes))
    window = last.window.width if delta else None
    return SegmentRow(
        segment=index,
        layers=layers,
        mode=nodes[-1].mode or "",
        window=window,
        length=last.type.length,
        whole_macs=sum(_whole(graph, node) for node in nodes),
        window_macs=sum(_window(graph, node) for node in nodes),
        delta_macs=round(sum(done.get(node.name, 0.0) for node in nodes)),
        stop=next((node.stop for node in nodes if node.stop), None),
    )


def _whole(graph: Graph, node: Node) -> int:
    return definition(node.op).macs(node, graph.types(node.inputs))


def _window(graph: Graph, node: Node) -> int:
    """Products of recomputing the changed outputs from values, as the ancestor does."""
    if node.mode == "reference":
        return 0
    whole, value = _whole(graph, node), node.results[0]
    if node.mode != "delta":
        return whole
    return whole * value.window.width // value.type.length


def _layer(node: Node) -> str:
    return node.origin.layer if node.origin else node.name
