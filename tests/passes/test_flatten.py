"""Nested models, before and after, in the IR's own text."""

import numpy as np

from fastism.backends.reference import run
from fastism.ir.printer import print_module
from fastism.passes import Flatten

WEIGHTS = {
    "conv.kernel": np.random.default_rng(0).normal(size=(3, 4, 4)).astype("float32"),
    "spare.kernel": np.zeros((4, 4), "float32"),
}
NESTED = """
graph @model(%seq: f32[N,6,4]) {
  %enc   : f32[N,6,4] = call(%seq) {graph=inner} layer=enc
  %enc:2 : f32[N,6,4] = call(%enc) {graph=inner} layer=enc
  %sum   : f32[N,6,4] = add(%enc, %enc:2) layer=sum
  return %sum, %enc
}
graph @inner(%x: f32[N,6,4]) {
  %conv  : f32[N,6,4] = conv1d(%x) {width=3, pad=same} @conv.kernel layer=enc/conv
  %spare : f32[N,6,4] = dense(%x) @spare.kernel layer=enc/spare
  return %conv
}
"""
FLAT = """
graph @main(%seq: f32[N,6,4]) {
  %enc/conv   : f32[N,6,4] = conv1d(%seq) {width=3, pad=same} @conv.kernel layer=enc/conv
  %enc:2/conv : f32[N,6,4] = conv1d(%enc/conv) {width=3, pad=same} @conv.kernel layer=enc/conv
  %sum        : f32[N,6,4] = add(%enc/conv, %enc:2/conv) layer=sum
  return %sum, %enc/conv
}
"""


def test_calls_are_inlined_under_their_path(parsed) -> None:
    result = Flatten()(parsed(NESTED, "imported", WEIGHTS))
    expected = parsed(FLAT, "flat", WEIGHTS).replace(after="flatten")
    assert print_module(result) == print_module(expected)
    assert result == expected


def test_a_shared_layer_is_two_nodes_and_one_weight(parsed) -> None:
    result = Flatten()(parsed(NESTED, "imported", WEIGHTS))
    kernels = [node.constant("kernel") for node in result.main.nodes if node.op == "conv1d"]
    assert kernels == ["conv.kernel", "conv.kernel"]
    assert set(result.constants) == {"conv.kernel"}


def test_outputs_are_unchanged(parsed) -> None:
    source = parsed(NESTED, "imported", WEIGHTS)
    x = np.random.default_rng(1).normal(size=(2, 6, 4))
    before = run(source, "model", {"seq": x})
    after = run(Flatten()(source), "main", {"seq": x})
    assert list(after) == ["sum", "enc/conv"]
    for old, new in zip(before.values(), after.values(), strict=True):
        np.testing.assert_array_equal(old, new)


DEEP = """
graph @model(%seq: f32[N,6,4], %gain: f32[N,6,4]) {
  %outer!0, %outer!1 : f32[N,6,4], f32[N,6,4] = call(%gain, %seq) {graph=middle}
  %out : f32[N,6,4] = subtract(%outer!1, %outer!0)
  return %out
}
graph @middle(%a: f32[N,6,4], %b: f32[N,6,4]) {
  %deep : f32[N,6,4] = call(%b) {graph=leaf}
  return %a, %deep
}
graph @leaf(%z: f32[N,6,4]) {
  %act : f32[N,6,4] = tanh(%z) layer=outer/deep/act
  return %act
}
"""


def test_deep_nesting_several_results_and_an_input_passed_through(parsed) -> None:
    graph = Flatten()(parsed(DEEP, "imported")).main
    assert [(node.name, node.inputs) for node in graph.nodes] == [
        ("outer/deep/act", ("seq",)),
        ("out", ("outer/deep/act", "gain")),
    ]
    assert str(graph.by_name["outer/deep/act"].origin) == "outer/deep/act"


def test_a_path_that_is_taken_gets_a_number(parsed) -> None:
    text = DEEP.replace("%out ", "%outer/deep/act ").replace(
        "return %out", "return %outer/deep/act"
    )
    graph = Flatten()(parsed(text, "imported")).main
    assert [node.name for node in graph.nodes] == ["outer/deep/act", "outer/deep/act:2"]
    assert graph.outputs == ("outer/deep/act:2",)


def test_flat_stays_flat(parsed) -> None:
    once = Flatten()(parsed(NESTED, "imported", WEIGHTS))
    assert Flatten()(once) == once
