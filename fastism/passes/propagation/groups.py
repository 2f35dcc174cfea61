"""Group sites by how much work they are, so that few programs with fixed widths fit them all.

A site near an edge, or far from what the outputs can see, changes less than one in the middle. One
program for all pays the widest window everywhere; one program a site would never finish compiling.

Where an edit changes two stretches of a value, they are one at sites near the middle between them:
those have a program of their own, or all others would follow the hull of both stretches.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition
from fastism.ir.ranges import IntArray, Range
from fastism.passes.propagation.demands import choose_layouts

WORTH = 0.05
"""Share of the whole work that one more program must save."""


def site_groups(graph: Graph, windows: Mapping[str, Range], most: int) -> list[IntArray]:
    """At most ``most`` groups of the sites that ``windows`` (change ∩ need by value) are over."""
    classes = _merged(graph, windows, _by_strips(windows), most)
    costs = site_costs(graph, windows)
    dearest = max(range(len(classes)), key=lambda index: float(costs[classes[index]].sum()))
    groups: list[IntArray] = []
    for index, sites in enumerate(classes):
        spare = most - len(classes) + 1 if index == dearest else 1
        groups += [sites[piece] for piece in group_sites(costs[sites], spare)]
    return groups


def _by_strips(windows: Mapping[str, Range]) -> list[IntArray]:
    """The sites by how many strips each value has there, those with few strips first."""
    counts = np.stack([np.maximum(range_.counts, 1) for range_ in windows.values()], axis=1)
    patterns, which = np.unique(counts, axis=0, return_inverse=True)
    order = np.argsort(patterns.sum(axis=1), kind="stable")
    return [np.flatnonzero(which.reshape(-1) == index) for index in order]


def _merged(
    graph: Graph, windows: Mapping[str, Range], classes: list[IntArray], most: int
) -> list[IntArray]:
    """Classes that are too many, or not worth a program, joined with their neighbours."""

    def cost(sites: IntArray) -> float:
        return len(sites) * _program_cost(graph, _taken(windows, sites))

    paid = [cost(sites) for sites in classes] if len(classes) > 1 else []
    while len(classes) > 1:
        joined = [np.union1d(one, other) for one, other in itertools.pairwise(classes)]
        extra = [cost(sites) - paid[i] - paid[i + 1] for i, sites in enumerate(joined)]
        least = int(np.argmin(extra))
        if len(classes) <= most and extra[least] > WORTH * sum(paid):
            break
        classes = [*classes[:least], joined[least], *classes[least + 2 :]]
        paid = [*paid[:least], paid[least] + paid[least + 1] + extra[least], *paid[least + 2 :]]
    return classes


def _taken(windows: Mapping[str, Range], sites: IntArray) -> dict[str, Range]:
    taken = {name: range_.take(sites) for name, range_ in windows.items()}
    return {name: range_ for name, range_ in taken.items() if not range_.is_none}


def _program_cost(graph: Graph, tight: Mapping[str, Range]) -> float:
    """Multiply-adds of the windowed part of one program, roughly, for each of its sites."""
    chosen = choose_layouts(graph, tight)
    widths = {name: sum(layout.width for layout in strips) for name, strips in chosen.items()}
    cost = 1.0
    for node in graph.nodes:
        if node.mode == "delta" and node.result.name in widths:
            followed = max((widths[name] for name in node.inputs if name in widths), default=0)
            cost += _per_position(graph, node) * min(widths[node.result.name], followed)
    return cost


def _per_position(graph: Graph, node: Node) -> float:
    products = definition(node.op).macs(node, graph.types(node.inputs)) + node.type.elements
    return products / node.type.length


def site_costs(graph: Graph, windows: Mapping[str, Range]) -> npt.NDArray[np.float64]:
    """Multiply-adds of the windowed part, roughly, for each site."""
    sites = next(iter(windows.values())).sites
    costs = np.ones(sites)
    for node in graph.nodes:
        if node.mode != "delta":
            continue
        followed = [windows[name].widths for name in node.inputs if name in windows]
        share = np.minimum(windows[node.result.name].widths, np.max(followed, axis=0))
        costs += _per_position(graph, node) * share
    return costs


def group_sites(costs: npt.NDArray[np.float64], most: int) -> list[IntArray]:
    """Split sites (indices into ``costs``) into at most ``most`` groups of like cost.

    Within a group every site pays for the dearest one; groups are added while each saves at least
    ``WORTH`` of the whole.
    """
    order = np.argsort(costs, kind="stable")
    bounds = [0, len(order)]
    total = _paid(costs[order], bounds)
    while len(bounds) - 1 < most:
        found = min(
            ((_paid(costs[order], sorted([*bounds, cut])), cut) for cut in _cuts(costs[order])),
            default=(total, 0),
        )
        if total - found[0] < WORTH * total:
            break
        total, bounds = found[0], sorted([*bounds, found[1]])
    pieces = [np.sort(order[a:b]) for a, b in itertools.pairwise(bounds)]
    return [piece.astype(np.int64) for piece in pieces if len(piece)]


def _cuts(ordered: npt.NDArray[np.float64]) -> list[int]:
    quantiles = np.unique(np.linspace(0, len(ordered), 33).astype(int))[1:-1]
    steps = np.flatnonzero(np.diff(ordered) > 0) + 1
    if not len(steps):
        return []
    nearest = np.searchsorted(steps, quantiles)
    return sorted({int(steps[min(i, len(steps) - 1)]) for i in nearest})


def _paid(ordered: npt.NDArray[np.float64], bounds: list[int]) -> float:
    pairs = itertools.pairwise(bounds)
    return float(sum(ordered[b - 1] * (b - a) for a, b in pairs if b > a))
