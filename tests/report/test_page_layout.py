"""The layered drawing: rows below what they read, nothing over anything else, straight chains."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastism.report.layout import draw

VERTEX, LANE = 100, 10


def graph_of(*edges: str) -> nx.DiGraph:
    return nx.DiGraph([tuple(edge.split(">")) for edge in edges])


def test_a_chain_is_a_straight_line() -> None:
    drawing = draw(graph_of("a>b", "b>c"), VERTEX, LANE)
    assert drawing.rows == {"a": 0, "b": 1, "c": 2}
    assert set(drawing.centres.values()) == {50.0}
    assert drawing.width == VERTEX


def test_a_skip_runs_beside_what_it_skips() -> None:
    drawing = draw(graph_of("a>b", "b>c", "a>c"), VERTEX, LANE)
    assert drawing.rows == {"a": 0, "b": 1, "c": 2}
    lane = drawing.paths["a", "c"][1]
    assert lane[1] == 1
    assert abs(lane[0] - drawing.centres["b"]) >= (VERTEX + LANE) / 2
    assert drawing.width == pytest.approx(VERTEX + LANE, abs=0.5)


def test_branches_that_need_not_cross_do_not() -> None:
    drawing = draw(graph_of("a>p", "a>q", "p>x", "q>y", "q>x2", "x>z", "y>z"), VERTEX, LANE)
    place = drawing.centres
    assert (place["p"] < place["q"]) == (place["x"] < place["y"])


def test_one_vertex() -> None:
    graph = nx.DiGraph()
    graph.add_node("a")
    assert draw(graph, VERTEX, LANE).width == VERTEX


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=30))
def test_nothing_lies_over_anything_else(pairs: list[tuple[int, int]]) -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from(map(str, range(12)))
    graph.add_edges_from((str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1])
    drawing = draw(graph, VERTEX, LANE)
    for source, target in graph.edges:
        assert drawing.rows[source] < drawing.rows[target]
        assert [row for _, row in drawing.paths[source, target]] == list(
            range(drawing.rows[source], drawing.rows[target] + 1)
        )
    rows: dict[int, set[tuple[float, float]]] = {}
    for name, centre in drawing.centres.items():
        rows.setdefault(drawing.rows[name], set()).add((centre, VERTEX))
    for points in drawing.paths.values():
        for centre, row in points[1:-1]:
            rows.setdefault(row, set()).add((centre, LANE))
    for taken in rows.values():
        for (one, width), (other, next_width) in pairwise(sorted(taken)):
            assert other - one >= (width + next_width) / 2 - 1e-6
        assert min(centre - width / 2 for centre, width in taken) >= -1e-6
        assert max(centre + width / 2 for centre, width in taken) <= drawing.width + 1e-6
