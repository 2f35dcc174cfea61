"""Attention that pools becomes one op, however its softmax is written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize

RANDOM = np.random.default_rng(6)
WEIGHTS = {
    "score.kernel": RANDOM.normal(size=(3, 4, 1)).astype("float32"),
    "more.shift": np.full(1, 0.25, "float32"),
    "mean.share": np.asarray(1 / 6, "float32"),
}
SCORE = "  %score : f32[N,6,1] = conv1d(%seq) {pad=same, width=3} @score.kernel\n"
WEIGH = """\
  %gate : f32[N,6,4] = multiply(%weight, %seq)
  %sum  : f32[N,4]   = global_sum_pool(%gate)
"""
POOL = f"{SCORE}  %sum : f32[N,4] = softmax_pool(%score, %seq)\n"

TURNED = f"""\
{SCORE}
  %turn    : f32[N,1,6] = permute(%score) {{order=(2,1)}}
  %softmax : f32[N,1,6] = softmax(%turn)
  %weight  : f32[N,6,1] = reshape(%softmax) {{shape=(6,1)}}
{WEIGH}"""
FLAT = f"""\
{SCORE}
  %flat    : f32[N,6]   = flatten(%score)
  %softmax : f32[N,6]   = softmax(%flat)
  %row     : f32[N,1,6] = reshape(%softmax) {{shape=(1,6)}}
  %rows    : f32[N,4,6] = upsample(%row) {{factor=4}}
  %weight  : f32[N,6,4] = permute(%rows) {{order=(2,1)}}
{WEIGH}"""
SCRAMBLED = FLAT.replace("permute(%rows) {order=(2,1)}", "reshape(%rows) {shape=(6,4)}")
POWERS = f"""\
{SCORE}
  %most   : f32[N,1,1] = global_max_pool(%score) {{keepdims=true}}
  %less   : f32[N,6,1] = subtract(%score, %most)
  %power  : f32[N,6,1] = exponential(%less)
  %total  : f32[N,1,1] = global_sum_pool(%power) {{keepdims=true}}
  %weight : f32[N,6,1] = divide(%power, %total)
{WEIGH}"""
MORE = POWERS.replace(
    "  %weight : f32[N,6,1] = divide(%power, %total)",
    "  %more   : f32[N,1,1] = scale_shift(%total) @more.shift\n"
    "  %weight : f32[N,6,1] = divide(%power, %more)",
)
CHANNELS = """\
  %turn    : f32[N,4,6] = permute(%seq) {order=(2,1)}
  %softmax : f32[N,4,6] = softmax(%turn)
  %weight  : f32[N,6,4] = permute(%softmax) {order=(2,1)}
  %gate : f32[N,6,4] = multiply(%seq, %weight)
  %mean : f32[N,1,4] = global_average_pool(%gate) {keepdims=true}
"""


def graph(body: str) -> str:
    output = body.split(" : ")[-2].split()[-1]
    return f"graph @main(%seq: f32[N,6,4]) {{\n{body}\n  return {output}\n}}\n"


def canonical(parsed: Callable, body: str) -> list[str]:
    """The graph that a body becomes, which computes the same, in float64."""
    module = parsed(graph(body), "flat", WEIGHTS)
    found = Canonicalize()(module)
    verify(found)
    assert Canonicalize()(found) == found
    x = np.random.default_rng(9).normal(size=(2, 6, 4))
    old, new = (
        run(m, "main", {"seq": x}, dtype="float64")[m.main.outputs[0]] for m in (module, found)
    )
    np.testing.assert_allclose(old, new, rtol=1e-6, atol=1e-9)
    return print_graph(found.main).split("\n")


def lines(parsed: Callable, body: str) -> list[str]:
    return print_graph(parsed(graph(body), "canonical", WEIGHTS).main).split("\n")


@pytest.mark.parametrize("body", [TURNED, FLAT, POWERS], ids=["turned", "flat", "powers"])
def test_it_is_one_op(body: str, parsed: Callable) -> None:
    assert canonical(parsed, body) == lines(parsed, POOL)


def test_a_constant_beside_the_total_scales_the_pool(parsed: Callable) -> None:
    assert canonical(parsed, MORE)[-7:-1] == [
        "  %sum.pool   : f32[N,4]   = softmax_pool(%score, %seq)",
        "  %sum.pool:2 : f32[N,1,1] = divide(%total, %more)",
        "  %sum.pool:3 : f32[N,1]   = reshape(%sum.pool:2) {shape=(1,)}",
        "  %sum        : f32[N,4]   = multiply(%sum.pool, %sum.pool:3)",
        "  return %sum",
        "}",
    ]


def test_a_mean_is_a_share_and_axes_are_kept(parsed: Callable) -> None:
    assert canonical(parsed, CHANNELS) == lines(
        parsed,
        """\
  %mean.pool   : f32[N,4]   = softmax_pool(%seq, %seq)
  %mean.pool:2 : f32[N,4]   = scale_shift(%mean.pool) scale=@mean.share
  %mean        : f32[N,1,4] = reshape(%mean.pool:2) {shape=(1,4)}
""",
    )


def test_weights_that_lie_otherwise_are_no_softmax_of_the_positions(parsed: Callable) -> None:
    assert "softmax_pool" not in "".join(canonical(parsed, SCRAMBLED))


def test_weights_of_channels_are_none_either(parsed: Callable) -> None:
    body = """\
  %weight : f32[N,6,4] = softmax(%seq)
  %gate : f32[N,6,4] = multiply(%seq, %weight)
  %sum : f32[N,4] = global_sum_pool(%gate)
"""
    assert canonical(parsed, body) == lines(parsed, body)


def test_a_product_of_three_is_no_softmax_of_the_positions(parsed: Callable) -> None:
    body = """\
  %gate : f32[N,6,4] = multiply(%seq, %seq, %seq)
  %sum  : f32[N,4]   = global_sum_pool(%gate)
"""
    assert canonical(parsed, body) == lines(parsed, body)
