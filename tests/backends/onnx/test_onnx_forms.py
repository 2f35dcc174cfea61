"""Every ONNX form against the numpy definition of the op."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from fastism.backends import reference
from fastism.backends.onnx.forms import FORMS
from fastism.backends.onnx.session import session
from fastism.export.models import source_model
from fastism.ir import GraphBuilder, Module, TensorType
from fastism.ir.ops import definition, names
from fastism.ir.ops.pointwise import ACTIVATIONS

POSITIVE = {"log", "log1p", "sqrt", "reciprocal", "power"}
"""Ops fed numbers above zero."""

CASES: list[tuple[str, dict[str, Any], dict[str, tuple[int, ...]]]] = [
    *((name, {}, {}) for name in (*ACTIVATIONS, "softmax", "log_softmax", "flatten")),
    ("relu", {"negative_slope": 0.2}, {}),
    ("relu", {"max_value": 0.5}, {}),
    ("relu", {"threshold": 0.3, "negative_slope": 0.1, "max_value": 0.6}, {}),
    ("relu", {"threshold": 0.3}, {}),
    ("elu", {"alpha": 0.4}, {}),
    ("celu", {"alpha": 0.4}, {}),
    ("gelu", {"approximate": True}, {}),
    ("power", {"exponent": 2.5}, {}),
    ("clip", {"minimum": -0.5, "maximum": 0.7}, {}),
    ("clip", {"maximum": 0.7}, {}),
    ("channel_sum", {}, {}),
    ("channel_max", {}, {}),
    ("constant", {}, {"value": (10, 6)}),
    ("constant", {}, {"value": (1, 6)}),
    ("prelu", {}, {"alpha": (6,)}),
    ("scale_shift", {}, {"scale": (6,), "shift": (6,)}),
    ("scale_shift", {}, {"shift": (6,)}),
    ("layer_norm", {"epsilon": 0.1}, {"gamma": (6,), "beta": (6,)}),
    ("layer_norm", {}, {}),
    ("conv1d", {"width": 3, "pad": "same"}, {"kernel": (3, 6, 4), "bias": (4,)}),
    ("conv1d", {"width": 4, "pad": "same", "stride": 3}, {"kernel": (4, 6, 4)}),
    ("conv1d", {"width": 3, "dilation": 2, "groups": 2}, {"kernel": (3, 3, 4)}),
    ("conv1d", {"width": 3, "dilation": 2, "pad": "causal"}, {"kernel": (3, 6, 4)}),
    ("conv1d", {"width": 2, "pad": (0, 3)}, {"kernel": (2, 6, 4)}),
    ("dense", {}, {"kernel": (6, 3), "bias": (3,)}),
    ("max_pool", {"size": 3, "stride": 2, "pad": "same"}, {}),
    ("max_pool", {"size": 2, "stride": 3}, {}),
    ("average_pool", {"size": 4, "stride": 3, "pad": "same"}, {}),
    ("average_pool", {"size": 3, "stride": 1}, {}),
    ("global_max_pool", {}, {}),
    ("global_average_pool", {"keepdims": True}, {}),
    ("global_sum_pool", {}, {}),
    ("global_sum_pool", {"keepdims": True}, {}),
    ("crop", {"left": 2, "right": 3}, {}),
    ("slice", {"start": 7, "stop": None, "step": -2}, {}),
    ("slice", {"start": 1, "stop": -2, "step": 3}, {}),
    ("slice_channels", {"step": -1}, {}),
    ("slice_channels", {"start": 4, "stop": 1, "step": -1}, {}),
    ("zero_pad", {"left": 1, "right": 4}, {}),
    ("upsample", {"factor": 3}, {}),
    ("reshape", {"shape": (4, -1)}, {}),
    ("permute", {"order": (2, 1)}, {}),
    ("cast", {"dtype": "f64"}, {}),
    ("token", {"dtype": "i64"}, {}),
]

COMBINING = (
    "add",
    "subtract",
    "average",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "concatenate",
    "select",
)


def compare(
    op: str,
    arrays: list[np.ndarray],
    attributes: dict[str, Any],
    shapes: dict[str, tuple[int, ...]],
) -> onnx.ModelProto:
    """Run one op both ways; returns the ONNX model."""
    random = np.random.default_rng(5)
    builder = GraphBuilder("main", {})
    given = {
        builder.input(f"in{i}", TensorType.of(array).with_batch("N")): array
        for i, array in enumerate(arrays)
    }
    roles = {
        role: builder.constant(role, random.normal(size=shape).astype(np.float32))
        for role, shape in shapes.items()
    }
    out = builder.add(op, list(given), name="out", attributes=attributes, constants=roles)
    module = Module("canonical", (builder.finish([out]),), builder.constants, outputs=("out",))
    model = source_model(module, {})
    onnx.checker.check_model(model, full_check=True)
    wanted = reference.run(module, "main", given)[out]
    np.testing.assert_allclose(session(model)(given)[out], wanted, rtol=1e-4, atol=1e-5)
    return model


@pytest.mark.parametrize(("op", "attributes", "shapes"), CASES)
def test_form(op: str, attributes: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    x = np.random.default_rng(4).normal(size=(2, 10, 6)).astype(np.float32)
    model = compare(op, [np.abs(x) + 0.1 if op in POSITIVE else x], attributes, shapes)
    assert not model.functions


@pytest.mark.parametrize("op", COMBINING)
def test_form_of_several_inputs(op: str) -> None:
    random = np.random.default_rng(4)
    arrays = [random.normal(size=(2, 10, 6)).astype(np.float32) for _ in range(3)]
    compare(op, arrays, {"axis": 1} if op == "concatenate" else {}, {})


@pytest.mark.parametrize("op", ["mask", "masked"])
def test_form_of_masks(op: str) -> None:
    x = np.random.default_rng(4).normal(size=(2, 10, 6)).astype(np.float32)
    x[:, 3:6] = x[:, 7, :3] = 0.25
    compare(op, [x], {"value": 0.25}, {})


def test_dense_on_vectors_is_one_gemm() -> None:
    x = np.random.default_rng(4).normal(size=(3, 6)).astype(np.float32)
    model = compare("dense", [x], {}, {"kernel": (6, 3), "bias": (3,)})
    assert [node.op_type for node in model.graph.node] == ["Gemm"]


def test_every_op_of_a_model_has_a_form() -> None:
    source = {name for name in names() if definition(name).stages == "source"}
    assert {name for name in source if name not in FORMS} == {"opaque", "windowed_opaque"}


def test_an_op_without_a_form_becomes_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FORMS._table, "tanh")
    x = np.random.default_rng(4).normal(size=(2, 10, 6)).astype(np.float32)
    model = compare("tanh", [x], {}, {})
    assert [function.name for function in model.functions] == ["out"]
    assert model.graph.node[0].domain == "fastism"
