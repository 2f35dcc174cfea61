"""Which ops run on mutated values, and which values are positions scaled by a pooled vector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism.ir import Graph, Sites
from fastism.passes import Annotate, Segment
from fastism.passes.propagation.mutated import MutatedValues, runs_on_values
from fastism.passes.propagation.scaled import scaled, scales_into_flatten

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 4), "float32"),
    "point.kernel": np.ones((1, 4, 4), "float32"),
    "wide.kernel": np.ones((3, 4, 4), "float32"),
    "norm.scale": np.ones(4, "float32"),
    "dense.kernel": np.ones((96, 2), "float32"),
}


def segmented(parsed: Callable, body: str, output: str) -> Graph:
    text = f"graph @main(%seq: f32[N,24,4]) {{\n{body}\n  return {output}\n}}\n"
    module = parsed(text, "canonical", WEIGHTS, sites=Sites.every(24))
    graph: Graph = Segment(weigh=False)(Annotate()(module)).main
    return graph


def test_linear_ops_between_functions_run_on_values(parsed: Callable) -> None:
    graph = segmented(
        parsed,
        "  %conv : f32[N,24,4] = conv1d(%seq) {width=3, pad=same} @conv.kernel\n"
        "  %relu : f32[N,24,4] = relu(%conv)\n"
        "  %mean : f32[N,12,4] = average_pool(%relu) {size=2, stride=2}\n"
        "  %norm : f32[N,12,4] = scale_shift(%mean) @norm.scale\n"
        "  %tanh : f32[N,12,4] = tanh(%norm)\n"
        "  %point : f32[N,12,4] = conv1d(%tanh) {width=1} @point.kernel\n"
        "  %sin : f32[N,12,4] = sin(%point)\n"
        "  %wide : f32[N,12,4] = conv1d(%sin) {width=3, pad=same} @wide.kernel\n"
        "  %last : f32[N,12,4] = relu(%wide)\n"
        "  %sum : f32[N,12,4] = add(%last, %last)",
        "%sum",
    )
    found = MutatedValues.of(graph)
    # light ops hand the wish on to what they read; a product does not, and nobody asks for %last
    assert found.wanted == {"conv", "norm", "mean", "relu", "point", "wide"}
    assert found.on_values == {"mean", "norm", "point"}
    cheap = {name for name, node in graph.by_name.items() if runs_on_values(graph, node)}
    assert cheap == {"relu", "mean", "norm", "tanh", "point", "sin", "last", "sum"}


def test_what_only_moves_hands_values_on(parsed: Callable) -> None:
    graph = segmented(
        parsed,
        "  %relu : f32[N,24,4] = relu(%seq)\n"
        "  %crop : f32[N,20,4] = crop(%relu) {left=2, right=2}\n"
        "  %norm : f32[N,20,4] = scale_shift(%crop) @norm.scale\n"
        "  %tanh : f32[N,20,4] = tanh(%norm)",
        "%tanh",
    )
    found = MutatedValues.of(graph)
    assert found.wanted == {"seq", "relu", "crop", "norm"}
    assert found.on_values == {"norm"}


GATE = (
    "  %mean : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}\n"
    "  %gate : f32[N,1,4] = sigmoid(%mean)\n"
)
FLAT = "  %flat : f32[N,96] = flatten(%out)\n  %dense : f32[N,2] = dense(%flat) @dense.kernel"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("multiply(%seq, %gate)", ("seq", "gate")),
        ("multiply(%gate, %seq)", ("seq", "gate")),
        ("multiply(%gate, %seq, %gate)", None),
        ("multiply(%seq, %seq)", None),
        ("add(%seq, %gate)", None),
        ("divide(%seq, %gate)", None),
    ],
)
def test_positions_scaled_by_a_vector(
    parsed: Callable, line: str, found: tuple[str, str] | None
) -> None:
    graph = segmented(parsed, f"{GATE}  %out : f32[N,24,4] = {line}\n{FLAT}", "%dense")
    assert scaled(graph, "out") == found
    assert scaled(graph, "seq") is None
    assert scaled(graph, "gate") is None
    assert scales_into_flatten(graph, graph.by_name["out"]) is (found is not None)


def test_a_product_that_others_read_is_no_part_of_a_flatten(parsed: Callable) -> None:
    body = f"{GATE}  %out : f32[N,24,4] = multiply(%seq, %gate)\n{FLAT}"
    for more, output in (
        ("", "%dense, %out"),
        ("\n  %tanh : f32[N,24,4] = tanh(%out)", "%dense, %tanh"),
    ):
        graph = segmented(parsed, body + more, output)
        assert not scales_into_flatten(graph, graph.by_name["out"])
    alone = (
        f"{GATE}  %out : f32[N,24,4] = multiply(%seq, %gate)\n  %tanh : f32[N,24,4] = tanh(%out)"
    )
    graph = segmented(parsed, alone, "%tanh")
    assert not scales_into_flatten(graph, graph.by_name["out"])
