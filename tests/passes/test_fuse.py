"""Loops: what runs while a product's numbers are at hand, and what is done where it is read."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Graph, Module, Node, Sites, TensorType, Value
from fastism.ir.printer import print_module
from fastism.passes import Annotate, Fuse, Schedule, Segment, Split
from fastism.passes.fuse import _element_wise, numbered

WEIGHTS = {
    "one.kernel": np.ones((3, 4, 2), "float32"),
    "two.kernel": np.ones((3, 2, 2), "float32"),
}
TEXT = """
graph @main(%seq: f32[N,40,4]) {
  %one : f32[N,40,2] = conv1d(%seq) {width=3, pad=same} @one.kernel
  %sin : f32[N,40,2] = sin(%one)
  %two : f32[N,40,2] = conv1d(%sin) {width=3, pad=same} @two.kernel
  %relu : f32[N,40,2] = relu(%two)
  %sum : f32[N,40,2] = add(%sin, %relu)
  %pool : f32[N,2] = global_average_pool(%sum)
  return %pool
}
"""


def loops(parsed, alone: tuple[str, ...] = ()) -> tuple[Module, dict[int | None, list[str]]]:
    module = parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(40))
    scheduled = Schedule()(Split(groups=1)(Segment()(Annotate()(module))))
    fused = Fuse(alone=alone)(scheduled)
    found: dict[int | None, list[str]] = {}
    for node in fused.graphs[1].nodes:
        found.setdefault(node.segment, []).append(node.op)
    return fused, found


def test_a_product_and_what_alone_reads_it_are_one_loop(parsed) -> None:
    _, found = loops(parsed)
    chain = ["conv1d_spread", "place", "add_reference", "sin", "subtract_reference"]
    assert found[0] == chain
    assert found[1][0] == "conv1d_spread"
    assert found[1][-2:] == ["subtract_reference", "add"]
    assert found[2] == ["sum_window", "add_reference"]


def test_the_reference_and_moves_are_done_where_they_are_read(parsed) -> None:
    _, found = loops(parsed)
    assert set(found[None]) == {"window", "sin", "relu", "place", "gather_reference"}


def test_an_op_alone_ends_a_loop_and_begins_none(parsed) -> None:
    fused, found = loops(parsed, alone=("sin",))
    assert found[0] == ["conv1d_spread", "place", "add_reference"]
    assert sum(ops == ["sin"] for ops in found.values()) == 2  # of the value, of the reference
    assert "segment=0" in print_module(fused)


MEETING = """
graph @g(%seq: f32[N,40,4]) {
  %one : f32[N,40,4] = conv1d(%seq) {width=3, pad=same} @one.kernel
  %both : f32[N,40,8] = concatenate(%one, %seq) {axis=2}
  %relu : f32[N,40,8] = relu(%both)
  %part : f32[N,40,4] = slice_channels(%relu) {start=4}
  %mean : f32[N,4] = global_average_pool(%part)
  %gate : f32[N,1,4] = reshape(%mean) {shape=(1, 4)}
  %sig : f32[N,1,4] = sigmoid(%gate)
  %out : f32[N,40,4] = multiply(%part, %sig)
  %crop : f32[N,38,4] = crop(%out) {left=2}
  return %crop
}
"""


def test_what_is_side_by_side_begins_a_loop_and_what_is_spread_ends_one(parsed) -> None:
    module = parsed(MEETING, "canonical", {"one.kernel": np.ones((3, 4, 4), "float32")})
    graph = numbered(module.main, lambda node: False)
    assert {node.name: node.segment for node in graph.nodes} == {
        **{"one": 0, "both": 1, "relu": 1, "part": 2, "mean": 3, "gate": 3, "sig": 3},
        **{"out": 4, "crop": 4},
    }


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        ("f32[M,9,4]", True),
        ("f32[M,1,4]", False),
        ("f32[P,9,4]", False),
        ("f64[M,9,4]", False),
    ],
)
def test_an_entry_is_made_of_one_entry_of_each_input(other: str, alike: bool) -> None:
    types = {"one": "f32[M,9,4]", "other": other}
    values = tuple(Value(name, TensorType.parse(type)) for name, type in types.items())
    result = Value("sum", TensorType.parse("f32[M,9,4]"))
    node = Node("sum", "add", ("one", "other"), (result,))
    assert _element_wise(Graph("g", values, (node,), ("sum",)), node) == alike
