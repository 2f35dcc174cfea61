"""TensorFlow nodes in a model of TensorFlow 1.15 to 2.3 (``TensorFlowOpLayer``), as keras.ops."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

CLASS = "TensorFlowOpLayer"

_BINARY: Mapping[str, Callable[..., Any]] = {
    "Add": ops.add,
    "AddV2": ops.add,
    "Sub": ops.subtract,
    "Mul": ops.multiply,
    "RealDiv": ops.true_divide,
    "Pow": ops.power,
    "Maximum": ops.maximum,
    "Minimum": ops.minimum,
}
_UNARY: Mapping[str, Callable[..., Any]] = {
    "Abs": ops.absolute,
    "Elu": ops.elu,
    "Exp": ops.exp,
    "Log": ops.log,
    "Log1p": ops.log1p,
    "Neg": ops.negative,
    "Relu": ops.relu,
    "Relu6": ops.relu6,
    "Rsqrt": ops.rsqrt,
    "Selu": ops.selu,
    "Sigmoid": ops.sigmoid,
    "Softmax": ops.softmax,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Sqrt": ops.sqrt,
    "Square": ops.square,
    "Tanh": ops.tanh,
}
_REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "Mean": ops.mean,
    "Sum": ops.sum,
    "Max": ops.max,
    "Min": ops.min,
}

_SHAPES: Mapping[str, Callable[..., Any]] = {
    "Reshape": ops.reshape,
    "ExpandDims": ops.expand_dims,
    "Transpose": ops.transpose,
}


def function(config: Mapping[str, Any]) -> Callable[[Any], Any]:
    """What a node does to its tensors: one, or a list of them.

    ``config`` is the layer's: the node, and its constant operands by position. Raises ValueError
    for a node that is not known here, or that is stored otherwise than as JSON.
    """
    node = config["node_def"]
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except ValueError:
            raise ValueError("it stores a TensorFlow node in binary") from None
    call = _call(node["op"], node.get("attr", {}))
    constants = {int(index): value for index, value in config.get("constants", {}).items()}

    def apply(tensors: Any) -> Any:
        waiting = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
        count = len(waiting) + len(constants)
        operands = [constants[i] if i in constants else waiting.pop(0) for i in range(count)]
        return call(*operands)

    return apply


def _call(op: str, attributes: Mapping[str, Any]) -> Callable[..., Any]:
    if op in _BINARY or op in _UNARY:
        return _BINARY.get(op) or _UNARY[op]
    if op in _REDUCTIONS:
        reduce, keep = _REDUCTIONS[op], bool(attributes.get("keep_dims", {}).get("b"))
        return lambda x, axis: reduce(x, axis=axis, keepdims=keep)
    if op == "ConcatV2":
        return lambda *operands: ops.concatenate(operands[:-1], axis=operands[-1])
    if op == "StridedSlice":
        masks = {name: int(value["i"]) for name, value in attributes.items() if "i" in value}
        return lambda x, *bounds: x[_slices(masks, *bounds)]
    if op in _SHAPES:
        return _SHAPES[op]
    if op == "Squeeze":
        axes = attributes.get("squeeze_dims", {}).get("list", {}).get("i", [])
        return lambda x: ops.squeeze(x, axis=tuple(int(axis) for axis in axes) or None)
    raise ValueError(f"it is a TensorFlow node of the kind {op}, which no keras.ops is known for")


def _slices(masks: Mapping[str, int], begin: Any, end: Any, step: Any) -> tuple[Any, ...]:
    """The key of ``x[...]`` that a StridedSlice stands for; its masks hold one bit an axis."""
    key: list[Any] = []
    for axis, (start, stop, stride) in enumerate(zip(begin, end, step, strict=True)):

        def has(name: str, bit: int = 1 << axis) -> bool:
            return bool(masks.get(f"{name}_mask", 0) & bit)

        if has("ellipsis"):
            key.append(Ellipsis)
        elif has("new_axis"):
            key.append(None)
        elif has("shrink_axis"):
            key.append(start)
        else:
            first, last = (
                None if has(name) else v for name, v in (("begin", start), ("end", stop))
            )
            key.append(slice(first, last, None if stride == 1 else stride))
    return tuple(key)
