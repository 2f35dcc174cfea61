"""Live layers in ONNX models: functions, of operators that tf2onnx alone does not know too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf

from fastism.backends.onnx import emit, written
from fastism.ir import GraphBuilder, Module, TensorType
from fastism.ir.origin import Origin

FUNCTIONS = {
    "erfc": tf.math.erfc,
    "expm1": tf.math.expm1,
    "log1p": lambda x: tf.math.log1p(tf.abs(x)),
    "inv": lambda x: tf.raw_ops.Inv(x=x + 4.0),
    "gelu": lambda x: tf.nn.gelu(tf.cumsum(x, axis=1)),
}


def module() -> Module:
    """An opaque layer of one input and two results, and what comes behind it."""
    builder = GraphBuilder("main", {})
    type_ = TensorType("f32", ("N", 8, 4))
    x = builder.input("x", type_)
    builder.add(
        "opaque",
        [x],
        name="odd",
        attributes={"key": "odd"},
        results=[type_, type_],
        origin=Origin("odd", "Lambda"),
    )
    out = builder.add("add", ["odd!0", "odd!1"], name="out")
    return Module("canonical", (builder.finish([out]),), builder.constants, outputs=("out",))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_live_layer_runs_as_a_function(name: str) -> None:
    def layer(x: Any) -> list[Any]:
        return [FUNCTIONS[name](x), 2 * x]

    opaque: dict[str, Callable[..., list[Any]]] = {"odd": layer}
    model = written(module(), opaque)["main"]
    onnx.checker.check_model(model, full_check=True)
    assert [(function.domain, function.name) for function in model.functions] == [
        ("fastism", "odd")
    ]
    assert [list(node.output) for node in model.graph.node] == [["odd!0", "odd!1"], ["out"]]
    x = np.random.default_rng(2).normal(size=(3, 8, 4)).astype(np.float32)
    found = emit(module(), opaque)["main"]({"x": x})["out"]
    np.testing.assert_allclose(found, sum(map(np.asarray, layer(x))), rtol=1e-5, atol=1e-5)
