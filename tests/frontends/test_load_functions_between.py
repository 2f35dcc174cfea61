"""TensorFlow's functions between the layers of a Keras 2 model: read, and computed as there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.legacy.operations import PURE, TensorFlowFunction, function
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras, tf

TABLE = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")

LOCAL: Mapping[str, Callable[[Any], Any]] = {
    "squeeze": lambda x: tf.squeeze(x[:, :, :1], -1),
    "squeeze of v1": lambda x: tf.compat.v1.squeeze(x[:, :, :1], axis=[-1]),
    "transpose": lambda x: tf.transpose(x, [0, 2, 1]),
    "gather": lambda x: tf.gather(x, [3, 2, 1, 0], axis=-1),
    "gather positions": lambda x: tf.gather(x, list(range(21, -1, -1)), axis=1),
    "pad": lambda x: tf.pad(x, [[0, 0], [2, 2], [0, 0]]),
    "split": lambda x: tf.concat(tf.split(x, [1, 3], axis=-1)[::-1], -1),
    "roll": lambda x: tf.roll(x, 1, axis=-1),
    "repeat": lambda x: tf.repeat(x, 2, axis=1),
    "where": lambda x: tf.where(tf.logical_and(x > 0, tf.logical_not(x > 1)), x, 0.1 * x),
    "l2_normalize": lambda x: tf.math.l2_normalize(x, axis=-1),
    "reduce_std": lambda x: tf.math.reduce_std(x, axis=-1),
    "reduce_variance": lambda x: tf.math.reduce_variance(x, axis=1, keepdims=True),
    "cumsum": lambda x: tf.cumsum(x, axis=-1),
    "ones_like": lambda x: tf.ones_like(x) + x,
    "a product with a table": lambda x: x @ tf.constant(TABLE),
    "tensordot": lambda x: tf.tensordot(x, tf.constant(TABLE), [[2], [0]]),
    "reverse": lambda x: tf.reverse(x, [1, 2]),
    "stack": lambda x: tf.stack([x, 2 * x], -1),
    "unstack": lambda x: tf.unstack(x, axis=-1)[2],
    "moments": lambda x: tf.nn.moments(x, [-1], keepdims=True)[1],
    "max_pool": lambda x: tf.nn.max_pool1d(x, 2, 2, "VALID"),
    "gelu": lambda x: tf.nn.gelu(x),
}
WHOLE: Mapping[str, Callable[[Any], Any]] = {
    "argmax": lambda x: tf.cast(tf.argmax(x, -1), tf.float32),
    "matmul": lambda x: tf.matmul(x, x, transpose_b=True),
    "top_k": lambda x: tf.math.top_k(x, 2)[0],
}


@pytest.mark.parametrize("name", [*LOCAL, *WHOLE])
def test_the_numbers_are_those_of_keras_2(tmp_path: Path, name: str) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    layers = tf_keras.layers
    inputs = tf_keras.Input((24, 4))
    made = {**LOCAL, **WHOLE}[name](layers.Conv1D(4, 3)(inputs))
    model = tf_keras.Model(inputs, layers.Dense(1)(layers.Flatten()(made)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "model.h5")
    plan = api.compile(tmp_path / "model.h5", sites=[0, 10, 23])
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 24))]
    np.testing.assert_allclose(plan(x).reference, model(x), rtol=1e-4, atol=1e-5)
    whole = "opaque" in {node.op for node in plan.stage["canonical"].main.nodes}
    assert whole == (name in WHOLE)


@pytest.mark.parametrize(
    "name",
    [
        "io.write_file",
        "io.read_file",
        "py_function",
        "numpy_function",
        "raw_ops.WriteFile",
        "compat.v1.py_func",
        "nn.dropout",
        "random.uniform",
        "load_op_library",
        "keras.utils.get_file",
        "keras.activations.get",
        "math.__class__",
        "nn.os.system",
        "print",
        "strings.as_string",
        "concat.__globals__",
        "",
    ],
)
def test_a_function_that_may_do_more_than_compute(name: str) -> None:
    with pytest.raises(ValueError, match=r"may do more than compute|no activation"):
        function(name)


def test_the_list_names_functions_that_are_there() -> None:
    """Each is somewhere below ``tf``, and none comes from a part that reads or writes."""
    for name in PURE:
        homes = ("", "math.", "nn.", "linalg.", "__operators__.")
        found = []
        for home in homes:
            try:
                found.append(TensorFlowFunction(home + name))
            except ValueError:
                continue
        assert found, name


def test_one_that_stays_live_comes_back_from_a_plan(tmp_path: Path) -> None:
    inputs = keras.Input((12, 4))
    top = TensorFlowFunction("math.top_k", "top")(inputs, k=2)[0]
    model = keras.Model(inputs, keras.layers.Flatten()(top))
    plan = api.compile(model, sites=[3])
    plan.save(tmp_path / "plan")
    x = np.random.default_rng(0).random((2, 12, 4), "float32")
    np.testing.assert_array_equal(api.load(tmp_path / "plan")(x).alternate, plan(x).alternate)


def test_operands_that_keras_2_lost(tmp_path: Path) -> None:
    """It forgot the tensors of an einsum when it saved the model."""
    tf_keras = pytest.importorskip("tf_keras")
    inputs = tf_keras.Input((24, 4))
    model = tf_keras.Model(inputs, tf.einsum("blc,bmc->blm", inputs, inputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "model.h5")
    with pytest.raises(ModelError, match="Got 0 inputs for equation"):
        load_model(tmp_path / "model.h5")
