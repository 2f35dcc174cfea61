"""Values of more than three axes become (N, L, C), and reshapes fold."""

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize


def array(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, size=shape).astype("float32")


WEIGHTS = {
    "bn.scale": array(2, seed=1),
    "head.kernel": array(24, 5, seed=3),
}


def graph(body: str, outputs: str) -> str:
    return f"graph @main(%seq: f32[N,6,4]) {{\n{body}\n  return {outputs}\n}}\n"


@pytest.fixture
def check(parsed):
    """Before and after; the outputs stay, and the result is its own result."""

    def check(before, outputs, expected, expected_outputs):
        module = parsed(graph(before, outputs), "flat", WEIGHTS)
        found = Canonicalize()(module)
        verify(found)
        assert Canonicalize()(found) == found
        wanted = parsed(graph(expected, expected_outputs), "canonical", WEIGHTS)
        assert print_graph(found.main) == print_graph(wanted.main)
        x = np.random.default_rng(9).normal(size=(2, 6, 4))
        for name, other in zip(module.main.outputs, found.main.outputs, strict=True):
            old, new = (
                run(m, "main", {"seq": x}, dtype="float64")[key]
                for m, key in ((module, name), (found, other))
            )
            np.testing.assert_allclose(old, new, rtol=1e-6)

    return check


def test_one_reshape_for_two_and_none_for_nothing(check):
    check(
        """
  %a : f32[N,6,4,1] = reshape(%seq) {shape=(6,4,1)}
  %b : f32[N,24]    = flatten(%a)
  %c : f32[N,6,4]   = reshape(%b) {shape=(6,4)}
  %d : f32[N,3,8]   = reshape(%c) {shape=(3,-1)}
  %e : f32[N,6,4]   = relu(%c)
""",
        "%d, %e",
        """
  %d : f32[N,3,8] = reshape(%seq) {shape=(3,8)}
  %e : f32[N,6,4] = relu(%seq)
""",
        "%d, %e",
    )


def test_a_reshape_to_one_axis_is_a_flatten(check):
    check(
        "  %a : f32[N,24] = reshape(%seq) {shape=(-1)}",
        "%a",
        "  %a : f32[N,24] = flatten(%seq)",
        "%a",
    )


def test_lengths_that_do_not_divide_go_by_way_of_a_multiple(check):
    check(
        "  %a : f32[N,4,6] = reshape(%seq) {shape=(4,6)}",
        "%a",
        """
  %a.split : f32[N,12,2] = reshape(%seq) {shape=(12,2)}
  %a       : f32[N,4,6]  = reshape(%a.split) {shape=(4,6)}
""",
        "%a",
    )


def test_two_local_reshapes_stay_where_one_would_not_be_local(check):
    text = """
  %a : f32[N,12,2] = reshape(%seq) {shape=(12,2)}
  %b : f32[N,4,6]  = reshape(%a) {shape=(4,6)}
"""
    check(text, "%b", text, "%b")


def test_functions_of_elements_take_all_inner_axes_as_channels(check):
    check(
        """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b : f32[N,6,2,2] = relu(%a)
  %c : f32[N,6,2,2] = add(%a, %b)
""",
        "%c",
        """
  %b      : f32[N,6,4]   = relu(%seq)
  %c      : f32[N,6,4]   = add(%seq, %b)
  %c.back : f32[N,6,2,2] = reshape(%c) {shape=(6,2,2)}
""",
        "%c.back",
    )


def test_ops_along_channels_take_the_inner_axes_as_positions(check):
    check(
        """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b : f32[N,6,2,2] = scale_shift(%a) @bn.scale
  %c : f32[N,6,2,2] = softmax(%b)
""",
        "%c",
        """
  %b.rows : f32[N,12,2]  = reshape(%seq) {shape=(12,2)}
  %b      : f32[N,12,2]  = scale_shift(%b.rows) @bn.scale
  %c      : f32[N,12,2]  = softmax(%b)
  %c.back : f32[N,6,2,2] = reshape(%c) {shape=(6,2,2)}
""",
        "%c.back",
    )


def test_the_length_may_come_second(check):
    check(
        """
  %a : f32[N,1,6,4] = reshape(%seq) {shape=(1,6,4)}
  %b : f32[N,1,6,4] = tanh(%a)
  %c : f32[N,1,6,8] = concatenate(%a, %b) {axis=-1}
  %d : f32[N,1,12,8] = concatenate(%c, %c) {axis=2}
  %e : f32[N,96] = flatten(%d)
""",
        "%e",
        """
  %b : f32[N,6,4]  = tanh(%seq)
  %c : f32[N,6,8]  = concatenate(%seq, %b) {axis=2}
  %d : f32[N,12,8] = concatenate(%c, %c) {axis=1}
  %e : f32[N,96]   = flatten(%d)
""",
        "%e",
    )


def test_operands_spread_over_rows_and_over_a_middle_axis(check):
    """A gate of one row for all becomes one of (N, 1, C); one a position stays as it is."""
    check(
        """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %s : f32[N,6,2]   = slice_channels(%seq) {stop=2}
  %p : f32[N,2]     = global_max_pool(%s)
  %q : f32[N,1,1,2] = reshape(%p) {shape=(1,1,2)}
  %r : f32[N,6,2,2] = multiply(%a, %q)
""",
        "%r",
        """
  %s      : f32[N,6,2]   = slice_channels(%seq) {stop=2}
  %p      : f32[N,2]     = global_max_pool(%s)
  %r.rows : f32[N,12,2]  = reshape(%seq) {shape=(12,2)}
  %r.rows:2 : f32[N,1,2] = reshape(%p) {shape=(1,2)}
  %r      : f32[N,12,2]  = multiply(%r.rows, %r.rows:2)
  %r.back : f32[N,6,2,2] = reshape(%r) {shape=(6,2,2)}
""",
        "%r.back",
    )
    text = """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %s : f32[N,6,2]   = slice_channels(%seq) {stop=2}
  %q : f32[N,6,1,2] = reshape(%s) {shape=(6,1,2)}
  %r : f32[N,6,2,2] = multiply(%a, %q)
"""
    check(text, "%r", text, "%r")


def test_a_permute_of_inner_axes_and_what_is_behind_it(check):
    check(
        """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b : f32[N,6,2,2] = permute(%a) {order=(1,3,2)}
  %c : f32[N,24]    = flatten(%b)
  %d : f32[N,5]     = dense(%c) @head.kernel
""",
        "%d",
        """
  %a      : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b      : f32[N,6,2,2] = permute(%a) {order=(1,3,2)}
  %c.rows : f32[N,6,4]   = reshape(%b) {shape=(6,4)}
  %c      : f32[N,24]    = flatten(%c.rows)
  %d      : f32[N,5]     = dense(%c) @head.kernel
""",
        "%d",
    )


def test_turns_that_undo_each_other_are_none(check):
    """Axes that come to lie as they were; two turns that only turn further stay."""
    check(
        """
  %a : f32[N,4,6] = permute(%seq) {order=(2,1)}
  %b : f32[N,6,4] = permute(%a) {order=(2,1)}
  %c : f32[N,6,4] = relu(%b)
""",
        "%c",
        "  %c.turned.turned : f32[N,6,4] = relu(%seq)",
        "%c.turned.turned",
    )
    turned = """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b : f32[N,2,2,6] = permute(%a) {order=(2,3,1)}
  %c : f32[N,2,6,2] = permute(%b) {order=(2,3,1)}
"""
    last = "  %d : f32[N,6,2,2] = permute(%b) {order=(3,1,2)}"
    check(turned + last, "%c, %d", turned, "%c, %a")


def test_a_turn_that_leaves_the_channels_last_goes_behind_a_softmax(check):
    check(
        """
  %a : f32[N,6,2,2] = reshape(%seq) {shape=(6,2,2)}
  %b : f32[N,2,6,2] = permute(%a) {order=(2,1,3)}
  %c : f32[N,2,6,2] = softmax(%b)
""",
        "%c",
        """
  %c.turned.rows : f32[N,12,2]  = reshape(%seq) {shape=(12, 2)}
  %c.turned      : f32[N,12,2]  = softmax(%c.turned.rows)
  %c.turned.back : f32[N,6,2,2] = reshape(%c.turned) {shape=(6, 2, 2)}
  %c             : f32[N,2,6,2] = permute(%c.turned.back) {order=(2, 1, 3)}
""",
        "%c",
    )
