"""A softmax over the positions of each pool becomes pools and repeated positions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize

WEIGHTS = {"weights.kernel": np.random.default_rng(3).normal(size=(4, 4)).astype("float32")}
SOFTMAX = """\
graph @main(%seq: f32[N,6,4]) {
  %pools   : f32[N,3,2,4] = reshape(%seq) {shape=(3,2,4)}
  %scores  : f32[N,3,2,4] = dense(%pools) @weights.kernel
  %turn    : f32[N,3,4,2] = permute(%scores) {order=(1,3,2)}
  %softmax : f32[N,3,4,2] = softmax(%turn)
  %back    : f32[N,3,2,4] = permute(%softmax) {order=(1,3,2)}
  %gate    : f32[N,3,2,4] = multiply(%pools, %back)
  %rows    : f32[N,6,4]   = reshape(%gate) {shape=(6,4)}
  %pool    : f32[N,3,4]   = average_pool(%rows) {size=2, stride=2}
  return %pool
}
"""
ALL_THE_WAY = SOFTMAX.replace("softmax(%turn)", "tanh(%turn)")
ANOTHER_AXIS = """\
graph @main(%seq: f32[N,3,4,2]) {
  %turn    : f32[N,3,2,4] = permute(%seq) {order=(1,3,2)}
  %softmax : f32[N,3,2,4] = softmax(%turn)
  %back    : f32[N,3,4,2] = permute(%softmax) {order=(1,3,2)}
  return %back
}
"""


def canonical(parsed: Callable, text: str) -> str:
    """The graph that a text becomes, which computes the same, in float64."""
    module = parsed(text, "flat", WEIGHTS if "weights" in text else {})
    found = Canonicalize()(module)
    verify(found)
    assert Canonicalize()(found) == found
    shape = module.main.inputs[0].type.shape[1:]
    x = 300 * np.random.default_rng(9).normal(size=(2, *map(int, shape)))
    old, new = (
        run(m, "main", {"seq": x}, dtype="float64")[m.main.outputs[0]] for m in (module, found)
    )
    np.testing.assert_allclose(old, new, rtol=1e-6, atol=1e-9)
    return print_graph(found.main)


def test_rows_of_positions_stay_as_they_are(parsed: Callable) -> None:
    lines = canonical(parsed, SOFTMAX).split("\n")[1:-3]
    assert [line.partition(" : ")[2].split(" @")[0].split(" scale=")[0] for line in lines] == [
        "f32[N,6,4] = conv1d(%seq) {width=1}",
        "f32[N,3,4] = max_pool(%scores) {size=2, stride=2}",
        "f32[N,6,4] = upsample(%back.max_pool) {factor=2}",
        "f32[N,6,4] = subtract(%scores, %back.upsample)",
        "f32[N,6,4] = exponential(%back.subtract)",
        "f32[N,3,4] = average_pool(%back.exponential) {size=2, stride=2}",
        "f32[N,3,4] = scale_shift(%back.average_pool)",
        "f32[N,6,4] = upsample(%back.scale_shift) {factor=2}",
        "f32[N,6,4] = divide(%back.exponential, %back.upsample:2)",
        "f32[N,6,4] = multiply(%seq, %back.divide)",
        "f32[N,3,4] = average_pool(%gate) {size=2, stride=2}",
    ]


@pytest.mark.parametrize("text", [ALL_THE_WAY, ANOTHER_AXIS], ids=["function", "axis"])
def test_others_are_none_of_it(text: str, parsed: Callable) -> None:
    """Another function; or values that never had their positions along one axis."""
    assert "max_pool" not in canonical(parsed, text)
