"""Channels that nobody takes are not computed, and the others are what they were."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir.module import Module
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize

RANDOM = np.random.default_rng(0)
WEIGHTS = {
    "conv.kernel": RANDOM.normal(size=(3, 4, 9)).astype("float32"),
    "conv.bias": RANDOM.normal(size=9).astype("float32"),
    "dense.kernel": RANDOM.normal(size=(24, 5)).astype("float32"),
    "group.kernel": RANDOM.normal(size=(1, 2, 8)).astype("float32"),
}
CONV = "%conv : f32[N,6,9] = conv1d(%seq) {width=3, pad=same} @conv.kernel @conv.bias"


@pytest.fixture
def canonical(parsed: Callable[..., Module]) -> Callable[[str, str], Module]:
    """Canonicalize a graph; its outputs must stay, and canonicalizing again changes nothing."""

    def canonical(body: str, outputs: str) -> Module:
        text = f"graph @main(%seq: f32[N,6,4]) {{\n{body}\n  return {outputs}\n}}\n"
        before = parsed(text, "flat", WEIGHTS)
        after = Canonicalize()(before)
        verify(after)
        assert Canonicalize()(after) == after
        x = {"seq": np.random.default_rng(1).normal(size=(2, 6, 4))}
        for old, new in zip(before.main.outputs, after.main.outputs, strict=True):
            expected = run(before, "main", x, dtype="float64")[old]
            np.testing.assert_allclose(run(after, "main", x, dtype="float64")[new], expected)
        return after

    return canonical


def lines(module: Module) -> list[str]:
    """The nodes of the main graph as text, without the alignment."""
    text = print_graph(module.main, module.constants)
    return [" ".join(line.split()) for line in text.splitlines()[1:-2]]


def test_a_slice_behind_a_function_is_a_layer_of_fewer_channels(
    canonical: Callable[[str, str], Module],
) -> None:
    module = canonical(
        f"""
  {CONV}
  %act   : f32[N,6,9] = sigmoid(%conv)
  %crop  : f32[N,4,9] = crop(%act) {{left=1, right=1}}
  %taken : f32[N,4,2] = slice_channels(%crop) {{start=1, stop=8, step=6}}""",
        "%taken",
    )
    conv, act, crop = lines(module)
    assert conv.startswith("%conv.taken : f32[N,6,2] = conv1d(%seq) {width=3, pad=same}")
    assert act == "%act.taken : f32[N,6,2] = sigmoid(%conv.taken)"
    assert crop == "%taken : f32[N,4,2] = crop(%act.taken) {left=1, right=1}"
    kernel = module.constants["conv.kernel.taken"].data
    np.testing.assert_array_equal(kernel, WEIGHTS["conv.kernel"][..., [1, 7]])


PIECES = """
  %flat  : f32[N,24] = flatten(%seq)
  %dense : f32[N,5] = dense(%flat) @dense.kernel
  %a     : f32[N,1] = slice_channels(%dense) {start=4, stop=5}
  %b     : f32[N,2] = slice_channels(%dense) {start=1, stop=none, step=2}"""


def test_pieces_side_by_side_are_one_layer(canonical: Callable[[str, str], Module]) -> None:
    module = canonical(f"{PIECES}\n  %both  : f32[N,3] = concatenate(%a, %b)", "%both")
    (dense,) = [node for node in module.main.nodes if node.op == "dense"]
    assert (dense.name, dense.type.channels) == ("both", 3)
    kernel = module.constants["dense.kernel.taken"].data
    np.testing.assert_array_equal(kernel, WEIGHTS["dense.kernel"][..., [4, 1, 3]])


def test_pieces_apart_are_layers_each(canonical: Callable[[str, str], Module]) -> None:
    module = canonical(f"{PIECES}\n  %both  : f32[N,3] = concatenate(%a, %b)", "%both, %a")
    widths = {node.name: node.type.channels for node in module.main.nodes if node.op == "dense"}
    assert widths == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        (f"{CONV}\n  %t : f32[N,6,2] = slice_channels(%conv) {{start=0, stop=2}}", "%t, %conv"),
        (
            f"{CONV}\n  %t : f32[N,6,2] = slice_channels(%conv) {{start=0, stop=2}}\n"
            "  %a : f32[N,6,9] = relu(%conv)",
            "%t, %a",
        ),
        (
            f"{CONV}\n  %t : f32[N,6,4] = slice_channels(%conv) {{start=0, stop=4}}\n"
            "  %u : f32[N,6,5] = slice_channels(%conv) {start=4, stop=9}",
            "%t, %u",
        ),
        (
            f"{CONV}\n  %s : f32[N,6,9] = softmax(%conv)\n"
            "  %t : f32[N,6,4] = slice_channels(%s) {start=0, stop=4}",
            "%t",
        ),
        (
            "%g : f32[N,6,8] = conv1d(%seq) {width=1, groups=2} @group.kernel\n"
            "  %t : f32[N,6,2] = slice_channels(%g) {start=0, stop=2}",
            "%t",
        ),
    ],
    ids=["an output", "another reader", "all of it", "softmax", "groups"],
)
def test_what_needs_the_other_channels_is_left(
    canonical: Callable[[str, str], Module], body: str, outputs: str
) -> None:
    assert any("= slice_channels(" in line for line in lines(canonical(f"  {body}", outputs)))
