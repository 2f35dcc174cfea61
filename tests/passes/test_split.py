"""One graph a sequence, one a group of sites, and what passes between them."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Module, Origin, Sites
from fastism.ir.printer import print_graph
from fastism.ir.program import group_indices
from fastism.ir.ranges import Range
from fastism.ir.verify import verify
from fastism.passes import Annotate, Segment, Split
from fastism.passes.propagation.groups import group_sites
from fastism.passes.propagation.layout import Layout

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 2), "float32"),
    "conv.bias": np.ones(2, "float32"),
    "dense.kernel": np.ones((18, 3), "float32"),
}

CONV = "  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same} @conv.kernel @conv.bias\n"


@pytest.fixture
def split(parsed):
    def run(body: str, outputs: str, *, sites: Sites | None = None, groups: int = 6) -> Module:
        text = f"graph @main(%seq: f32[N,9,4]) {{\n{body}\n  return {outputs}\n}}\n"
        module = parsed(text, "canonical", WEIGHTS, sites=sites or Sites.every(9))
        result = Split(groups=groups)(Segment()(Annotate()(module)))
        verify(result)
        return result

    return run


def lines(module: Module, graph: str) -> str:
    """A printed graph without its alignment."""
    text = print_graph(module.graph[graph])
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_a_whole_example(split) -> None:
    """A convolution's delta has no bias; the head adds the reference that intout saved."""
    module = split(CONV + "  %pool : f32[N,2] = global_average_pool(%conv)", "%pool", groups=1)
    intout = module.main
    assert intout.name == "intout"
    assert intout.outputs == ("pool",)
    assert [node.op for node in intout.nodes] == ["conv1d", "global_average_pool"]
    assert all(node.mode is None and node.segment is None for node in intout.nodes)
    propagate = module.graph["propagate0"]
    assert [str(value.type) for value in propagate.inputs] == [
        "i32[P]",
        "i32[P]",
        "f32[M,1,4]",
        "f32[N,2]",
    ]
    assert [node.op for node in propagate.nodes] == [
        "conv1d_spread",
        "place",
        "sum_window",
        "gather_reference",
        "add_reference",
    ]
    assert "conv.bias" not in dict(propagate.nodes[0].constants).values()
    text = lines(module, "propagate0")
    assert "%conv.spread : f32[M,3,2] = conv1d_spread(%item/edit) {width=3}" in text
    assert "%pool.whole : f32[M,2] = add_reference(%pool.delta, %pool.reference)" in text


def test_the_reference_is_read_through_saved_activations(split) -> None:
    module = split(
        CONV
        + """
  %relu : f32[N,9,2] = relu(%conv)
  %pool : f32[N,3,2] = max_pool(%relu) {size=3, stride=3}
""",
        "%pool",
    )
    for graph in module.graphs[1:]:
        for value in graph.inputs[3:]:
            assert value.name in module.main.outputs
            assert value.type == module.main.values[value.name].type


def test_running_maxima_are_saved_for_a_global_max_pool(split) -> None:
    module = split(CONV + "  %top : f32[N,2] = global_max_pool(%conv)", "%top")
    running = [node for node in module.main.nodes if node.op == "running_max"]
    assert [(node.name, node["reverse"]) for node in running] == [
        ("conv.before", False),
        ("conv.behind", True),
    ]
    assert {"conv.before", "conv.behind"} <= set(module.main.outputs)


def test_sites_that_change_no_output_are_in_no_group(split) -> None:
    body = CONV + "  %crop : f32[N,3,2] = crop(%conv) {left=3, right=3}"
    module = split(body, "%crop")
    grouped = np.concatenate([group_indices(module, graph) for graph in module.graphs[1:]])
    assert sorted(grouped) == [2, 3, 4, 5, 6]
    assert len(split(body, "%crop", sites=Sites((0, 8))).graphs) == 1


def test_a_group_returns_only_the_heads_it_changes(split) -> None:
    """The first output sees the left end only, the second the right end."""
    body = """
  %left : f32[N,4,4] = crop(%seq) {left=0, right=5}
  %right : f32[N,4,4] = crop(%seq) {left=5, right=0}
"""
    module = split(body, "%left, %right", sites=Sites((0, 1)))
    (graph,) = module.graphs[1:]
    assert graph.attributes["heads"] == (0,)
    assert module.main.attributes["heads"] == ("left", "right")


def test_a_constant_nobody_reads_is_dropped(split) -> None:
    assert "dense.kernel" not in split(CONV, "%conv").constants


def test_sites_are_grouped_by_cost() -> None:
    costs = np.array([1.0, 10.0, 1.0, 10.0, 1.0])
    assert [group.tolist() for group in group_sites(costs, 6)] == [[0, 2, 4], [1, 3]]
    assert [group.tolist() for group in group_sites(costs, 1)] == [[0, 1, 2, 3, 4]]
    assert [group.tolist() for group in group_sites(np.ones(4), 6)] == [[0, 1, 2, 3]]
    assert [group.tolist() for group in group_sites(np.array([1.0, 1.12]), 6)] == [[0], [1]]
    assert len(group_sites(np.array([1.0, 1.10]), 6)) == 1  # saves 0.10 of 2.20, less than 5 %
    nearly = np.array([1.0, 1.01, 1.02])
    assert len(group_sites(nearly, 6)) == 1


def test_layouts_cover_and_stay_inside() -> None:
    tight = Range(np.array([0, 3, 8, 0]), np.array([2, 6, 9, 0]), 9)
    layout = Layout.covering(tight)
    assert layout.width == 3
    assert layout.start.tolist() == [0, 3, 6, 0]
    assert layout.covers(tight)
    assert not layout.hangs(9)
    assert layout.shifted(1).hangs(9)
    assert not layout.shifted(1).covers(tight)
    assert Layout.covering(tight, multiple=4).width == 4
    assert Layout.full(2, 9) == Layout(np.zeros(2, int), 9)


def test_windows_in_front_of_a_dense_layer_start_alike(parsed) -> None:
    """Its kernel rows are read once for many sites, and no other window is wider for it."""
    text = """graph @main(%seq: f32[N,400,4]) {
  %conv : f32[N,400,2] = conv1d(%seq) {width=19, pad=same} @wide.kernel
  %flat : f32[N,800] = flatten(%conv)
  %dense : f32[N,3] = dense(%flat) @rows.kernel
  return %dense
}
"""
    weights = {
        "wide.kernel": np.ones((19, 4, 2), "float32"),
        "rows.kernel": np.ones((800, 3), "float32"),
    }
    module = parsed(text, "canonical", weights, sites=Sites.every(400))
    result = Split()(Segment()(Annotate()(module)))
    verify(result)
    for graph in result.graphs[1:]:
        (rows,) = [node for node in graph.nodes if node.op == "dense_rows"]
        starts = np.unique(result.data(rows, "start"))
        sites = len(group_indices(result, graph))
        assert sites / len(starts) >= 12
        assert graph.values[rows.inputs[0]].type.length <= 2 * 19
        assert graph.values["conv.spread"].type.length == 19


@pytest.mark.parametrize(("taps", "width"), [(1, 4), (3, 6), (7, 13), (19, 34)])
def test_how_far_dense_layers_share_a_start(parsed, taps: int, width: int) -> None:
    """Starts lie 16 apart, or as far as the window is wide, but 4 at the least."""
    text = f"""graph @main(%seq: f32[N,400,4]) {{
  %conv : f32[N,400,2] = conv1d(%seq) {{width={taps}, pad=same}} @taps.kernel
  %flat : f32[N,800] = flatten(%conv)
  %dense : f32[N,3] = dense(%flat) @rows.kernel
  return %dense
}}
"""
    weights = {
        "taps.kernel": np.ones((taps, 4, 2), "float32"),
        "rows.kernel": np.ones((800, 3), "float32"),
    }
    module = parsed(text, "canonical", weights, sites=Sites(tuple(range(100, 300))))
    result = Split(groups=1)(Segment(weigh=False)(Annotate()(module)))
    (rows,) = [node for node in result.graphs[1].nodes if node.op == "dense_rows"]
    assert result.graphs[1].values[rows.inputs[0]].type.length == width
    step = width - taps + 1
    assert set(np.diff(np.unique(result.data(rows, "start")))) == {step}


def test_stretches_that_lie_apart_are_followed_apart(parsed) -> None:
    """Sites at which the two strands' stretches touch have a program of their own, with one."""
    text = """graph @main(%seq: f32[N,200,4]) {
  %back : f32[N,200,4] = slice(%seq) {start=199, stop=none, step=-1}
  %both : f32[N,400,4] = concatenate(%seq, %back) {axis=1}
  %conv : f32[N,400,8] = conv1d(%both) {width=5, pad=same} @wide.kernel
  %relu : f32[N,400,8] = relu(%conv)
  %sum : f32[N,8] = global_sum_pool(%relu)
  return %sum
}
"""
    weights = {"wide.kernel": np.ones((5, 4, 8), "float32")}
    module = parsed(text, "canonical", weights, sites=Sites.every(200))
    result = Split()(Segment()(Annotate()(module)))
    verify(result)
    found = {}
    for graph in result.graphs[1:]:
        types = [node.type for node in graph.nodes if node.op == "relu"]
        widths = [type_.length for type_ in types if type_.shape[0] == "M"]
        found[tuple(group_indices(result, graph).tolist())] = widths
    assert found == {(197, 198, 199): [10], tuple(range(197)): [5, 5]}


NAMED = """
conv.spread         conv
conv.reference      -
conv.value          -
relu.value          relu
relu.reference      relu
relu.delta          -
relu.delta:2        -
rows.delta          rows
rows.reference      -
rows.whole          rows
mean.delta          mean
mean.reference      -
mean.whole          mean
most.inner          most
most.before         -
most.before.value   -
most.behind         -
most.behind.value   -
most.whole          most
most.whole:2        most
track.zero          -
sum.delta           sum
soft.whole          soft
sum.reference       -
sum.delta:2         -
sum.value           -
"""


def test_nodes_are_named_by_what_they_make_and_tell_their_layer(parsed) -> None:
    """So that a dump reads as the model does; what only moves the reference is of no layer."""
    text = """graph @main(%seq: f32[N,9,4], %track: f32[N,9,2]) {
  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same} @conv.kernel
  %relu : f32[N,9,2] = relu(%conv)
  %flat : f32[N,18] = flatten(%relu)
  %rows : f32[N,3] = dense(%flat) @dense.kernel
  %mean : f32[N,2] = global_average_pool(%relu)
  %most : f32[N,2] = global_max_pool(%relu)
  %sum : f32[N,9,2] = add(%relu, %track)
  %soft : f32[N,2] = softmax(%most)
  return %rows, %mean, %most, %soft, %sum
}
"""
    module = parsed(text, "canonical", WEIGHTS, sites=Sites((4,)))
    module = module.rewrite(lambda node: node.replace(origin=Origin(node.name)))
    result = Split(groups=1)(Segment(weigh=False)(Annotate()(module)))
    nodes = result.graphs[1].nodes
    found = [(node.name, node.origin.layer if node.origin else "-") for node in nodes]
    assert found == [tuple(line.split()) for line in NAMED.strip().splitlines()]
    running = [node for node in result.main.nodes if node.op == "running_max"]
    assert [node.origin for node in running] == [Origin("relu")] * 2
    assert sorted(name for name in result.constants if name.startswith("propagate")) == [
        "propagate0/conv.start",
        "propagate0/most.behind.start",
        "propagate0/relu.start",
        "propagate0/sites",
    ]
