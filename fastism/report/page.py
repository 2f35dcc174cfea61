"""The graph of a plan as one page that stands by itself: no network, nothing beside it.

Layers are laid out from input to outputs and coloured by segment; a slider over the sites moves the
changed stretch of each, and a click shows the node's line of the dump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2

from fastism.ir.analysis import change_ranges
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.printer import print_node
from fastism.report.boundaries import BoundaryRow
from fastism.report.explanation import Explanation, explain, segmented_stage, shown_site
from fastism.report.families import family
from fastism.report.layout import draw
from fastism.report.values import ValueRow

CARD, LANE, ROW = 236, 22, 74
"""Pixels: a card with the gap beside it, a lane of edges, a row with the gap below."""


def graph_page(stages: Sequence[Module], start: int | None = None) -> str:
    """The page of a plan's segmented graph, as HTML.

    start: the position of the site it opens with; the middle one unless said. Raises InputError if
    no site starts there, and if a pipeline of one's own made no segmented stage.
    """
    explained, module = explain(stages), segmented_stage(stages)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fastism.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("graph.html").render(
        explained=explained, data=page_data(explained, module, start), card=CARD - 16, row=ROW
    )


def page_data(explained: Explanation, module: Module, start: int | None) -> dict[str, Any]:
    """What the page's script reads: see templates/graph.js."""
    graph = module.main
    assert module.sites is not None
    first = shown_site(module, start)
    vertices: list[Value | Node] = [*graph.inputs, *graph.nodes]
    number = {vertex.name: index for index, vertex in enumerate(vertices)}
    drawing = draw(graph.to_networkx(), CARD, LANE)
    rows = {row.value: row for row in explained.values}
    begins = {row.node: _begins(row) for row in explained.boundaries}
    families = _Families(graph, module)
    cards = []
    for vertex in vertices:
        value = vertex if isinstance(vertex, Value) else vertex.results[0]
        card = _card(vertex, value, rows[value.name], module.constants)
        card["x"], card["row"] = round(drawing.centres[vertex.name], 1), drawing.rows[vertex.name]
        card["family"], card["begins"] = families.number(value), begins.get(vertex.name)
        cards.append(card)
    edges = [
        [number[source], number[target], [[round(x, 1), row] for x, row in points]]
        for (source, target), points in drawing.paths.items()
    ]
    return {
        "width": round(drawing.width),
        "rows": max(drawing.rows.values()) + 1,
        "sites": {
            "starts": _stretches(module.sites),
            "width": module.sites.width,
            "first": sorted(module.sites.starts).index(module.sites.starts[first]),
        },
        "cards": cards,
        "edges": edges,
        "families": families.found,
    }


class _Families:
    """The different families of change ranges among the values, over every position edited.

    They are shipped for every position, not for the sites alone: so they stay regular, and small,
    however the sites were chosen.
    """

    def __init__(self, graph: Graph, module: Module) -> None:
        length = graph.values[module.seq_input].type.length
        assert module.sites is not None
        every = module.replace(sites=Sites.every(length, module.sites.width))
        self._changes = change_ranges(graph, every)
        self._numbers: dict[Any, int] = {}
        self.found: list[Any] = []

    def number(self, value: Value) -> int:
        change = self._changes[value.name]
        if change not in self._numbers:
            self._numbers[change] = len(self.found)
            self.found.append(family(change))
        return self._numbers[change]


def _card(
    vertex: Value | Node, value: Value, row: ValueRow, constants: Mapping[str, Constant]
) -> dict[str, Any]:
    assert value.need is not None
    node = vertex if isinstance(vertex, Node) else None
    return {
        "name": vertex.name,
        "layer": row.layer,
        "op": row.op,
        "segment": row.segment,
        "mode": row.mode,
        "type": str(value.type),
        "length": row.length,
        "need": [value.need.start, value.need.stop],
        "window": row.window,
        "growth": row.growth,
        "grownBy": row.grown_by,
        "multiplyAdds": row.multiply_adds,
        "stop": node.stop if node else None,
        "line": print_node(node, constants) if node else f"%{value.name}: {value.type}",
    }


def _begins(row: BoundaryRow) -> dict[str, Any]:
    behind = row.behind_macs
    return {"why": row.why, "handed": row.handed, "saved": row.saved, "behind": behind}


def _stretches(sites: Sites) -> list[list[int]]:
    """The starts of the sites, in order, as ``[first, step, count]``."""
    starts = sorted(sites.starts)
    found, index = [], 0
    while index < len(starts):
        step = starts[index + 1] - starts[index] if index + 1 < len(starts) else 1
        count = 1
        while index + count < len(starts) and starts[index + count] == starts[index] + count * step:
            count += 1
        found.append([starts[index], step, count])
        index += count
    return found
