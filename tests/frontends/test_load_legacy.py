"""Files of Keras 1 and 2: the numbers their own Keras gave, from layers of Keras 3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.frontends.old_files import (
    LENGTH,
    close,
    convolution,
    dense,
    draw,
    functional,
    reads,
    sequential,
    write_h5,
)

KEPT = {"init": "glorot_uniform", "W_regularizer": None, "b_constraint": None, "trainable": True}


def test_keras_1_words_and_kernels(tmp_path: Path) -> None:
    """Convolution1D with nb_filter, border_mode..., its kernel with an axis of one more."""
    kernel, bias, matrix, shift = draw(5, 4, 3), draw(3), draw(12, 2), draw(2)
    first = {
        "name": "convolution1d_1",
        "nb_filter": 3,
        "filter_length": 5,
        "border_mode": "valid",
        "subsample_length": 1,
        "bias": True,
        "activation": "relu",
        "input_dim": 4,
        "input_length": None,
        "batch_input_shape": [None, LENGTH, 4],
        "input_dtype": "float32",
        "activity_regularizer": None,
        "b_regularizer": None,
        "W_constraint": None,
        **KEPT,
    }
    pool = {"name": "p", "pool_length": 2, "stride": 2, "border_mode": "valid", "trainable": True}
    last = {"name": "dense_1", "output_dim": 2, "activation": "linear", "bias": True, **KEPT}
    config = sequential(
        ("Convolution1D", first),
        ("MaxPooling1D", pool),
        ("Dropout", {"name": "d", "p": 0.5}),
        ("Flatten", {"name": "f"}),
        ("Dense", {**last, "input_dim": 12, "W_constraint": {"name": "maxnorm", "m": 2}}),
    )
    weights = {
        "convolution1d_1": [("c_W", kernel[:, None]), ("c_b", bias)],
        "p": [],
        "dense_1": [("d_W", matrix), ("d_b", shift)],
    }
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights, version="1.2.2")
    x = draw(2, LENGTH, 4)
    hidden = np.maximum(convolution(x, kernel, bias), 0).reshape(2, 4, 2, 3).max(axis=2)
    close(load_model(path)(x), hidden.reshape(2, -1) @ matrix + shift)


@pytest.mark.parametrize(
    ("backend", "turned"), [("tensorflow", False), ("theano", True), ("cntk", False)]
)
def test_theano_keeps_kernels_backwards(tmp_path: Path, backend: str, turned: bool) -> None:
    kernel, bias = draw(5, 4, 3), draw(3)
    own = {"name": "c", "filters": 3, "kernel_size": [5], "batch_input_shape": [None, LENGTH, 4]}
    weights = {"c": [("c/kernel:0", kernel[::-1] if turned else kernel), ("c/bias:0", bias)]}
    config = sequential(("Conv1D", own))
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights, backend=backend)
    x = draw(2, LENGTH, 4)
    close(load_model(path)(x), convolution(x, kernel, bias))


def test_an_unknown_backend_is_asked_for(tmp_path: Path) -> None:
    own = {"name": "c", "filters": 3, "kernel_size": [5], "batch_input_shape": [None, LENGTH, 4]}
    weights = {"c": [("k", draw(5, 4, 3)), ("b", draw(3))]}
    config = sequential(("Conv1D", own))
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights, backend=None)
    with pytest.raises(ModelError, match="which backend trained it"):
        load_model(path)


def test_merge_and_a_layer_called_twice(tmp_path: Path) -> None:
    """A functional model of Keras 1: Merge by concatenation and by sum, and a shared layer."""
    kernel, bias = draw(3, 4, 4), draw(4)
    conv = {"name": "c", "nb_filter": 4, "filter_length": 3, "border_mode": "valid"}
    layers = [
        ("Convolution1D", conv, [reads("x"), reads("a")]),
        ("Activation", {"name": "a", "activation": "relu"}, [reads("c")]),
        ("Cropping1D", {"name": "crop", "cropping": [1, 1]}, [reads("a")]),
        ("Merge", {"name": "s", "mode": "sum"}, [[["c", 1, 0], ["crop", 0, 0]]]),
        ("Merge", {"name": "m", "mode": "concat", "concat_axis": -1}, [reads("s", "crop")]),
    ]
    path = write_h5(
        tmp_path / "old.h5",
        "Model",
        functional(layers, [["m", 0, 0]], [LENGTH, 4]),
        {"c": [("k", kernel[:, None]), ("b", bias)]},
        version="1.1.0",
    )
    x = draw(2, LENGTH, 4)
    once = np.maximum(convolution(x, kernel, bias), 0)
    crop = once[:, 1:-1]
    close(load_model(path)(x), np.concatenate([convolution(once, kernel, bias) + crop, crop], -1))


def test_tensorflow_functions_between_layers(tmp_path: Path) -> None:
    """TFOpLambda and SlicingOpLambda, with tensors in the keywords and constants first."""
    kernel, bias = draw(3, 4, 4), draw(4)
    whole = {"start": None, "stop": None, "step": None}
    inside = {"start": 1, "stop": -1, "step": None}
    spec = {"class_name": "__tuple__", "items": [whole, inside]}

    def call(name: str, function: str, node: Any) -> tuple[str, dict[str, Any], Any]:
        kind = "SlicingOpLambda" if function.endswith("getitem") else "TFOpLambda"
        own = {"name": name, "trainable": True, "dtype": "float32", "function": function}
        return kind, own, [node]

    conv = {"name": "c", "filters": 4, "kernel_size": [3], "padding": "valid", "groups": 1}
    layers = [
        ("Conv1D", conv, [reads("x")]),
        call("slice", "__operators__.getitem", ["x", 0, 0, {"slice_spec": spec}]),
        call("add", "math.add", ["c", 0, 0, {"y": ["slice", 0, 0], "name": None}]),
        call("relu", "nn.relu", ["add", 0, 0, {"name": None}]),
        call("twice", "math.multiply", ["_CONSTANT_VALUE", -1, 2.0, {"y": ["relu", 0, 0]}]),
        call("join", "concat", [["twice", 0, 0, {"axis": -1}], ["slice", 0, 0, {"axis": -1}]]),
        call("mean", "math.reduce_mean", ["join", 0, 0, {"axis": 1}]),
    ]
    path = write_h5(
        tmp_path / "old.h5",
        "Functional",
        functional(layers, [["mean", 0, 0]], [LENGTH, 4]),
        {"c": [("c/kernel:0", kernel), ("c/bias:0", bias)]},
        version="2.11.0",
    )
    x = draw(2, LENGTH, 4)
    inner = x[:, 1:-1]
    hidden = 2 * np.maximum(convolution(x, kernel, bias) + inner, 0)
    close(load_model(path)(x), np.concatenate([hidden, inner], -1).mean(axis=1))
    plan = api.compile(path, sites=[0, 5, LENGTH - 1])
    assert {node.mode for node in plan.stage["segmented"].main.nodes} == {"delta", "exit"}


def test_nested_models_count_their_calls_from_one(tmp_path: Path) -> None:
    """A nested Sequential (Keras 3 itself counts it from 0); weights by name, not by order."""
    first, second = draw(4, 3), draw(4, 3)
    inner = {"name": "inner", "layers": sequential(dense(3, "d1", batch_input_shape=[None, 12, 4]))}
    layers = [
        ("Sequential", inner, [reads("x")]),
        (*dense(3, "d2"), [reads("x")]),
        ("Subtract", {"name": "sum"}, [[["inner", 1, 0, {}], ["d2", 0, 0, {}]]]),
    ]
    weights = {
        "d2": [("d2/kernel:0", second), ("d2/bias:0", np.ones(3))],
        "inner": [("d1/kernel:0", first), ("d1/bias:0", np.zeros(3))],
    }
    config = functional(layers, [["sum", 0, 0]], [LENGTH, 4])
    path = write_h5(tmp_path / "old.h5", "Model", config, weights, version="2.4.0")
    x = draw(2, LENGTH, 4)
    close(load_model(path)(x), x @ first - x @ second - 1)


def test_weights_inside_a_nested_model(tmp_path: Path) -> None:
    """They are told apart by the layer's name in theirs; Theano's kernels are turned there too."""
    kernel, first, second = draw(5, 4, 4), draw(4, 3), draw(4, 3)
    own = {"name": "c", "filters": 4, "kernel_size": [5]}
    parts = [
        ("Conv1D", own, [reads("x")]),
        (*dense(3, "d1"), [reads("c")]),
        (*dense(3, "d2"), [reads("c")]),
        ("Subtract", {"name": "s"}, [reads("d1", "d2")]),
    ]
    inner = {**functional(parts, [["s", 0, 0]], [LENGTH, 4]), "name": "inner"}
    config = functional([("Model", inner, [reads("x")])], [["inner", 1, 0]], [LENGTH, 4])
    arrays = [
        ("d2/kernel:0", second),
        ("d2/bias:0", np.ones(3)),
        ("d1/kernel:0", first),
        ("d1/bias:0", np.zeros(3)),
        ("c/kernel:0", kernel[::-1]),
        ("c/bias:0", np.zeros(4)),
    ]
    path = write_h5(tmp_path / "a.h5", "Model", config, {"inner": arrays}, backend="theano")
    x = draw(2, LENGTH, 4)
    hidden = convolution(x, kernel, np.zeros(4, "float32"))
    close(load_model(path)(x), hidden @ first - hidden @ second - 1)
    nameless = [(f"{index}", array) for index, (_, array) in enumerate(arrays)]
    path = write_h5(tmp_path / "b.h5", "Model", config, {"inner": nameless}, backend="theano")
    with pytest.raises(ModelError, match="do not say which are kernels"):
        load_model(path)


def test_theano_inside_a_wrapper_and_where_it_is_unclear(tmp_path: Path) -> None:
    kernel = draw(3, 4, 4)
    conv = {"name": "c", "filters": 4, "kernel_size": [3], "use_bias": False}
    inner = functional([("Conv1D", conv, [reads("x")])], [["c", 0, 0]], [LENGTH, 4])
    own = {"name": "t", "layer": {"class_name": "Model", "config": inner}}
    config = sequential(("TimeDistributed", {**own, "batch_input_shape": [None, 2, LENGTH, 4]}))
    weights = {"t": [("c/kernel:0", kernel[::-1])]}
    path = write_h5(tmp_path / "a.h5", "Sequential", config, weights, backend="theano")
    x = draw(3, 2, LENGTH, 4)
    expected = convolution(x.reshape(6, LENGTH, 4), kernel, np.zeros(4, "float32"))
    close(load_model(path)(x), expected.reshape(3, 2, LENGTH - 2, 4))
    apart = {**conv, "batch_input_shape": [None, LENGTH, 4]}
    weights = {"c": [("d", draw(3, 4, 1)), ("p", draw(1, 4, 4))]}
    config = sequential(("SeparableConv1D", apart))
    load_model(write_h5(tmp_path / "b.h5", "Sequential", config, weights))
    path = write_h5(tmp_path / "c.h5", "Sequential", config, weights, backend="theano")
    with pytest.raises(ModelError, match="how Theano kept"):
        load_model(path)


def test_fields_that_keras_3_does_not_know(tmp_path: Path) -> None:
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    layers = [
        (
            "BatchNormalization",
            {"name": "b", "axis": [2], "fused": None, "renorm": False, "dtype": policy},
            [reads("x")],
        ),
        ("LeakyReLU", {"name": "l", "alpha": 0.25}, [reads("b")]),
        (
            "Dense",
            {**dense(2)[1], "kernel_constraint": {"class_name": "MaxNorm2", "config": {}}},
            [reads("l")],
        ),
    ]
    mean, variance, matrix = draw(4), np.abs(draw(4)) + 1, draw(4, 2)
    weights = {
        "b": [
            ("b/gamma:0", np.ones(4)),
            ("b/beta:0", np.zeros(4)),
            ("b/m:0", mean),
            ("b/v:0", variance),
        ],
        "dense_1": [("k:0", matrix), ("b:0", np.zeros(2))],
    }
    config = functional(layers, [["dense_1", 0, 0]], [LENGTH, 4])
    path = write_h5(tmp_path / "old.h5", "Functional", config, weights, version="2.6.0")
    x = draw(2, LENGTH, 4)
    hidden = (x - mean) / np.sqrt(variance + 1e-3)
    close(load_model(path)(x), np.where(hidden > 0, hidden, 0.25 * hidden) @ matrix)


POLICY = {"module": "keras.mixed_precision", "class_name": "Policy", "registered_name": None}
DROPPED = {"name": "d", "trainable": True, "dtype": "float32", "rate": 0.2, "noise_shape": None}


def test_layers_and_fields_of_the_last_keras_2(tmp_path: Path) -> None:
    """As tf_keras 2.16 and later write them: whole words for policies, fields for all layers."""
    mixed = {**POLICY, "config": {"name": "mixed_float16"}}
    bins = {"name": "b", "trainable": True, "dtype": "int64", "bin_boundaries": [-0.5, 0.5]}
    heads = {"name": "a", "num_heads": 1, "key_dim": 3, "softmax_robust_masking": False}
    heads |= {"query_shape": None, "key_shape": None, "value_shape": None, "use_bias": False}
    layers = [
        ("Dense", {**dense(4)[1], "dtype": mixed}, [reads("x")]),
        ("SpatialDropout1D", {**DROPPED, "seed": None}, [reads("dense_1")]),
        ("ThresholdedReLU", {"name": "t", "trainable": True, "theta": 0.5}, [reads("d")]),
        ("MultiHeadAttention", heads, [reads("t", value=["t", 0, 0])]),
        ("Discretization", {**bins, "output_mode": "int", "num_bins": None}, [reads("x")]),
    ]
    config = functional(layers, [["t", 0, 0], ["b", 0, 0], ["a", 0, 0]], [LENGTH, 4])
    matrix, *products = draw(4, 4), *(draw(4, 1, 3) for _ in range(3)), draw(1, 3, 4)
    weights = {
        "dense_1": [("k:0", matrix), ("b:0", np.zeros(4))],
        "a": [(f"{index}:0", product) for index, product in enumerate(products)],
    }
    path = write_h5(tmp_path / "old.h5", "Functional", config, weights, version="2.16.0")
    x = draw(2, LENGTH, 4)
    above, bin_of, attended = load_model(path).predict(x, verbose=0)
    half = x.astype("float16") @ matrix.astype("float16")
    assert above.dtype == np.float32
    np.testing.assert_allclose(above, np.where(half > 0.5, half, 0), atol=5e-3)
    np.testing.assert_array_equal(bin_of, np.digitize(x, [-0.5, 0.5]))
    query, key, value, last = (product.squeeze() for product in products)
    scores = np.exp(above @ query @ np.swapaxes(above @ key, 1, 2) / np.sqrt(3))
    scores /= scores.sum(axis=-1, keepdims=True)
    close(attended, scores @ (above @ value) @ last)


LAMBDA = {"name": "twice", "function": ["4wEAAAA=\n", None, None], "function_type": "lambda"}


def test_a_lambda_is_replaced_by_a_function_of_its_name(tmp_path: Path) -> None:
    own = {**LAMBDA, "batch_input_shape": [None, LENGTH, 4], "arguments": {"by": 2}}
    config = sequential(("Lambda", own), dense(2))
    weights = {"dense_1": [("k", draw(4, 2)), ("b", np.zeros(2))]}
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights)
    with pytest.raises(ModelError, match="Python code of its own"):
        load_model(path)
    model = load_model(path, custom_objects={"twice": lambda x, by: x * by})
    x = draw(2, LENGTH, 4)
    close(model(x), 2 * x @ weights["dense_1"][0][1])


def test_code_runs_only_when_allowed(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((LENGTH, 4)), keras.layers.Lambda(lambda x: x * 3)]).save(
        tmp_path / "new.h5"
    )
    with h5py.File(tmp_path / "new.h5") as file:
        new = json.loads(file.attrs["model_config"])["config"]["layers"][-1]["config"]["function"]
    parts = [new["config"][key] for key in ("code", "defaults", "closure")]
    own = {**LAMBDA, "function": parts, "batch_input_shape": [None, LENGTH, 4]}
    path = write_h5(tmp_path / "old.h5", "Sequential", sequential(("Lambda", own)), {})
    with pytest.raises(ModelError, match="Python code of its own"):
        load_model(path)
    x = draw(2, LENGTH, 4)
    close(load_model(path, unsafe=True)(x), 3 * x)


def test_a_sequential_that_begins_with_a_model(tmp_path: Path) -> None:
    matrix = draw(4, 2)
    inner = functional([(*dense(2), [reads("x")])], [["dense_1", 0, 0]], [LENGTH, 4])
    config = sequential(("Model", inner), ("Flatten", {"name": "f"}))
    weights = {"model_1": [("dense_1/kernel:0", matrix), ("dense_1/bias:0", np.ones(2))]}
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights)
    x = draw(2, LENGTH, 4)
    close(load_model(path)(x), (x @ matrix + 1).reshape(2, -1))


def test_a_separable_convolution_over_a_plane_in_the_words_of_keras_1(tmp_path: Path) -> None:
    options = {"nb_filter": 3, "nb_row": 5, "nb_col": 2, "border_mode": "valid", "name": "apart"}
    options |= {"subsample": [1, 1], "dim_ordering": "tf", "depth_multiplier": 1, "bias": True}
    first = {**options, "activation": "linear", "batch_input_shape": [None, LENGTH, 2, 4]}
    depthwise, pointwise, bias = draw(5, 2, 4, 1), draw(1, 1, 4, 3), draw(3)
    weights = {"apart": [("d", depthwise), ("p", pointwise), ("b", bias)]}
    config = sequential(("SeparableConvolution2D", first))
    path = write_h5(tmp_path / "a.h5", "Sequential", config, weights, version="1.2.2")
    x = draw(2, LENGTH, 2, 4)
    windows = np.stack([x[:, at : at + 5] for at in range(LENGTH - 4)], axis=1)
    wanted = np.einsum("nlijc,ijcm,abcf->nlf", windows, depthwise, pointwise) + bias
    close(load_model(path)(x), wanted[:, :, None])


def test_an_operation_is_not_called_as_a_layer_is(tmp_path: Path) -> None:
    """Keras 3 calls ``x + y`` add, as Keras 2 called the first layer that adds."""
    keras.backend.clear_session()
    plus = {"name": "tf.__operators__.add", "function": "__operators__.add"}
    layers = [
        ("TFOpLambda", plus, [["x", 0, 0, {"y": ["x", 0, 0]}], ["x", 0, 0, {"y": 2.0}]]),
        ("Add", {"name": "add"}, [reads("tf.__operators__.add", "x")]),
        ("Add", {"name": "add_1"}, [[["add", 0, 0, {}], ["tf.__operators__.add", 1, 0, {}]]]),
    ]
    config = functional(layers, [["add_1", 0, 0]], [LENGTH, 4])
    path = write_h5(tmp_path / "old.h5", "Functional", config, {}, version="2.11.0")
    x = draw(2, LENGTH, 4)
    close(load_model(path)(x), 3 * x + x + 2)
