"""TensorFlow forms against the numpy definitions, on the shapes where a form changes its mind."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.backends import reference, tensorflow
from fastism.ir import GraphBuilder, Module, TensorType
from fastism.ir.ops import names
from fastism.ir.ops.pointwise import ACTIVATIONS

RANDOM = np.random.default_rng(3)


def module_of(op, shape, *, attributes, constants=None, batch="N"):
    """A module of one node that reads one value, and that value (5, *shape)."""
    table = {}
    builder = GraphBuilder("main", table)
    source = builder.input("x", TensorType("f32", (batch, *shape)))
    stored = {role: builder.constant(role, array) for role, array in (constants or {}).items()}
    result = builder.add(op, [source], name="y", attributes=attributes, constants=stored)
    module = Module("canonical", (builder.finish([result]),), table)
    return module, {"x": RANDOM.normal(size=(5, *shape)).astype(np.float32)}


def agree(module, inputs):
    wanted = reference.run(module, "main", inputs, dtype="float64")
    found = tensorflow.emit(module, {})["main"](inputs)
    for name, array in wanted.items():
        scale = max(np.abs(array).max(), 1.0)
        assert np.abs(np.asarray(found[name]) - array).max() <= 1e-5 * scale


def kernel(width, channels, filters):
    return RANDOM.normal(size=(width, channels, filters)).astype(np.float32)


@pytest.mark.parametrize("filters", [3, 9, 12])
@pytest.mark.parametrize(("length", "width", "dilation"), [
    (1, 5, 1),     # one position: a single product
    (3, 11, 1),    # narrower than the kernel
    (30, 11, 1),   # wide: several positions at a time where filters are few
    (12, 3, 4),    # a multiple of the dilation: the view
    (13, 3, 4),    # not a multiple
    (4, 3, 4),     # taps that just do not overlap
    (3, 3, 8),     # taps set far apart
])  # fmt: skip
@pytest.mark.parametrize("groups", [1, 3])
def test_spread(length, width, dilation, filters, groups):
    attributes = {"width": width, "dilation": dilation, "groups": groups}
    weights = {"kernel": kernel(width, 6 // groups, filters)}
    agree(*module_of("conv1d_spread", (length, 6), attributes=attributes, constants=weights))


@pytest.mark.parametrize("pad", ["valid", "same", "causal", (2, 5)])
@pytest.mark.parametrize(
    ("width", "stride", "dilation", "groups", "filters"),
    [
        (9, 1, 1, 1, 2),  # few filters, wide kernel: blocked
        (9, 1, 1, 2, 4),
        (8, 1, 1, 1, 16),
        (5, 3, 1, 1, 4),
        (3, 1, 5, 1, 4),
        (3, 1, 4, 2, 4),
        (1, 1, 1, 1, 4),
    ],
)
def test_convolution(width, stride, dilation, groups, filters, pad):
    attributes = {
        "width": width,
        "stride": stride,
        "dilation": dilation,
        "groups": groups,
        "pad": pad,
    }
    weights = {
        "kernel": kernel(width, 6 // groups, filters),
        "bias": RANDOM.normal(size=filters).astype(np.float32),
    }
    agree(*module_of("conv1d", (41, 6), attributes=attributes, constants=weights))


@pytest.mark.parametrize("op", ["max_pool", "average_pool"])
@pytest.mark.parametrize(("size", "stride"), [(3, 3), (2, 2), (5, 2), (2, 5)])
@pytest.mark.parametrize("pad", ["valid", "same"])
@pytest.mark.parametrize("length", [30, 31])
def test_pools(op, size, stride, pad, length):
    attributes = {"size": size, "stride": stride, "pad": pad}
    agree(*module_of(op, (length, 4), attributes=attributes))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7, 64])
def test_running_max(reverse, length):
    module, inputs = module_of("running_max", (length, 3), attributes={"reverse": reverse})
    wanted = reference.run(module, "main", inputs)["y"]
    found = np.asarray(tensorflow.emit(module, {})["main"](inputs)["y"])
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("offset", "width"), [(0, 6), (2, 3), (-2, 9), (-1, 4), (8, 3), (4, 6)])
def test_pick(offset, width):
    attributes = {"offset": offset, "width": width}
    agree(*module_of("pick", (6, 3), attributes=attributes, batch="M"))


@pytest.mark.parametrize("op", sorted(ACTIVATIONS))
def test_functions(op):
    module, inputs = module_of(op, (7, 3), attributes={})
    above = op in ("log", "log1p", "sqrt", "reciprocal")
    agree(module, {"x": np.abs(inputs["x"]) + 0.1} if above else inputs)


@pytest.mark.parametrize(
    "bounds", [{"minimum": -0.5}, {"maximum": 0.2}, {"minimum": 0, "maximum": 1}]
)
def test_clip(bounds):
    agree(*module_of("clip", (7, 3), attributes=bounds))


@pytest.mark.parametrize("op", ["channel_sum", "channel_max"])
def test_channels(op):
    agree(*module_of(op, (7, 3), attributes={}))


@pytest.mark.parametrize("shape", [(7, 3), (1, 3), (7, 1)])
def test_constant(shape):
    value = RANDOM.normal(size=shape).astype(np.float32)
    agree(*module_of("constant", (7, 3), attributes={}, constants={"value": value}))


def test_every_op_has_a_form():
    assert set(names()) - set(tensorflow.FORMS) == set(tensorflow.FORMS.gaps) == {"call"}
