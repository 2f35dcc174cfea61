"""Which weights are so large that differences behind them lose the small numbers."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.errors import PassError
from fastism.ir import Module
from fastism.passes.magnitudes import bring_large
from tests.passes.conftest import module_of

GRAPH = """graph @main(%seq: f32[N,9,4]) {{
  %conv : f32[N,9,4] = conv1d(%seq) {{width=3, pad=same}} @conv.kernel
  %told : f32[N,9,4] = positive(%conv)
  %fill : f32[1,9,4] = constant(%conv) value=@weight
{body}
  return %last
}}
"""


def found(body: str, weight: float, *, detached: bool = False) -> frozenset[str]:
    """What brings in large numbers, where one weight of ``@weight`` is that one."""
    weights = {
        "conv.kernel": np.full((3, 4, 4), 1e9, np.float32),  # of a convolution it is no matter
        "weight": np.array([weight, 1, 0, -1], np.float32),
    }
    if "%fill" in body:
        weights["weight"] = np.zeros((1, 9, 4), np.float32)
        weights["weight"][0, 5, 2] = weight
    module: Module = module_of(GRAPH.format(body=body), "canonical", weights, detached=detached)
    return bring_large(module)


@pytest.mark.parametrize(
    ("body", "enough"),
    [
        ("  %last : f32[N,9,4] = scale_shift(%conv) scale=@weight", 1e4),
        ("  %last : f32[N,9,4] = multiply(%conv, %fill)", 1e4),
        ("  %last : f32[N,9,4] = select(%told, %conv, %fill)", 100.0),
        ("  %last : f32[N,9,4] = scale_shift(%told) scale=@weight", 100.0),
        ("  %last : f32[N,9,4] = scale_shift(%seq) scale=@weight", 100.0),
        ("  %last : f32[N,9,4] = multiply(%told, %fill)", 100.0),
    ],
)
def test_a_factor_is_large_from_there_on(body: str, enough: float) -> None:
    assert found(body, 0.99 * enough) == frozenset()
    for weight in (enough, -enough, np.inf):
        assert found(body, weight) == {"last"}
    with pytest.raises(PassError, match="only its hash is here"):
        found(body, enough, detached=True)


def test_sums_of_truths_are_truths_and_functions_of_them_are_not() -> None:
    counted = """  %some : f32[N,9,1] = channel_sum(%told)
  %last : f32[N,9,1] = scale_shift(%some) scale=@weight"""
    assert found(counted, 200.0) == {"last"}
    assert found(counted.replace("channel_sum(%told)", "channel_sum(%conv)"), 200.0) == frozenset()


@pytest.mark.parametrize("op", ["add", "maximum", "subtract"])
def test_what_all_values_have_in_common_is_not_large(op: str) -> None:
    assert found(f"  %last : f32[N,9,4] = {op}(%conv, %fill)", 1e9) == frozenset()
