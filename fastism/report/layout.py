"""A layered drawing of a directed acyclic graph: where each vertex stands, and how edges run.

Vertices stand in rows, each below all it reads. What is read further down runs through the rows
between in a lane of its own, one for all who read it, so no edge crosses a vertex. Rows are ordered
to cross little (barycentres), and placed to run straight (isotonic regression).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import networkx as nx

Vertex: TypeAlias = Hashable
SWEEPS = 12
"""Rounds of ordering; the best one counts."""
STRAIGHTENING = 10
"""Rounds of placing."""
GIVING_WAY = 1e-6
"""What the wish of a lane weighs against that of a vertex."""


@dataclass(frozen=True)
class Lane:
    """Where the edge from ``source`` passes a row."""

    source: str
    row: int


@dataclass(frozen=True)
class Drawing:
    """rows: the row of every vertex, from 0. centres: the middle of every vertex, and of every lane
    it runs through, by row, in the units of the widths given. paths: for each edge, the points it
    passes, (centre, row). width: all of it.
    """

    rows: Mapping[str, int]
    centres: Mapping[str, float]
    paths: Mapping[tuple[str, str], tuple[tuple[float, int], ...]]
    width: float


def draw(graph: nx.DiGraph, vertex: float, lane: float) -> Drawing:
    """Place the vertices (strings) of a graph; ``vertex`` and ``lane`` are widths, gaps included.

    The order of the graph's vertices breaks ties.
    """
    rows = {
        name: row for row, names in enumerate(nx.topological_generations(graph)) for name in names
    }
    layered = _with_lanes(graph, rows)
    order = _ordered(layered, _initial(layered, graph, rows))
    widths = {v: lane if isinstance(v, Lane) else vertex for v in layered}
    centres = _placed(layered, order, widths)
    left = min(centres[v] - widths[v] / 2 for v in layered)
    centres = {v: centre - left for v, centre in centres.items()}
    return Drawing(
        rows=rows,
        centres={name: centres[name] for name in graph},
        paths={edge: _path(edge, rows, centres) for edge in graph.edges},
        width=max(centres[v] + widths[v] / 2 for v in layered),
    )


def _with_lanes(graph: nx.DiGraph, rows: Mapping[str, int]) -> nx.DiGraph:
    """The graph with lanes in the rows that edges pass, so that every edge goes one row down."""
    layered = nx.DiGraph()
    layered.add_nodes_from(graph)
    for source, target in graph.edges:
        for upper, lower in _steps(source, target, rows):
            layered.add_edge(upper, lower)
    return layered


def _steps(source: str, target: str, rows: Mapping[str, int]) -> Iterable[tuple[Vertex, Vertex]]:
    between = [Lane(source, row) for row in range(rows[source] + 1, rows[target])]
    stops: list[Vertex] = [source, *between, target]
    return pairwise(stops)


def _path(
    edge: tuple[str, str], rows: Mapping[str, int], centres: Mapping[Vertex, float]
) -> tuple[tuple[float, int], ...]:
    source, target = edge
    steps = list(_steps(source, target, rows))
    stops = [steps[0][0], *(lower for _, lower in steps)]
    return tuple((centres[stop], rows[source] + index) for index, stop in enumerate(stops))


def _initial(layered: nx.DiGraph, graph: nx.DiGraph, rows: Mapping[str, int]) -> list[list[Vertex]]:
    """The rows in the order of the graph, lanes behind the vertices."""
    order: list[list[Vertex]] = [[] for _ in range(max(rows.values(), default=-1) + 1)]
    for name in graph:
        order[rows[name]].append(name)
    for v in layered:
        if isinstance(v, Lane):
            order[v.row].append(v)
    return order


def _ordered(layered: nx.DiGraph, order: list[list[Vertex]]) -> list[list[Vertex]]:
    best, fewest = order, _crossings(layered, order)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        order = _swept(layered, order, down=sweep % 2 == 0)
        found = _crossings(layered, order)
        if found < fewest:
            best, fewest = order, found
    return best


def _swept(layered: nx.DiGraph, order: list[list[Vertex]], *, down: bool) -> list[list[Vertex]]:
    """The rows, each ordered by the mean place of its neighbours in the row swept before."""
    neighbours = layered.pred if down else layered.succ
    result, place = list(order), dict[Vertex, int]()
    for row in range(len(order)) if down else reversed(range(len(order))):
        own = {v: index for index, v in enumerate(order[row])}

        def key(v: Vertex, own: dict[Vertex, int] = own) -> float:
            places = [place[other] for other in neighbours[v]]
            return sum(places) / len(places) if places else own[v]

        result[row] = sorted(order[row], key=key)
        place.update((v, index) for index, v in enumerate(result[row]))
    return result


def _crossings(layered: nx.DiGraph, order: Sequence[Sequence[Vertex]]) -> int:
    place = {v: index for row in order for index, v in enumerate(row)}
    total = 0
    for row in order:
        ends = [sorted(place[other] for other in layered.succ[v]) for v in row]
        flat = [end for each in ends for end in each]
        total += sum(one > other for i, one in enumerate(flat) for other in flat[i + 1 :])
    return total


def _placed(
    layered: nx.DiGraph, order: Sequence[Sequence[Vertex]], widths: Mapping[Vertex, float]
) -> dict[Vertex, float]:
    """Centres that keep the order and the widths, as near to those of the neighbours as can be."""
    centres: dict[Vertex, float] = {}
    for row in order:
        centres.update(_fitted(row, [0.0] * len(row), widths))
    for round_ in range(STRAIGHTENING):
        down = round_ % 2 == 0
        for row in order if down else reversed(order):
            wanted = [_wanted(layered, v, centres, down=down) for v in row]
            centres.update(_fitted(row, wanted, widths))
    return centres


def _wanted(
    layered: nx.DiGraph, v: Vertex, centres: Mapping[Vertex, float], *, down: bool
) -> float:
    """The mean place of the neighbours above (or below): of those of its kind, if there are any.

    So chains of vertices are straight, and lanes are.
    """
    above, below = list(layered.pred[v]), list(layered.succ[v])
    near = (above if down else below) or above or below
    alike = [other for other in near if isinstance(other, Lane) == isinstance(v, Lane)]
    places = [centres[other] for other in alike or near]
    return sum(places) / len(places) if places else centres[v]


def _fitted(
    row: Sequence[Vertex], wanted: Sequence[float], widths: Mapping[Vertex, float]
) -> dict[Vertex, float]:
    """The places nearest to those wanted (least squares) that keep the order and the widths.

    Lanes give way to vertices.
    """
    offset, offsets = 0.0, []
    for index, v in enumerate(row):
        offset += widths[v] / 2 + (widths[row[index - 1]] / 2 if index else 0.0)
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []
    for v, goal, offset in zip(row, wanted, offsets, strict=True):
        mean, weight, count = goal - offset, GIVING_WAY if isinstance(v, Lane) else 1.0, 1
        while blocks and blocks[-1][0] > mean:
            other, others, more = blocks.pop()
            mean = (mean * weight + other * others) / (weight + others)
            weight, count = weight + others, count + more
        blocks.append((mean, weight, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    places = zip(row, means, offsets, strict=True)
    return {v: mean + offset for v, mean, offset in places}
