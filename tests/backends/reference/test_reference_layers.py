"""Convolution, dense, pools, shape and combining ops against Keras and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

Draw = Callable[..., np.ndarray]
Evaluate = Callable[..., np.ndarray]


def close(actual: np.ndarray, wanted: object) -> None:
    np.testing.assert_allclose(actual, np.asarray(wanted), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pad", ["valid", "same", "causal"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("width", "stride", "dilation"),
    [(1, 1, 1), (3, 1, 1), (4, 1, 1), (4, 2, 1), (5, 3, 1), (2, 3, 1), (3, 1, 2), (4, 1, 3)],
)
@pytest.mark.parametrize("length", [13, 16])
def test_conv1d(
    pad: str,
    groups: int,
    width: int,
    stride: int,
    dilation: int,
    length: int,
    evaluate: Evaluate,
    draw: Draw,
) -> None:
    x, kernel, bias = draw(2, length, 4), draw(width, 4 // groups, 6), draw(6)
    layer = keras.layers.Conv1D(
        6, width, strides=stride, dilation_rate=dilation, groups=groups, padding=pad
    )
    layer.build(x.shape)
    layer.set_weights([kernel, bias])
    options = {"width": width, "stride": stride, "dilation": dilation, "groups": groups}
    out = evaluate("conv1d", x, constants={"kernel": kernel, "bias": bias}, pad=pad, **options)
    close(out, layer(x))


def test_conv1d_with_a_padding_of_its_own(evaluate: Evaluate, draw: Draw) -> None:
    x, kernel = draw(2, 9, 4), draw(3, 4, 5)
    padded = tf.pad(x, [[0, 0], [3, 1], [0, 0]])
    wanted = tf.nn.conv1d(padded, kernel, stride=2, padding="VALID")
    out = evaluate("conv1d", x, constants={"kernel": kernel}, pad=(3, 1), width=3, stride=2)
    close(out, wanted)


@pytest.mark.parametrize("activation", ["linear", "relu", "softmax", "gelu"])
def test_imported_layers_carry_an_activation(
    activation: str, evaluate: Evaluate, draw: Draw
) -> None:
    x, kernel, bias = draw(2, 7, 4), draw(3, 4, 5), draw(5)
    conv = keras.layers.Conv1D(5, 3, activation=activation)
    conv.build(x.shape)
    conv.set_weights([kernel, bias])
    weights = {"kernel": kernel, "bias": bias}
    close(evaluate("conv1d", x, constants=weights, width=3, activation=activation), conv(x))
    for inputs in (x, x[:, 0]):
        dense = keras.layers.Dense(5, activation=activation)
        dense.build(inputs.shape)
        dense.set_weights([kernel[0], bias])
        weights = {"kernel": kernel[0], "bias": bias}
        close(evaluate("dense", inputs, constants=weights, activation=activation), dense(inputs))


@pytest.mark.parametrize("pad", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 3), (3, 1), (4, 2), (5, 3), (2, 3)])
@pytest.mark.parametrize("length", [10, 13])
def test_pools(
    pad: str, size: int, stride: int, length: int, evaluate: Evaluate, draw: Draw
) -> None:
    x = draw(2, length, 3) - 3  # negative: a pool that took padding for zero would show it
    options = {"size": size, "stride": stride, "pad": pad}
    largest = keras.layers.MaxPooling1D(size, stride, padding=pad)
    close(evaluate("max_pool", x, **options), largest(x))
    average = keras.layers.AveragePooling1D(size, stride, padding=pad)
    close(evaluate("average_pool", x, **options), average(x))


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pools(keepdims: bool, evaluate: Evaluate, draw: Draw) -> None:
    x = draw(2, 7, 3)
    for op, layer in (
        ("global_average_pool", keras.layers.GlobalAveragePooling1D(keepdims=keepdims)),
        ("global_max_pool", keras.layers.GlobalMaxPooling1D(keepdims=keepdims)),
        ("global_sum_pool", lambda x: tf.reduce_sum(x, axis=1, keepdims=keepdims)),
    ):
        close(evaluate(op, x, keepdims=keepdims), layer(x))


def test_shape_ops(evaluate: Evaluate, draw: Draw) -> None:
    x = draw(2, 8, 3)
    close(evaluate("crop", x, left=2, right=1), keras.layers.Cropping1D((2, 1))(x))
    close(evaluate("crop", x, left=2), keras.layers.Cropping1D((2, 0))(x))
    close(evaluate("zero_pad", x, left=2, right=1), keras.layers.ZeroPadding1D((2, 1))(x))
    close(evaluate("upsample", x, factor=3), keras.layers.UpSampling1D(3)(x))
    close(evaluate("flatten", x), keras.layers.Flatten()(x))
    for shape in ((4, 6), (-1, 2), (24,), (2, 4, 3)):
        close(evaluate("reshape", x, shape=shape), keras.layers.Reshape(shape)(x))
    close(evaluate("permute", x, order=(2, 1)), keras.layers.Permute((2, 1))(x))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("op", ["add", "multiply", "average", "maximum", "minimum"])
def test_merging_layers(op: str, count: int, evaluate: Evaluate, draw: Draw) -> None:
    arrays = [draw(2, 5, 3) for _ in range(count)]
    close(evaluate(op, *arrays), getattr(keras.layers, op)(arrays))


def test_merging_broadcasts(evaluate: Evaluate, draw: Draw) -> None:
    x, gate = draw(2, 5, 3), draw(2, 1, 3)
    close(evaluate("multiply", x, gate), keras.layers.multiply([x, gate]))


def test_binary_ops(evaluate: Evaluate, draw: Draw) -> None:
    x, y = draw(2, 5, 3), draw(2, 5, 3)
    close(evaluate("subtract", x, y), tf.subtract(x, y))
    close(evaluate("divide", x, y), tf.divide(x, y))


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_concatenate(axis: int, evaluate: Evaluate, draw: Draw) -> None:
    x = draw(2, 5, 3)
    y = draw(2, 4, 3) if axis == 1 else draw(2, 5, 4)
    close(evaluate("concatenate", x, y, axis=axis), keras.layers.concatenate([x, y], axis=axis))
