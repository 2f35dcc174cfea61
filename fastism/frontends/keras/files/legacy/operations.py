"""TensorFlow functions in a Keras 2 model (``TFOpLambda``, ``SlicingOpLambda``).

Plain arithmetic is said in ``keras.ops``. Any other function of the list below stays TensorFlow's,
in an operation of its own, and is read from its graph like code of the user's. A file names
functions as it likes, so what is not in the list is refused: it might write files or run code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from fastism.frontends.keras.files.legacy.activations import CHANGED

CLASSES = ("TFOpLambda", "SlicingOpLambda")
"""How Keras 2 names a call of a TensorFlow function between two layers."""


_BINARY = {
    "add": ops.add,
    "subtract": ops.subtract,
    "multiply": ops.multiply,
    "greater": ops.greater,
    "greater_equal": ops.greater_equal,
    "less": ops.less,
    "less_equal": ops.less_equal,
    "equal": ops.equal,
    "not_equal": ops.not_equal,
    "ne": ops.not_equal,
    "logical_and": ops.logical_and,
    "logical_or": ops.logical_or,
    "truediv": ops.true_divide,
    "divide": ops.true_divide,
    "pow": ops.power,
    "maximum": ops.maximum,
    "minimum": ops.minimum,
}
_UNARY = {
    "logical_not": ops.logical_not,
    "abs": ops.absolute,
    "cos": ops.cos,
    "erf": ops.erf,
    "exp": ops.exp,
    "expm1": ops.expm1,
    "log": ops.log,
    "log1p": ops.log1p,
    "log_sigmoid": ops.log_sigmoid,
    "negative": ops.negative,
    "neg": ops.negative,
    "reciprocal": ops.reciprocal,
    "rsqrt": ops.rsqrt,
    "sigmoid": ops.sigmoid,
    "sin": ops.sin,
    "softplus": ops.softplus,
    "softsign": ops.softsign,
    "sqrt": ops.sqrt,
    "square": ops.square,
    "tanh": ops.tanh,
    "relu": ops.relu,
    "relu6": ops.relu6,
    "elu": ops.elu,
    "selu": ops.selu,
    "silu": ops.silu,
    "swish": ops.silu,
}
_HOMES = (
    "",
    "math.",
    "nn.",
    "linalg.",
    "__operators__.",
    "compat.v1.",
    "compat.v1.math.",
    "compat.v1.nn.",
    "compat.v1.linalg.",
)
"""The parts of TensorFlow whose functions may be named."""

_NAMES = """
acos acosh add_n argmax argmin argsort asin asinh atan atan2 atanh avg_pool avg_pool1d avg_pool2d
band_part batch_normalization bias_add broadcast_to cast ceil clip_by_value concat conv1d conv2d
cosh count_nonzero cumprod cumsum cumulative_logsumexp depthwise_conv2d diag_part divide_no_nan
einsum erfc expand_dims eye fill floor floordiv floormod gather gather_nd gelu getitem identity
is_finite is_inf is_nan l2_normalize leaky_relu lgamma linspace log_softmax logical_xor matmul
matrix_transpose max_pool max_pool1d max_pool2d mod moments multiply_no_nan norm normalize one_hot
ones ones_like pad pool range rank reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp
reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance repeat reshape
reverse rint roll round scalar_mul shape sign sinh size slice softmax sort split
squared_difference squeeze stack stop_gradient strided_slice tan tensordot tile top_k transpose
unstack where xdivy xlogy zero_fraction zeros zeros_like
"""
PURE = frozenset(_NAMES.split())
"""Functions of arrays that do nothing but compute: no state, no randomness, no file."""


@keras.saving.register_keras_serializable("fastism")
class TensorFlowFunction(keras.Operation):  # type: ignore[misc]
    """A call of one of TensorFlow's functions between two layers, under the name it has there.

    function: below ``tf.``, such as ``nn.l2_normalize``. Raises ValueError for one that is not
    allowed.
    """

    def __init__(self, function: str, name: str | None = None) -> None:
        super().__init__(name=name)
        self.function = function
        self._called = _of_tensorflow(function)

    def call(self, *arguments: Any, **options: Any) -> Any:
        """Its result; a list where there are several."""
        results = tf.nest.flatten(self._called(*arguments, **options))
        return results if len(results) > 1 else results[0]

    def compute_output_spec(self, *arguments: Any, **options: Any) -> Any:
        """Of dense tensors: Keras takes the product of a number and a tensor for a sparse one."""

        def dense(part: Any) -> Any:
            symbolic = isinstance(part, keras.KerasTensor)
            return keras.KerasTensor(part.shape, dtype=part.dtype) if symbolic else part

        given, named = keras.tree.map_structure(dense, (list(arguments), options))
        return super().compute_output_spec(*given, **named)

    def get_config(self) -> dict[str, Any]:
        return {"function": self.function, "name": self.name}


def function(name: str, node: str | None = None) -> Callable[..., Any]:
    """What a TensorFlow function of that name does to its arguments.

    The result takes the first argument by position and the rest by TensorFlow's names. ``node``:
    what it is called in the model. Raises ValueError for a function that is not known here, and may
    do anything.
    """
    home, _, last = name.rpartition(".")
    if home == "keras.activations":
        return _activation(last)
    if _is_known(name) and last in _BINARY:
        return lambda x, y: _BINARY[last](x, y)
    if _is_known(name) and last in _UNARY:
        return lambda x: _UNARY[last](x)
    if name == "where":
        return lambda condition, x=None, y=None: ops.where(condition, x, y)
    if last == "getitem":
        return lambda tensor, slice_spec: tensor[_key(slice_spec)]
    return TensorFlowFunction(name, node)


def _is_known(name: str) -> bool:
    home, _, last = name.rpartition(".")
    known = last in PURE or last in _BINARY or last in _UNARY
    return (f"{home}." if home else "") in _HOMES and known


def _of_tensorflow(name: str) -> Callable[..., Any]:
    """TensorFlow's function. Raises ValueError unless it is one that may be called."""
    part: Any = tf
    for step in name.split(".") if _is_known(name) else ():
        part = getattr(part, step, None)
    if part is tf or not callable(part):
        raise ValueError(f"it calls tf.{name}, which may do more than compute, or is gone")
    found: Callable[..., Any] = part
    return found


def _activation(name: str) -> Callable[..., Any]:
    if name in ("get", "serialize", "deserialize") or not hasattr(keras.activations, name):
        raise ValueError(f"it calls keras.activations.{name}, which is no activation")
    found = CHANGED.get(name) or keras.activations.get(name)
    return lambda x, **options: found(x, **options)


def _key(spec: Any) -> Any:
    return tuple(spec) if isinstance(spec, list) else spec  # JSON has no tuples
