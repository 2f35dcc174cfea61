"""How much wider than its change a window is made to please what reads it."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Sites
from fastism.passes import Annotate, Segment
from fastism.passes.propagation.demands import choose_layouts
from fastism.passes.propagation.graph import windows
from tests.passes.conftest import module_of

MIDDLE = tuple(range(25, 35))


def widths(
    body: str, outputs: str, width: int = 1, taps: int = 3, starts: tuple[int, ...] = MIDDLE
) -> dict[str, list[int]]:
    """The widths of every value's windows, for sites of 60 positions."""
    text = f"graph @main(%seq: f32[N,60,4]) {{\n{body}\n  return {outputs}\n}}\n"
    weights = {"taps.kernel": np.ones((taps, 4, 4), "float32")}
    weights = {name: array for name, array in weights.items() if f"@{name}" in text}
    module = module_of(text, "canonical", weights, sites=Sites(starts, width))
    module = Segment(weigh=False)(Annotate()(module))
    chosen = choose_layouts(module.main, windows(module))
    return {name: [layout.width for layout in strips] for name, strips in chosen.items()}


@pytest.mark.parametrize(("dilation", "width"), [(1, 1), (2, 2), (9, 9), (10, 1)])
def test_a_dilation_is_pleased_up_to_8_more_than_three_fifths(dilation: int, width: int) -> None:
    body = f"""  %a : f32[N,60,4] = tanh(%seq)
  %b : f32[N,60,4] = conv1d(%a) {{width=3, dilation={dilation}, pad=same}} @taps.kernel"""
    found = widths(body, "%b")
    assert found["a"] == [width]
    assert found["b"] == [2 * dilation + 1]


@pytest.mark.parametrize(("dilation", "width"), [(24, 24), (25, 10)])
def test_of_ten_positions_to_24(dilation: int, width: int) -> None:
    body = f"""  %a : f32[N,60,4] = tanh(%seq)
  %b : f32[N,60,4] = conv1d(%a) {{width=2, dilation={dilation}, pad=causal}} @taps.kernel"""
    assert widths(body, "%b", width=10, taps=2)["a"] == [width]


@pytest.mark.parametrize(("taps", "width"), [(2, 5), (3, 4)])
def test_what_is_read_beside_others_is_a_quarter_wider_at_most(taps: int, width: int) -> None:
    body = f"""  %a : f32[N,60,4] = tanh(%seq)
  %b : f32[N,60,4] = conv1d(%seq) {{width={taps}, pad=causal}} @taps.kernel
  %c : f32[N,60,4] = tanh(%b)
  %d : f32[N,60,4] = multiply(%a, %c)"""
    found = widths(body, "%d", width=4, taps=taps)
    assert found == {"seq": [width], "a": [width], **{name: [3 + taps] for name in "bcd"}}


def test_a_pool_is_pleased_on_its_grid() -> None:
    body = """  %a : f32[N,60,4] = tanh(%seq)
  %b : f32[N,20,4] = max_pool(%a) {size=3, stride=3}"""
    assert widths(body, "%b") == {"seq": [3], "a": [3], "b": [1]}


@pytest.mark.parametrize(("site", "expected"), [(40, [9, 9]), (56, [9])])
def test_windows_that_would_meet_once_they_please_are_one(site: int, expected: list[int]) -> None:
    """The two strands' windows of 9 lie from the site on, and from 119 less the site."""
    body = """  %back : f32[N,60,4] = slice(%seq) {start=59, stop=none, step=-1}
  %both : f32[N,120,4] = concatenate(%seq, %back) {axis=1}
  %a : f32[N,120,4] = tanh(%both)
  %b : f32[N,120,4] = conv1d(%a) {width=3, dilation=9, pad=same} @taps.kernel"""
    assert widths(body, "%b", starts=(site,))["a"] == expected
