"""Where windows stop paying: the cheapest frontier, and what the cost model says of real layers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fastism.ir import Graph, Module, Sites
from fastism.passes import Annotate, Segment, costs, frontier
from fastism.passes.propagation.exits import read_on_windows

WEIGHTS = {
    "wide.kernel": np.ones((3, 64, 64), "float32"),
    "first.kernel": np.ones((21, 4, 64), "float32"),
    "last.kernel": np.ones((1, 64, 1), "float32"),
}


@pytest.fixture
def annotated(parsed):
    """An annotated graph over 1,000 positions."""

    def run(body: str, outputs: str, weights: dict | None = None) -> Module:
        text = f"graph @main(%seq: f32[N,1000,4]) {{\n{body}\n  return {outputs}\n}}\n"
        return Annotate()(parsed(text, "canonical", weights or WEIGHTS, sites=Sites.every(1000)))

    return run


def tower(dilations: list[int]) -> str:
    """A first convolution, then dilated ones with a skip around each."""
    lines = [
        "  %first : f32[N,1000,64] = conv1d(%seq) {width=21, pad=same} @first.kernel",
        "  %x0 : f32[N,1000,64] = relu(%first)",
    ]
    for i, dilation in enumerate(dilations):
        options = f"{{width=3, pad=same, dilation={dilation}}}"
        lines += [
            f"  %conv{i} : f32[N,1000,64] = conv1d(%x{i}) {options} @wide.kernel",
            f"  %relu{i} : f32[N,1000,64] = relu(%conv{i})",
            f"  %x{i + 1} : f32[N,1000,64] = add(%x{i}, %relu{i})",
        ]
    return "\n".join(lines)


def modes(module: Module) -> dict[str, str | None]:
    return {node.name: node.mode for node in module.main.nodes}


def test_narrow_windows_stay(annotated) -> None:
    module = annotated(tower([1, 2, 4]), "%x3")
    assert set(modes(Segment()(module)).values()) == {"delta"}


def test_windows_of_the_whole_length_go(annotated) -> None:
    module = annotated(tower([2**i for i in range(10)]), "%x10")
    found = Segment()(module)
    assert modes(found)["conv3"] == "delta"
    assert modes(found)["relu9"] == "whole"
    (why,) = {node.stop for node in found.main.nodes if node.stop and "cost" in node.stop}
    assert "of" in why or "in 1,000 positions" in why


@pytest.mark.parametrize("options", [{"weigh": False}, {"stop_layers": ("x10",)}])
def test_the_user_decides_where_he_says_so(annotated, options) -> None:
    module = annotated(tower([2**i for i in range(10)]), "%x10")
    assert modes(Segment(**options)(module))["conv9"] == "delta"


def test_too_little_to_gain_changes_nothing(annotated) -> None:
    body = "  %only : f32[N,1000,4] = softmax(%seq)\n  %flipped : f32[N,1000,4] = tanh(%only)"
    assert set(modes(Segment()(annotated(body, "%flipped"))).values()) == {"delta"}


# -- the cut is the cheapest choice --------------------------------------------------------

DIAMOND = """
  %a : f32[N,1000,4] = relu(%seq)
  %b : f32[N,1000,4] = tanh(%a)
  %c : f32[N,1000,4] = sigmoid(%a)
  %d : f32[N,1000,4] = add(%b, %c)
  %e : f32[N,1000,4] = softplus(%d)
  %f : f32[N,1000,4] = multiply(%a, %e)
"""


def cheapest(graph: Graph, windowed: dict, whole: dict, scatter: dict) -> float:
    """The least cost over all choices in which nothing runs on windows behind a whole node."""
    best = np.inf
    for choice in product([False, True], repeat=len(graph.nodes)):
        runs_whole = dict(zip((node.name for node in graph.nodes), choice, strict=True))
        total = 0.0
        for node in graph.nodes:
            users = [runs_whole[user.name] for user in graph.users[node.name]]
            if runs_whole[node.name]:
                total += whole[node.name] + (0.0 if all(users) else np.inf)
            else:
                wanted = any(users) or node.name in graph.outputs
                total += windowed[node.name] + scatter[node.name] * wanted
        best = min(best, total)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_the_frontier_is_the_cheapest(annotated, monkeypatch, seed) -> None:
    graph = annotated(DIAMOND, "%f, %c").main
    random = np.random.default_rng(seed)
    names = [node.name for node in graph.nodes]
    windowed, whole, scatter = (
        dict(zip(names, random.exponential(1, 6), strict=True)) for _ in range(3)
    )
    monkeypatch.setattr(frontier, "_on_windows", lambda graph, node, rates: windowed[node.name])
    monkeypatch.setattr(frontier, "_to_scatter", lambda graph, node, rates: scatter[node.name])
    monkeypatch.setattr(costs, "seconds", lambda node, types, rates: whole[node.name])
    monkeypatch.setattr(frontier, "WORTH", 0.0)
    found = frontier.cheaper_whole(graph, dict.fromkeys(names, "delta"))
    total = 0.0
    for node in graph.nodes:
        users = {user.name in found for user in graph.users[node.name]}
        if node.name in found:
            assert users <= {True}
            total += whole[node.name]
        else:
            wanted = True in users or node.name in graph.outputs
            total += windowed[node.name] + scatter[node.name] * wanted
    assert total == pytest.approx(cheapest(graph, windowed, whole, scatter))


@pytest.mark.parametrize(
    ("dense", "expected"), [(1.0, set()), (10.0, {"flat", "dense"})], ids=["cheap", "dear"]
)
def test_flatten_and_dense_leave_the_windows_together(
    annotated, monkeypatch, dense, expected
) -> None:
    """They cost a scattering together, and what stays in front of them stays on windows."""
    body = """
  %a : f32[N,1000,4] = relu(%seq)
  %flat : f32[N,4000] = flatten(%a)
  %dense : f32[N,2] = dense(%flat) @dense.kernel
  %act : f32[N,2] = relu(%dense)
"""
    graph = annotated(body, "%act", {"dense.kernel": np.ones((4000, 2), "float32")}).main
    windowed = {"a": 0.25, "flat": 0.0, "dense": dense}
    whole = {"a": 5.0, "flat": 0.5, "dense": 1.5}
    monkeypatch.setattr(frontier, "_on_windows", lambda graph, node, *_: windowed[node.name])
    monkeypatch.setattr(frontier, "_to_scatter", lambda graph, node, *_: 0.125)
    monkeypatch.setattr(costs, "seconds", lambda node, *_: whole[node.name])
    modes = {"a": "delta", "flat": "exit", "dense": "exit", "act": "whole"}
    assert frontier.cheaper_whole(graph, modes) == expected


def test_what_is_read_on_windows_in_front_of_dense_layers(annotated) -> None:
    """What a vector scales, and not the vector."""
    body = """
  %pool : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}
  %gate : f32[N,1000,4] = multiply(%seq, %pool)
  %flat : f32[N,4000] = flatten(%gate)
  %dense : f32[N,2] = dense(%flat) @dense.kernel
"""
    graph = annotated(body, "%dense", {"dense.kernel": np.ones((4000, 2), "float32")}).main
    read = {node.name: read_on_windows(graph, node) for node in graph.nodes}
    assert read == dict.fromkeys(("pool", "gate", "flat", "dense"), ("seq",))


def test_windows_take_twice_as_long_where_everything_does(annotated) -> None:
    graph = annotated(tower([1]), "%x1").main
    half = costs.Rates(products=costs.PRODUCTS / 2, bytes=costs.BYTES / 2)
    for node in graph.nodes:
        spent = frontier._on_windows(graph, node), frontier._to_scatter(graph, node)
        slow = frontier._on_windows(graph, node, half), frontier._to_scatter(graph, node, half)
        assert slow == pytest.approx((2 * spent[0], 2 * spent[1]))


def test_wide_kernels_cost_more_than_narrow_ones_but_less_a_product(annotated) -> None:
    body = """
  %first : f32[N,1000,64] = conv1d(%seq) {width=21, pad=same} @first.kernel
  %wide : f32[N,1000,64] = conv1d(%first) {width=3, pad=same} @wide.kernel
  %last : f32[N,1000,1] = conv1d(%wide) {width=1} @last.kernel
"""
    graph = annotated(body, "%last").main
    _, wide, last = graph.nodes
    spent = {node.name: costs.seconds(node, graph.types(node.inputs)) for node in graph.nodes}
    assert spent["wide"] > spent["first"] > spent["last"]
    assert costs.efficiency(wide, graph.types(wide.inputs)) > costs.efficiency(
        last, graph.types(last.inputs)
    )


def test_what_windows_and_leaving_them_cost(annotated) -> None:
    """A position of 1,000 each: once through the op, and two passes and a third to convert.

    A convolution of 21 taps reaches 21 positions, 10 fewer at either edge: on the average 20.89.
    """
    body = """
  %act : f32[N,1000,4] = tanh(%seq)
  %first : f32[N,1000,64] = conv1d(%act) {width=21, pad=same} @first.kernel
"""
    graph = annotated(body, "%first").main
    act, first = graph.nodes
    rate, position = costs.BYTES, 4 * 4
    assert frontier._on_windows(graph, act) == pytest.approx((1 + 7 / 3) * 2 * position / rate)
    scattered = (7 / 3 + 1.001) * 1000 * position / rate
    assert frontier._to_scatter(graph, act) == pytest.approx(scattered)
    cut_down = (21 + 20.89) * 64 * 4 / rate
    on_windows = costs.seconds(first, graph.types(first.inputs)) / 1000 + cut_down
    assert frontier._on_windows(graph, first) == pytest.approx(on_windows)


def test_products_with_zeros_cost_less(annotated) -> None:
    """Behind a ReLU, and sums of such, a change is zero in many places; not behind a tanh."""
    body = """
  %first : f32[N,1000,64] = conv1d(%seq) {width=21, pad=same} @first.kernel
  %act : f32[N,1000,64] = tanh(%first)
  %cut : f32[N,1000,64] = relu(%first)
  %twice : f32[N,1000,64] = add(%cut, %cut)
  %mixed : f32[N,1000,64] = add(%cut, %act)
  %some : f32[N,1000,64] = conv1d(%twice) {width=3, pad=same} @wide.kernel
  %every : f32[N,1000,64] = conv1d(%mixed) {width=3, pad=same} @wide.kernel
"""
    graph = annotated(body, "%some, %every").main
    *_, some, every = graph.nodes
    left = frontier._on_windows(graph, every) - frontier._on_windows(graph, some)
    once = costs.seconds(every, graph.types(every.inputs)) * frontier._share(graph, every)
    assert left == pytest.approx((1 - costs.LIVE) * once)


def test_what_is_changed_everywhere_needs_no_place_in_the_reference(parsed) -> None:
    """Placing writes the whole value and reads the window; the reference is added either way."""
    text = (
        "graph @main(%seq: f32[N,24,4]) {\n"
        "  %relu : f32[N,24,4] = relu(%seq)\n"
        "  %most : f32[N,1,4] = global_max_pool(%relu) {keepdims=true}\n  return %most\n}\n"
    )
    graph = Annotate()(parsed(text, "canonical", sites=Sites.every(24))).main
    relu, most = graph.nodes
    size, every = 4 * 24 * 4, 4 * 4
    placed = (frontier.CONVERTING + 1 + 1 / 24) * size / costs.BYTES
    assert frontier._to_scatter(graph, relu) == pytest.approx(placed)
    whole = frontier.CONVERTING * every / costs.BYTES
    assert frontier._to_scatter(graph, most) == pytest.approx(whole)
