"""Pointwise ops and normalization against Keras and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops as K

from fastism.ir.ops.structure import IDENTITIES

Draw = Callable[..., np.ndarray]
Evaluate = Callable[..., np.ndarray]

# Zero and both tails belong to the test; 6 and 1 are thresholds of some of the functions.
SPECIAL = np.array([-90, -30, -3, -1, -0.0, 0, 1, 3, 6, 30, 90], "float32")

KERAS = {
    "selu": K.selu,
    "silu": K.silu,
    "sigmoid": K.sigmoid,
    "hard_sigmoid": K.hard_sigmoid,
    "hard_silu": K.hard_silu,
    "tanh": K.tanh,
    "softplus": K.softplus,
    "softsign": K.softsign,
    "exponential": K.exp,
    "mish": keras.activations.mish,
    "log_sigmoid": K.log_sigmoid,
    "relu6": K.relu6,
    "log": K.log,
    "log1p": K.log1p,
    "expm1": K.expm1,
    "absolute": K.abs,
    "square": K.square,
    "sqrt": K.sqrt,
    "sin": K.sin,
    "cos": K.cos,
    "reciprocal": K.reciprocal,
    "tan": K.tan,
    "arctan": K.arctan,
    "sinh": K.sinh,
    "cosh": K.cosh,
    "arcsinh": K.arcsinh,
    "erf": K.erf,
    "positive": lambda x: K.cast(x > 0, "float32"),
    "channel_sum": lambda x: K.sum(x, axis=-1, keepdims=True),
    "channel_max": lambda x: K.max(x, axis=-1, keepdims=True),
    "softmax": K.softmax,
    "log_softmax": K.log_softmax,
}


def close(actual: np.ndarray, wanted: object, tolerance: float = 2e-6) -> None:
    np.testing.assert_allclose(actual, np.asarray(wanted), rtol=tolerance, atol=tolerance)


def sample(draw: Draw) -> np.ndarray:
    x = draw(2, 11, 6) * 3
    x[0, :, 0] = SPECIAL
    return x


@pytest.mark.parametrize("op", KERAS)
def test_function(op: str, evaluate: Evaluate, draw: Draw) -> None:
    x = sample(draw)
    close(evaluate(op, x), KERAS[op](x))


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize("largest", [None, 6.0, 2.5])
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_relu(
    slope: float, largest: float | None, threshold: float, evaluate: Evaluate, draw: Draw
) -> None:
    x = sample(draw)
    layer = keras.layers.ReLU(max_value=largest, negative_slope=slope, threshold=threshold)
    options = {"max_value": largest, "negative_slope": slope, "threshold": threshold}
    close(evaluate("relu", x, **options), layer(x))


def test_relu_of_minus_infinity_is_zero(evaluate: Evaluate) -> None:
    x = np.full((1, 2, 1), -np.inf, "float32")
    np.testing.assert_array_equal(evaluate("relu", x), tf.nn.relu(x))


@pytest.mark.parametrize("alpha", [1.0, 0.4, 2.0])
@pytest.mark.parametrize(("op", "function"), [("elu", K.elu), ("celu", K.celu)])
def test_elu(op: str, function: Callable, alpha: float, evaluate: Evaluate, draw: Draw) -> None:
    x = sample(draw)
    close(evaluate(op, x, alpha=alpha), function(x, alpha=alpha))


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu(approximate: bool, evaluate: Evaluate, draw: Draw) -> None:
    x = sample(draw)
    out = evaluate("gelu", x, approximate=approximate)
    assert out.dtype == np.float32
    close(out, K.gelu(x, approximate=approximate))


def test_the_two_gelus_differ(evaluate: Evaluate, draw: Draw) -> None:
    x = sample(draw)
    exact, approximate = (evaluate("gelu", x, approximate=choice) for choice in (False, True))
    assert np.abs(exact - approximate).max() > 1e-4


@pytest.mark.parametrize("exponent", [2.0, 0.5, -1.0])
def test_power(exponent: float, evaluate: Evaluate, draw: Draw) -> None:
    x = np.abs(draw(2, 3, 4)) + 0.1
    close(evaluate("power", x, exponent=exponent), K.power(x, exponent))


@pytest.mark.parametrize("shape", [(1, 4), (5, 4), (5, 1)])
def test_prelu(shape: tuple[int, ...], evaluate: Evaluate, draw: Draw) -> None:
    x, alpha = draw(2, 5, 4), draw(*shape)
    shared = [axis + 1 for axis, extent in enumerate(shape) if extent == 1]
    layer = keras.layers.PReLU(shared_axes=shared)
    layer.build(x.shape)
    layer.set_weights([alpha])
    close(evaluate("prelu", x, constants={"alpha": alpha}), layer(x))


def test_scale_shift(evaluate: Evaluate, draw: Draw) -> None:
    x, scale, shift = draw(2, 5, 4), draw(4), draw(4)
    close(evaluate("scale_shift", x, constants={"scale": scale, "shift": shift}), x * scale + shift)
    close(evaluate("scale_shift", x, constants={"scale": scale}), x * scale)
    close(evaluate("scale_shift", x, constants={"shift": shift}), x + shift)


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("shape", [(2, 5, 4), (3, 4)])
def test_normalization(
    scale: bool, center: bool, shape: tuple[int, ...], evaluate: Evaluate, draw: Draw
) -> None:
    x, constants = draw(*shape), {}
    if scale:
        constants["gamma"] = draw(4)
    if center:
        constants["beta"] = draw(4)
    layer = keras.layers.LayerNormalization(scale=scale, center=center, epsilon=0.01)
    layer.build(shape)
    layer.set_weights(list(constants.values()))
    close(evaluate("layer_norm", x, constants=constants, epsilon=0.01), layer(x), 5e-6)

    constants |= {"mean": draw(4), "variance": np.abs(draw(4))}
    norm = keras.layers.BatchNormalization(scale=scale, center=center, epsilon=0.01)
    norm.build(shape)
    norm.set_weights(list(constants.values()))
    wanted = norm(x, training=False)
    close(evaluate("batch_norm", x, constants=constants, epsilon=0.01), wanted, 5e-6)


@pytest.mark.parametrize("op", IDENTITIES)
def test_noise_does_nothing(op: str, evaluate: Evaluate, draw: Draw) -> None:
    x = draw(2, 5, 4)
    np.testing.assert_array_equal(evaluate(op, x, rate=0.5), x)
