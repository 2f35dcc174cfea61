"""Every op's result type, how it reads its inputs, what it costs and what it refuses: values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import VerifyError
from fastism.ir import Node, TensorType, Value, Whole, Window
from fastism.ir.builder import complete
from fastism.ir.ops import OpDefinition, Products, definition, names, register, registry
from fastism.ir.ops.live import inputs_inside
from fastism.ir.ops.pointwise import same_type
from fastism.ir.windows import POINTWISE, UNREAD

N = "f32[N,12,6]"
"""Twelve positions of six channels."""


def types(*texts: str) -> tuple[TensorType, ...]:
    return tuple(map(TensorType.parse, texts))


def node(op: str, *inputs: str, result: str = "", **attributes: Any) -> Node:
    """A node by itself. Roles of constants are attributes that hold the text of a type."""
    known = definition(op).attributes
    roles = {key: TensorType.parse(attributes.pop(key)) for key in set(attributes) - set(known)}
    values = (Value("x", TensorType.parse(result)),) if result else ()
    made = Node("x", op, tuple(inputs), values, complete(op, attributes))
    found = definition(op).infer(made, types(*inputs), roles)
    return made.replace(results=tuple(Value("x", type) for type in found))


RESULTS: list[tuple[str, tuple[str, ...], dict[str, Any], str]] = [
    ("conv1d", (N,), {"width": 3, "kernel": "f32[3,6,8]"}, "f32[N,10,8]"),
    ("conv1d", (N,), {"width": 3, "pad": "same", "kernel": "f32[3,6,8]"}, "f32[N,12,8]"),
    ("conv1d", (N,), {"width": 3, "pad": "causal", "kernel": "f32[3,6,8]"}, "f32[N,12,8]"),
    ("conv1d", (N,), {"width": 3, "pad": (1, 4), "kernel": "f32[3,6,8]"}, "f32[N,15,8]"),
    ("conv1d", (N,), {"width": 3, "dilation": 4, "kernel": "f32[3,6,8]"}, "f32[N,4,8]"),
    ("conv1d", (N,), {"width": 3, "stride": 4, "kernel": "f32[3,6,8]"}, "f32[N,3,8]"),
    (
        "conv1d",
        (N,),
        {"width": 3, "stride": 5, "pad": "same", "kernel": "f32[3,6,8]"},
        "f32[N,3,8]",
    ),
    ("conv1d", (N,), {"width": 1, "groups": 3, "kernel": "f32[1,2,9]"}, "f32[N,12,9]"),
    ("conv1d", (N,), {"width": 12, "kernel": "f32[12,6,2]"}, "f32[N,1,2]"),
    ("dense", (N,), {"kernel": "f32[6,5]"}, "f32[N,12,5]"),
    ("dense", ("f32[N,6]",), {"kernel": "f32[6,5]"}, "f32[N,5]"),
    ("max_pool", (N,), {"size": 3, "stride": 3}, "f32[N,4,6]"),
    ("average_pool", (N,), {"size": 5, "stride": 5, "pad": "same"}, "f32[N,3,6]"),
    ("global_max_pool", (N,), {}, "f32[N,6]"),
    ("global_sum_pool", (N,), {"keepdims": True}, "f32[N,1,6]"),
    ("softmax_pool", ("f32[N,12,1]", N), {}, "f32[N,6]"),
    ("softmax_pool", (N, N), {}, "f32[N,6]"),
    ("add", (N, "f32[N,1,6]", "f32[N,12,1]"), {}, N),
    ("add", ("f32[N,1,6]", "f32[N,12,1]"), {}, N),
    ("maximum", ("f32[N,1]", "f32[N,1]"), {}, "f32[N,1]"),
    ("concatenate", (N, "f32[N,12,2]"), {}, "f32[N,12,8]"),
    ("concatenate", (N, "f32[N,3,6]", N), {"axis": 1}, "f32[N,27,6]"),
    ("concatenate", (N,), {}, N),
    ("constant", (N,), {"value": "f32[4,2]"}, "f32[N,4,2]"),
    ("cast", (N,), {"dtype": "f64"}, "f64[N,12,6]"),
    ("cast", ("i32[N,12,6]",), {"dtype": "f32"}, N),
    ("relu", (N,), {}, N),
    ("channel_sum", (N,), {}, "f32[N,12,1]"),
    ("channel_max", ("f32[N,6]",), {}, "f32[N,1]"),
    ("channel_sort", (N,), {}, N),
    ("mask", ("i32[N,12,6]",), {}, "f32[N,12,1]"),
    ("masked", (N, "f32[N,12,1]"), {}, N),
    ("token", (N,), {"dtype": "i32"}, "i32[N,12]"),
    ("layer_norm", (N,), {}, N),
    ("crop", (N,), {"left": 2, "right": 3}, "f32[N,7,6]"),
    ("crop", (N,), {"left": 11}, "f32[N,1,6]"),
    ("zero_pad", (N,), {"left": 2, "right": 3}, "f32[N,17,6]"),
    ("slice", (N,), {"start": 1, "stop": -1, "step": 3}, "f32[N,4,6]"),
    ("slice", (N,), {"step": -1}, N),
    ("slice_channels", (N,), {"start": 4}, "f32[N,12,2]"),
    ("upsample", (N,), {"factor": 3}, "f32[N,36,6]"),
    ("flatten", (N,), {}, "f32[N,72]"),
    ("reshape", (N,), {"shape": (-1, 9)}, "f32[N,8,9]"),
    ("reshape", (N,), {"shape": (72,)}, "f32[N,72]"),
    ("permute", (N,), {"order": (2, 1)}, "f32[N,6,12]"),
    ("identity", (N,), {}, N),
    ("windowed_opaque", (N,), {"key": "k", "width": 3, "features": (5,)}, "f32[N,10,5]"),
    (
        "windowed_opaque",
        ("f32[N,2]", N),
        {"key": "k", "width": 3, "pad": "same", "features": (5, 2), "dtype": "f64"},
        "f64[N,12,5,2]",
    ),
    ("window", (N, "i32[P]", "i32[P]"), {"width": 5, "start": "i32[9]"}, "f32[P,5,6]"),
    ("gather_reference", ("f32[N,6]", "i32[P]"), {}, "f32[P,6]"),
    (
        "place",
        ("f32[M,5,6]", "i32[P]"),
        {"width": 7, "length": 12, "shift": "i32[9]", "start": "i32[9]"},
        "f32[M,7,6]",
    ),
    ("pick", ("f32[M,5,6]",), {"offset": 1, "width": 3}, "f32[M,3,6]"),
    ("add_reference", ("f32[M,5,6]", "f32[P,5,6]"), {}, "f32[M,5,6]"),
    ("expand", ("f32[P,5,6]", "f32[M,2]"), {}, "f32[M,5,6]"),
    ("zero_window", ("f64[M,2]",), {"width": 4, "channels": 3}, "f64[M,4,3]"),
    (
        "conv1d_spread",
        ("f32[M,5,6]",),
        {"width": 3, "dilation": 2, "kernel": "f32[3,6,8]"},
        "f32[M,9,8]",
    ),
    (
        "dense_rows",
        ("f32[M,5,6]", "i32[P]"),
        {"length": 12, "kernel": "f32[72,7]", "start": "i32[9]"},
        "f32[M,7]",
    ),
    ("sum_window", ("f32[M,5,6]",), {}, "f32[M,6]"),
    ("weigh_reference", ("f32[M,5]", "f32[P,5,6]"), {}, "f32[M,6]"),
    ("dense_by_channel", (N,), {"kernel": "f32[72,7]"}, "f32[N,6,7]"),
    ("running_max", (N,), {}, "f32[N,13,6]"),
    ("running_softmax_pool", ("f32[N,12,1]", N), {}, "f32[N,13,6]"),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "result"), RESULTS)
def test_the_result(
    op: str, inputs: tuple[str, ...], attributes: dict[str, Any], result: str
) -> None:
    assert str(node(op, *inputs, **attributes).type) == result


REFUSED: list[tuple[str, tuple[str, ...], dict[str, Any], str]] = [
    ("conv1d", (N,), {"width": 4, "kernel": "f32[3,6,8]"}, "has 3 taps, the node says 4"),
    ("conv1d", (N,), {"width": 3, "kernel": "f32[3,5,8]"}, "does not fit the input f32"),
    ("conv1d", ("f32[N,6]",), {"width": 3, "kernel": "f32[3,6,8]"}, "does not fit the input"),
    ("conv1d", (N,), {"width": 13, "kernel": "f32[13,6,8]"}, "at least 13 positions, .* has 12"),
    ("conv1d", (N,), {"width": 3, "pad": "full", "kernel": "f32[3,6,8]"}, "known: valid, same"),
    ("conv1d", (N,), {"width": 3, "pad": (-1, 0), "kernel": "f32[3,6,8]"}, "no pair of counts"),
    ("conv1d", (N,), {"width": 3, "pad": ("1", 0), "kernel": "f32[3,6,8]"}, "no pair of counts"),
    ("conv1d", (N,), {"width": 3, "stride": 0, "kernel": "f32[3,6,8]"}, "stride=0 is below 1"),
    ("dense", (N,), {"kernel": "f32[5,6]"}, "does not fit the input"),
    ("dense", ("f32[N]",), {"kernel": "f32[5,6]"}, "does not fit the input"),
    ("max_pool", ("f32[N,6]",), {"size": 2, "stride": 2}, r"not f32\[N,6\]"),
    ("max_pool", ("f32[N,2,2,6]",), {"size": 2, "stride": 2}, r"not f32\[N,2,2,6\]"),
    ("global_max_pool", ("f32[N,6]",), {}, r"not f32\[N,6\]"),
    ("softmax_pool", ("f32[N,12,2]", N), {}, "does not score the positions"),
    ("softmax_pool", ("f32[N,11,1]", N), {}, "does not score the positions"),
    ("softmax_pool", ("f64[N,12,1]", N), {}, "does not score the positions"),
    ("softmax_pool", ("f64[N,12,6]", N), {}, "does not score the positions"),
    ("softmax_pool", ("f32[N,12,1]", "f32[N,12,1,1]"), {}, "does not score the positions"),
    ("add", (N, "f32[N,12,5]"), {}, "cannot combine f32.N,12,6., f32.N,12,5."),
    ("add", (N, "f64[N,12,6]"), {}, "cannot combine"),
    ("add", (N, "f32[N,6]"), {}, "cannot combine"),
    ("add", (N, "f64[N,6]"), {}, "cannot combine"),
    ("concatenate", (N, "f32[N,11,6]"), {}, "f32.N,12,6., f32.N,11,6. over axis 2"),
    ("concatenate", (N, N, "f32[N,12,5]"), {"axis": 1}, "over axis 1"),
    ("concatenate", (N, "f32[N,6]"), {}, "cannot concatenate f32.N,12,6., f32.N,6."),
    ("concatenate", (N, "f32[M,12,6]"), {}, "cannot concatenate"),
    ("concatenate", (N, "f64[N,12,6]"), {}, "cannot concatenate"),
    ("constant", (N,), {"value": "f64[4]"}, "cannot meet f32"),
    ("cast", (N,), {"dtype": "i32"}, "to f32 or f64, not f32 to i32"),
    ("cast", ("bool[N,3]",), {"dtype": "f32"}, "not bool to f32"),
    ("channel_sum", ("f32[N]",), {}, "has no channels"),
    ("mask", ("f32[N,6]",), {}, r"not f32\[N,6\]"),
    ("token", ("f32[N,6]",), {"dtype": "i32"}, "reads rows of positions"),
    ("crop", (N,), {"left": 6, "right": 6}, "crops all 12 positions away"),
    ("crop", (N,), {"left": -1}, "left=-1 is below 0"),
    ("zero_pad", (N,), {"right": -2}, "right=-2 is below 0"),
    ("slice", (N,), {"start": 5, "stop": 5}, "takes none of 12"),
    ("slice_channels", (N,), {"start": 6}, "takes none of 6"),
    ("upsample", (N,), {"factor": 0}, "factor=0 is below 1"),
    ("reshape", (N,), {"shape": (-1, 7)}, "cannot reshape 72 elements"),
    ("permute", (N,), {"order": (1, 1)}, "no order of the axes"),
    ("windowed_opaque", ("f32[N,2]",), {"key": "k", "width": 3, "features": ()}, "has positions"),
    ("dense_by_channel", (N,), {"kernel": "f32[71,7]"}, "does not fit the input"),
    ("weigh_reference", ("f32[M,4]", "f32[P,5,6]"), {}, "does not weigh the rows"),
    ("running_softmax_pool", ("f32[N,11,1]", N), {}, "does not score the positions"),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "why"), REFUSED)
def test_what_does_not_fit(
    op: str, inputs: tuple[str, ...], attributes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        node(op, *inputs, **attributes)


FLAT = Whole("has no sequence axis")
READS: list[tuple[str, tuple[str, ...], dict[str, Any], tuple[Any, ...]]] = [
    (
        "conv1d",
        (N,),
        {"width": 3, "stride": 2, "dilation": 2, "pad": "same", "kernel": "f32[3,6,8]"},
        (Window(width=3, stride=2, dilation=2, pad=1),),
    ),
    ("conv1d", (N,), {"width": 4, "pad": "same", "kernel": "f32[4,6,8]"}, (Window(4, pad=1),)),
    (
        "conv1d",
        (N,),
        {"width": 3, "dilation": 5, "pad": "causal", "kernel": "f32[3,6,8]"},
        (Window(3, dilation=5, pad=10),),
    ),
    ("max_pool", (N,), {"size": 3, "stride": 2}, (Window(3, stride=2),)),
    ("dense", (N,), {"kernel": "f32[6,5]"}, (POINTWISE,)),
    ("dense", ("f32[N,6]",), {"kernel": "f32[6,5]"}, (Whole("mixes all its inputs"),)),
    ("add", (N, "f32[N,1,6]"), {}, (POINTWISE, Whole("is spread over every position"))),
    ("concatenate", (N, N), {}, (POINTWISE, POINTWISE)),
    (
        "concatenate",
        (N, "f32[N,3,6]", N),
        {"axis": 1},
        (Window(pad=0), Window(pad=12), Window(pad=15)),
    ),
    ("concatenate", ("f32[N,3]", "f32[N,4]"), {}, (FLAT, FLAT)),
    ("constant", (N,), {"value": "f32[4]"}, (UNREAD,)),
    ("relu", (N,), {}, (POINTWISE,)),
    ("softmax", (N,), {}, (POINTWISE,)),
    ("softmax", ("f32[N,6]",), {}, (FLAT,)),
    ("channel_sum", ("f32[N,6]",), {}, (FLAT,)),
    ("masked", (N, "f32[N,12,1]"), {}, (POINTWISE, POINTWISE)),
    ("crop", (N,), {"left": 2, "right": 3}, (Window(pad=-2),)),
    ("zero_pad", (N,), {"left": 2, "right": 3}, (Window(pad=2),)),
    ("slice", (N,), {"start": 2, "step": 3}, (Window(stride=3, pad=-2),)),
    ("slice", (N,), {"step": -2}, (Window(stride=-2, pad=-11),)),
    ("upsample", (N,), {"factor": 3}, (Window(factor=3),)),
    ("flatten", (N,), {}, (Whole("gives every position a weight of its own"),)),
    ("reshape", (N,), {"shape": (12, 2, 3)}, (POINTWISE,)),
    ("reshape", (N,), {"shape": (24, 3)}, (Window(factor=2),)),
    ("reshape", (N,), {"shape": (4, 18)}, (Window(width=3, stride=3),)),
    ("reshape", (N,), {"shape": (8, 9)}, (Whole("changes the sequence axis"),)),
    ("reshape", (N,), {"shape": (1, 72)}, (Whole("changes the sequence axis"),)),
    ("reshape", (N,), {"shape": (72,)}, (Whole("changes the sequence axis"),)),
    ("permute", ("f32[N,12,2,3]",), {"order": (1, 3, 2)}, (POINTWISE,)),
    ("permute", (N,), {"order": (2, 1)}, (Whole("moves the sequence axis"),)),
    (
        "windowed_opaque",
        (N, "f32[N,12]", "f32[N,11,6]"),
        {"key": "k", "width": 3, "pad": "same", "features": (5,)},
        (Window(3, pad=1), *[Whole("is read whole by a layer of the user's own")] * 2),
    ),
    ("opaque", (N,), {"key": "k", "why": "is odd", "result": N}, (Whole("is odd"),)),
    (
        "opaque",
        (N,),
        {"key": "k", "result": N},
        (Whole("fastism has no window rule for it"),),
    ),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "relations"), READS)
def test_how_it_reads_its_inputs(
    op: str, inputs: tuple[str, ...], attributes: dict[str, Any], relations: tuple[Any, ...]
) -> None:
    made = node(op, *inputs, **attributes)
    assert definition(op).relation(made, types(*inputs)) == relations


PRODUCTS: list[tuple[str, tuple[str, ...], dict[str, Any], int, tuple[int, int]]] = [
    ("conv1d", (N,), {"width": 3, "kernel": "f32[3,6,8]"}, 10 * 8 * 3 * 6, (18, 8)),
    (
        "conv1d",
        (N,),
        {"width": 3, "groups": 2, "kernel": "f32[3,3,8]"},
        10 * 8 * 3 * 3,
        (9, 4),
    ),
    ("dense", (N,), {"kernel": "f32[6,5]"}, 12 * 5 * 6, (6, 5)),
    (
        "conv1d_spread",
        ("f32[M,5,6]",),
        {"width": 3, "kernel": "f32[3,6,8]"},
        5 * 6 * 3 * 8,
        (6, 24),
    ),
    (
        "conv1d_spread",
        ("f32[M,5,6]",),
        {"width": 3, "groups": 2, "kernel": "f32[3,3,8]"},
        5 * 6 * 3 * 4,
        (3, 12),
    ),
    (
        "dense_rows",
        ("f32[M,5,6]", "i32[P]"),
        {"length": 12, "kernel": "f32[72,7]", "start": "i32[9]"},
        5 * 6 * 7,
        (30, 7),
    ),
    ("weigh_reference", ("f32[M,5]", "f32[P,5,6]"), {}, 5 * 6, (5, 6)),
    ("dense_by_channel", (N,), {"kernel": "f32[72,7]"}, 72 * 7, (6, 7)),
    (
        "windowed_opaque",
        (N,),
        {"key": "k", "width": 3, "features": (5,), "weights": 70},
        10 * 70,
        (6, 5),
    ),
    ("opaque", (N,), {"key": "k", "weights": 70, "result": "f32[N,2]"}, 12 * 70, (6, 2)),
    ("opaque", ("f32[N,6]",), {"key": "k", "weights": 70, "result": "f32[N,2]"}, 70, (6, 2)),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "macs", "kernel"), PRODUCTS)
def test_what_it_multiplies(
    op: str,
    inputs: tuple[str, ...],
    attributes: dict[str, Any],
    macs: int,
    kernel: tuple[int, int],
) -> None:
    made, given = node(op, *inputs, **attributes), types(*inputs)
    known = definition(op)
    assert known.macs(made, given) == macs
    assert type(known.macs(made, given)) is int
    assert known.products is not None
    assert known.products.kernel(made, given) == kernel


def test_other_ops_multiply_nothing() -> None:
    assert definition("relu").macs(node("relu", N), types(N)) == 0


@pytest.mark.parametrize(
    ("relation", "start", "width", "length", "inputs"),
    [
        # width 3, same: a position on each side, and none beyond either end of twelve
        (Window(3, pad=1), [0, 4, 11], 1, 12, ([0, 3, 9], 3)),
        (Window(3, pad=1), [0, 4, 8], 4, 12, ([0, 3, 6], 6)),
        # stride 2: begins on the stride, and as long as the whole modulo it
        (Window(3, stride=2, pad=1), [0, 2, 5], 1, 12, ([0, 2, 8], 4)),
        (Window(3, stride=2, pad=0), [0, 2, 4], 1, 11, ([0, 4, 8], 3)),
        (Window(5, pad=2), [3], 9, 12, ([0], 12)),
    ],
)
def test_a_live_layer_runs_on_inputs_inside(
    relation: Window, start: list[int], width: int, length: int, inputs: tuple[list[int], int]
) -> None:
    starts, wanted = inputs_inside(relation, np.array(start), width, length)
    assert (starts.tolist(), wanted) == inputs


# -- what is said of an op ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traits", "why"),
    [
        ({"light": True, "products": Products(lambda node, types: 1)}, "light is a loop"),
        ({"light": True, "live": True}, "light is a loop"),
        ({"in_order": True}, "only what moves numbers keeps their order"),
        ({"moves": True}, "what only moves numbers is linear"),
        ({"factors": ("kernel",)}, "it has no role 'kernel'"),
        ({"together": ("start",), "roles": ("kernel",)}, "it has no role 'start'"),
    ],
)
def test_traits_that_disagree(traits: dict[str, Any], why: str) -> None:
    with pytest.raises(VerifyError, match="of op 'odd' disagrees") as caught:
        register(OpDefinition("odd", same_type, **traits))
    assert why in str(caught.value)
    assert "odd" not in names()


@pytest.mark.parametrize(
    "traits",
    [
        {"light": True},
        {"products": Products(lambda node, types: 1)},
        {"live": True},
        {"moves": True, "linear": True, "in_order": True, "light": True},
        {"factors": ("kernel",), "roles": ("kernel", "bias"), "together": ("bias",)},
    ],
)
def test_traits_that_agree(traits: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_TABLE", dict(registry._TABLE))
    own = register(OpDefinition("odd", same_type, **traits))
    assert definition("odd") is own


def test_a_name_is_taken_once() -> None:
    with pytest.raises(VerifyError, match="op 'relu' is registered already"):
        register(OpDefinition("relu", same_type))


def test_no_such_op() -> None:
    with pytest.raises(VerifyError, match="there is no op 'bend'"):
        definition("bend")
