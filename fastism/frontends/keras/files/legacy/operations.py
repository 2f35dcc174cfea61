"""TensorFlow functions in a Keras 2 model (``TFOpLambda``, ``SlicingOpLambda``), as keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

CLASSES = ("TFOpLambda", "SlicingOpLambda")
"""How Keras 2 names a call of a TensorFlow function between two layers."""


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return function(x, axis=axis, keepdims=bool(keepdims))

    return reduce


def _key(spec: Any) -> Any:
    return tuple(spec) if isinstance(spec, list) else spec  # JSON has no tuples


def _concat(values: Any, axis: int = -1) -> Any:
    return ops.concatenate(values, axis=axis)


def _matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, **rest: Any
) -> Any:
    if any(rest.values()):
        raise ValueError(f"its options {rest} have no counterpart")
    turned = [
        ops.swapaxes(x, -1, -2) if turn else x for x, turn in ((a, transpose_a), (b, transpose_b))
    ]
    return ops.matmul(*turned)


_BINARY = {
    "add": ops.add,
    "subtract": ops.subtract,
    "multiply": ops.multiply,
    "truediv": ops.true_divide,
    "divide": ops.true_divide,
    "pow": ops.power,
    "maximum": ops.maximum,
    "minimum": ops.minimum,
}
_UNARY = {
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
_OTHER: Mapping[str, Callable[..., Any]] = {
    "reduce_mean": _reduction(ops.mean),
    "reduce_sum": _reduction(ops.sum),
    "reduce_max": _reduction(ops.max),
    "reduce_min": _reduction(ops.min),
    "reduce_prod": _reduction(ops.prod),
    "reduce_logsumexp": _reduction(ops.logsumexp),
    "softmax": lambda logits, axis=None: ops.softmax(logits, axis=-1 if axis is None else axis),
    "log_softmax": lambda logits, axis=None: ops.log_softmax(
        logits, axis=-1 if axis is None else axis
    ),
    "gelu": lambda features, approximate=False: ops.gelu(features, approximate=approximate),
    "leaky_relu": lambda features, alpha=0.2: ops.leaky_relu(features, negative_slope=alpha),
    "clip_by_value": lambda t, clip_value_min, clip_value_max: ops.clip(
        t, clip_value_min, clip_value_max
    ),
    "concat": _concat,
    "stack": lambda values, axis=0: ops.stack(values, axis=axis),
    "reshape": lambda tensor, shape: ops.reshape(tensor, shape),
    "expand_dims": lambda input, axis: ops.expand_dims(input, axis),
    "squeeze": lambda input, axis=None: ops.squeeze(input, axis=axis),
    "transpose": lambda a, perm=None, conjugate=False: ops.transpose(a, axes=perm),
    "reverse": lambda tensor, axis: ops.flip(tensor, axis=axis),
    "tile": lambda input, multiples: ops.tile(input, multiples),
    "matmul": _matmul,
    "cast": lambda x, dtype: ops.cast(x, dtype),
    "identity": lambda input: input,
    "stop_gradient": lambda input: input,
    "getitem": lambda tensor, slice_spec: tensor[_key(slice_spec)],
}
_HOMES = ("", "math.", "nn.", "linalg.", "__operators__.", "compat.v1.math.", "keras.activations.")


def function(name: str) -> Callable[..., Any]:
    """What a TensorFlow function of that name does to its arguments.

    The result takes the first argument by position and the rest by TensorFlow's names. Raises
    ValueError for a function that is not known here, and may do anything.
    """
    home, _, last = name.rpartition(".")
    if (f"{home}." if home else "") not in _HOMES or last not in {*_BINARY, *_UNARY, *_OTHER}:
        raise ValueError(f"it calls tf.{name}, which has no counterpart in keras.ops that is known")
    if last in _BINARY:
        return lambda x, y: _BINARY[last](x, y)
    if last in _UNARY:
        return lambda x: _UNARY[last](x)
    return _OTHER[last]
