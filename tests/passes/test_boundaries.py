"""Why a segment begins where it does: one reason for each thing that stands between two nodes."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Module, Node, Sites
from fastism.ir.ops import OpDefinition
from fastism.ir.types import TensorType
from fastism.passes import Annotate, Segment
from fastism.passes.boundaries import boundaries
from fastism.passes.stops import dear, kind_of_stop, no_rule

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 4), "float32"),
    "dense.kernel": np.ones((36, 3), "float32"),
    "huge": np.full(4, 1e9, "float32"),
}
CONV = "  %conv : f32[N,9,4] = conv1d(%seq) {width=3, pad=same} @conv.kernel\n"


@pytest.fixture
def segmented(parsed):
    def run(body: str, outputs: str, *stops: str) -> Module:
        text = f"graph @main(%seq: f32[N,9,4]) {{\n{CONV}{body}\n  return {outputs}\n}}\n"
        module = parsed(text, "canonical", WEIGHTS, sites=Sites.every(9))
        return Segment(stop_layers=stops)(Annotate()(module))

    return run


def found(module: Module) -> dict[str, list[tuple[str, str]]]:
    """The reasons by the node that opens the segment."""
    rows = boundaries(module.main)
    return {row.node: [(reason.kind, reason.why) for reason in row.reasons] for row in rows}


INPUT = [("input", "reads the edited input"), ("flanks", "reads 3 positions for each of its own")]


def test_what_reads_the_input_opens_the_first_segment(segmented) -> None:
    assert found(segmented("  %act : f32[N,9,4] = relu(%conv)", "%act")) == {"conv": INPUT}


def test_a_value_read_twice_and_the_join_behind_it(segmented) -> None:
    body = """
  %one : f32[N,9,4] = relu(%conv)
  %two : f32[N,9,4] = tanh(%conv)
  %sum : f32[N,9,4] = add(%one, %two)
"""
    module = segmented(body, "%sum")
    assert found(module) == {
        "conv": INPUT,
        "one": [("fan-out", "conv is read by two too")],
        "two": [("fan-out", "conv is read by one too")],
        "sum": [("joins", "joins 2 values")],
    }
    assert [row.behind for row in boundaries(module.main)] == [(), (1,), (1,), (2, 3)]
    assert not any(row.is_stop for row in boundaries(module.main))


def test_two_positions_are_flanks_too(segmented) -> None:
    """And one is none, wherever it lies."""
    body = """
  %act : f32[N,9,4] = relu(%conv)
  %mean : f32[N,8,4] = average_pool(%act) {size=2, stride=1}
  %each : f32[N,8,4] = average_pool(%mean) {size=1, stride=1}
"""
    assert found(segmented(body, "%each")) == {
        "conv": INPUT,
        "mean": [("flanks", "reads 2 positions for each of its own")],
    }


def test_linear_ops_that_read_beside_or_move(segmented) -> None:
    body = """
  %act : f32[N,9,4] = relu(%conv)
  %mean : f32[N,7,4] = average_pool(%act) {size=3, stride=1}
  %cut : f32[N,5,4] = crop(%mean) {left=1, right=1}
"""
    assert found(segmented(body, "%cut")) == {
        "conv": INPUT,
        "mean": [("flanks", "reads 3 positions for each of its own")],
        "cut": [("moves", "moves positions")],
    }


def test_where_locality_ends_and_where_windows_were_left(segmented) -> None:
    body = """
  %flat : f32[N,36] = flatten(%conv)
  %dense : f32[N,3] = dense(%flat) @dense.kernel
  %act : f32[N,3] = relu(%dense)
"""
    module = segmented(body, "%act")
    assert found(module) == {
        "conv": INPUT,
        "flat": [("mixes", "gives every position a weight of its own")],
        "act": [("mode", "runs as whole, behind exit")],
    }
    assert [row.is_stop for row in boundaries(module.main)] == [False, True, False]


def test_a_layer_named_by_the_user(segmented) -> None:
    module = segmented("  %act : f32[N,9,4] = relu(%conv)", "%act", "act")
    assert found(module)["act"] == [("user", "named as a stop layer")]


def test_large_numbers(segmented) -> None:
    body = "  %mul : f32[N,9,4] = scale_shift(%conv) scale=@huge"
    assert [kind for kind, _ in found(segmented(body, "%mul"))["mul"]] == ["numbers"]


def test_a_local_value_that_meets_a_whole_one(segmented) -> None:
    body = """
  %pool : f32[N,1,4] = global_average_pool(%conv) {keepdims=true}
  %gate : f32[N,9,4] = multiply(%conv, %pool)
"""
    rows = found(segmented(body, "%gate"))
    assert [kind for kind, _ in rows["pool"]] == ["mixes", "fan-out"]
    assert [kind for kind, _ in rows["gate"]] == ["meets", "joins"]


@pytest.mark.parametrize(
    ("op", "behind", "said"),
    [
        ("multiply", "%a : f32[N,9,4] = silu(%gate)", "scaled alike, which silu does not keep"),
        (
            "subtract",
            "%a : f32[N,9,4] = silu(%gate)\n  %b : f32[N,9,4] = tanh(%gate)",
            "shifted alike, which silu and tanh do not keep",
        ),
        ("maximum", "%a : f32[N,9,4] = silu(%gate)", None),
        ("multiply", "", None),
    ],
)
def test_what_becomes_of_positions_that_are_altered_alike(segmented, op, behind, said) -> None:
    body = f"""
  %pool : f32[N,1,4] = global_average_pool(%conv) {{keepdims=true}}
  %gate : f32[N,9,4] = {op}(%conv, %pool)
  {behind}
"""
    outputs = ", ".join(name for name in ("%a", "%b") if f"{name} :" in behind) or "%gate"
    alike = [("meets", f"all positions are {said}: each is made anew")] if said else []
    assert found(segmented(body, outputs))["gate"] == [
        ("meets", "meets a value that is changed everywhere"),
        *alike,
        ("joins", "joins 2 values"),
    ]


@pytest.mark.parametrize(
    ("length", "units", "said"),
    [
        (900, 8, "all positions are scaled alike: summed once, what is on windows apart"),
        (
            4,
            512,
            "all positions are scaled alike, which flatten does not keep: each is made anew",
        ),
    ],
)
def test_a_product_leaves_its_windows_where_that_pays(parsed, length, units, said) -> None:
    """Where many positions meet a dense layer of few units, they are summed by channel instead."""
    text = f"""
graph @main(%seq: f32[N,{length},4]) {{
  %pool : f32[N,1,4] = global_average_pool(%seq) {{keepdims=true}}
  %gate : f32[N,{length},4] = multiply(%seq, %pool)
  %flat : f32[N,{4 * length}] = flatten(%gate)
  %dense : f32[N,{units}] = dense(%flat) @wide.kernel
  return %dense
}}
"""
    wide = {"wide.kernel": np.ones((4 * length, units), "float32")}
    module = parsed(text, "canonical", wide, sites=Sites.every(length))
    assert found(Segment()(Annotate()(module)))["gate"] == [
        ("meets", "meets a value that is changed everywhere"),
        ("meets", said),
        ("joins", "joins 2 values"),
    ]


@pytest.mark.parametrize(
    ("op", "stop", "kind"),
    [
        ("relu", dear(900, 1000), "cost"),
        ("sort", no_rule("sort"), "unknown"),
        ("opaque", "a recurrent layer", "unknown"),
        ("opaque", "named as a stop layer", "user"),
        ("flatten", "gives every position a weight of its own", "mixes"),
    ],
)
def test_the_kind_of_a_stop_is_told_from_its_sentence(op: str, stop: str, kind: str) -> None:
    assert kind_of_stop(Node("x", op, ("y",), (), stop=stop)) == kind


def test_ops_without_a_rule_are_unknown() -> None:
    types = (TensorType.parse("f32[N,9,4]"),)
    (relation,) = OpDefinition("new", lambda node, types, roles: types).relation(None, types)
    assert kind_of_stop(Node("x", "new", ("y",), (), stop=relation.why)) == "unknown"
