"""Group sites by how much work they are, so that few programs with fixed widths fit them all.

A site near an edge, or far from what the outputs can see, changes less than one in the middle. One
program for all pays the widest window everywhere; one program a site would never finish compiling.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fastism.ir.graph import Graph
from fastism.ir.ops import definition
from fastism.ir.ranges import IntArray, Range

WORTH = 0.05
"""Share of the whole work that one more program must save."""


def site_costs(graph: Graph, windows: Mapping[str, Range]) -> npt.NDArray[np.float64]:
    """Multiply-adds of the windowed part, roughly, for each site."""
    sites = next(iter(windows.values())).sites
    costs = np.ones(sites)
    for node in graph.nodes:
        if node.mode != "delta":
            continue
        types = graph.types(node.inputs)
        products = definition(node.op).macs(node, types) + node.type.elements
        followed = [windows[name].widths for name in node.inputs if name in windows]
        share = np.minimum(windows[node.result.name].widths, np.max(followed, axis=0))
        costs += products / node.type.length * share
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
