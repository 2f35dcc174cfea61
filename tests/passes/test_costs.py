"""What the cost model says of single ops, and of a propagation graph, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastism.ir import Constant, GraphBuilder, Module, TensorType
from fastism.passes.costs import (
    BYTES,
    LIVE,
    NOMINAL,
    PRODUCTS,
    Rates,
    Work,
    efficiency,
    moved,
    seconds,
    seconds_an_item,
    work_an_item,
)
from tests.passes.conftest import module_of

TEXT = """graph @main(%seq: f32[N,50,4]) {
  %conv : f32[N,50,32] = conv1d(%seq) {width=3, pad=same} @conv.kernel
  %relu : f32[N,50,32] = relu(%conv)
  %thin : f32[N,50,2] = conv1d(%relu) {width=1} @thin.kernel
  %sum : f32[N,50,2] = add(%thin, %thin)
  return %sum
}
"""
WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 32), "float32"),
    "thin.kernel": np.ones((1, 32, 2), "float32"),
}


@pytest.fixture
def module() -> Module:
    return module_of(TEXT, "canonical", WEIGHTS)


def test_a_product_runs_at_a_share_of_the_peak_by_its_kernel(module: Module) -> None:
    """12 rows of 32 columns; 2 columns count as 16. Half speed is at four of either."""
    conv, relu, thin, total = module.main.nodes
    shares = [efficiency(node, module.main.types(node.inputs)) for node in (conv, thin)]
    assert shares == pytest.approx([12 / 16 * 32 / 36, 32 / 36 * 16 / 20])
    assert efficiency(relu, module.main.types(relu.inputs)) == 1.0
    assert efficiency(total, module.main.types(total.inputs)) == 1.0


def test_a_product_of_vectors_runs_at_its_share_too() -> None:
    builder = GraphBuilder("main", {})
    x = builder.input("x", TensorType.parse("f32[N,12]"))
    kernel = builder.constant("d.kernel", np.ones((12, 28), "float32"))
    builder.add("dense", [x], name="d", constants={"kernel": kernel})
    graph = builder.finish(["d"])
    (dense,) = graph.nodes
    assert efficiency(dense, graph.types(dense.inputs)) == pytest.approx(12 / 16 * 28 / 32)


def test_an_op_takes_its_products_and_the_bytes_it_moves(module: Module) -> None:
    conv, relu, _, total = module.main.nodes
    types = {node.name: module.main.types(node.inputs) for node in module.main.nodes}
    assert moved(conv, types["conv"]) == 4 * 50 * (4 + 32)
    assert moved(total, types["sum"]) == 4 * 50 * (2 + 2 + 2)
    assert seconds(relu, types["relu"]) == pytest.approx(4 * 50 * 64 / BYTES)
    products = 50 * 3 * 4 * 32 / (PRODUCTS * 12 / 16 * 32 / 36)
    expected = products + 4 * 50 * 36 / BYTES
    assert seconds(conv, types["conv"]) == pytest.approx(expected)


def test_light_ops_in_a_row_move_what_goes_in_and_out() -> None:
    """A loop of two: 4 channels in, 4 out; what passes between the two is not moved."""
    builder = GraphBuilder("propagate0", {})
    x = builder.input("x", TensorType.parse("f32[M,5,4]"))
    y = builder.add("tanh", [x], name="y")
    z = builder.add("relu", [y], name="z")
    assert seconds_an_item(builder.finish([z])) == pytest.approx(4 * 5 * 8 / BYTES)
    both = seconds_an_item(builder.finish([y, z]))
    assert both == pytest.approx(4 * 5 * 12 / BYTES)


def test_what_is_done_once_a_pair_counts_for_its_share() -> None:
    """The reference itself, N, is not read anew; its window is written once for three items."""
    builder = GraphBuilder("propagate0", {})
    x = builder.input("x", TensorType.parse("f32[N,50,4]"))
    index = builder.input("i", TensorType.parse("i32[P]"))
    window = builder.add("gather_reference", [x, index], name="w")
    spent = seconds_an_item(builder.finish([window]), 3)
    assert spent == pytest.approx((4 + 4 * 50 * 4) / BYTES / 3)
    assert seconds_an_item(builder.finish([window])) == spent
    assert seconds_an_item(builder.finish([window]), 1) == pytest.approx(3 * spent)


def test_a_backends_rates(module: Module) -> None:
    conv = module.main.nodes[0]
    types = module.main.types(conv.inputs)
    rates = Rates(products=PRODUCTS / 2, bytes=BYTES / 5)
    products = seconds(conv, types) - moved(conv, types) / BYTES
    expected = 2 * products + 5 * moved(conv, types) / BYTES
    assert seconds(conv, types, rates) == pytest.approx(expected)


def test_what_is_not_fused_moves_all_values() -> None:
    builder = GraphBuilder("propagate0", {})
    x = builder.input("x", TensorType.parse("f32[M,5,4]"))
    y = builder.add("tanh", [x], name="y")
    graph = builder.finish([builder.add("relu", [y], name="z")])
    work = work_an_item(graph)
    assert (work.products, work.fused_bytes, work.bytes) == (0, 4 * 5 * 8, 4 * 5 * 16)
    assert work.seconds(NOMINAL) == pytest.approx(4 * 5 * 8 / BYTES)
    assert work.seconds(replace(NOMINAL, fuses=False)) == pytest.approx(4 * 5 * 16 / BYTES)


def test_products_with_zero_are_left_out_by_who_skips_them() -> None:
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("propagate0", constants)
    x = builder.input("x", TensorType.parse("f32[M,5,4]"))
    kernel = builder.constant("kernel", np.ones((3, 4, 4), "float32"))
    builder.add(
        "conv1d",
        [x],
        name="conv",
        attributes={"width": 3, "pad": "same"},
        constants={"kernel": kernel},
    )
    work = work_an_item(builder.finish(["conv"]))
    every = replace(NOMINAL, bytes=float("inf"))
    skips = replace(every, skips=True)
    assert work.seconds(every, 0.25) == work.seconds(every)
    assert work.seconds(skips, 0.25) == pytest.approx(work.seconds(every) / 4)
    assert work.seconds(skips) == pytest.approx(LIVE * work.seconds(every))


def dilated(width: int, dilation: int) -> Work:
    """What a convolution of a window does."""
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("propagate0", constants)
    x = builder.input("x", TensorType.parse(f"f32[M,{width},4]"))
    kernel = builder.constant("kernel", np.ones((3, 4, 4), "float32"))
    options = {"width": 3, "pad": "same", "dilation": dilation}
    constant = {"kernel": kernel}
    made = builder.add("conv1d", [x], name="conv", attributes=options, constants=constant)
    return work_an_item(builder.finish([made]))


def test_windows_that_were_rounded_up_count_where_they_are_multiplied() -> None:
    """A window of 16 with a dilation of 8 was 12.5 positions on average: 9 to 16."""
    assert dilated(16, 1).exact_products == dilated(16, 1).products
    work = dilated(16, 8)
    assert work.exact_products == pytest.approx(work.products * 12.5 / 16)
    assert work.seconds(replace(NOMINAL, exact=True)) < work.seconds(NOMINAL)


@pytest.mark.parametrize(("width", "dilation"), [(1, 4), (3, 8), (12, 8)])
def test_a_window_that_is_no_multiple_of_the_dilation_was_not_rounded(
    width: int, dilation: int
) -> None:
    """A single position before taps that are 4 apart, for one: there is no less than all of it."""
    work = dilated(width, dilation)
    assert work.exact_products == work.products > 0
