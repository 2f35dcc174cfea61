"""Values whose batch axis does not stand in front: kept with it there, and calls moved along.

``ops.mean(ops.stack(members, axis=0), axis=0)`` is how models average their members. In between is
a value (K, N, ...), and every value of a graph is (N, ...). Such a value is kept with its axes in
another order, the batch first and a new axis last; an operation on it is the same operation on
other axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np

from fastism.frontends.keras.calls.call import of_keras, refuse

Order: TypeAlias = tuple[int, ...]
"""Of a value as it is kept: which of its own axes stands at each place."""

_ELEMENTWISE = """
    Absolute Abs Add Cast Ceil Clip Cos Divide Elu Equal Erf Exp Expm1 Floor Gelu Greater
    GreaterEqual HardSigmoid HardSilu HardTanh Identity LeakyRelu Less LessEqual Log Log10 Log1p
    Log2 LogSigmoid LogicalNot Maximum Minimum Multiply Negative NotEqual Power Reciprocal Relu
    Relu6 Rsqrt Selu Sigmoid Sign Silu Sin Softplus Softsign Sqrt Square Subtract Tanh TrueDivide
    Where
"""
_ADDING = ("ExpandDims", "Stack")
"""Operations that add an axis."""
_REDUCING = "All Amax Amin Any Average Logsumexp Max Mean Median Min Norm Prod Std Sum Var"
_ALONG = "Concatenate Cumprod Cumsum Flip LogSoftmax Softmax Sort Split"
"""Operations along an axis that stays."""


@dataclass(frozen=True)
class Kept:
    """A call on values as they are kept.

    operation: None where its result is kept as what it is given is. outputs: symbolic results.
    """

    operation: Any | None
    arguments: tuple[Any, ...]
    outputs: Sequence[Any]


def in_front(node: Any, orders: dict[int, Order]) -> Kept:
    """The call of a node on values as they are kept.

    orders: of the values that do not have the batch in front, by the id of their Keras tensor;
    those of the results are noted. Raises NotExpressible for a call that cannot be moved along.
    """
    tensors = node.arguments.keras_tensors
    if not (_leads(node) or any(id(tensor) in orders for tensor in tensors)):
        return Kept(node.operation, node.arguments.args, node.outputs)
    found = _moved(node, [orders.get(id(tensor), _own(tensor)) for tensor in tensors])
    if found is None:
        refuse("the batch is not the first axis of what it is given, or of what it gives")
    operation, arguments, order = found
    if order != tuple(range(len(order))):
        orders.update((id(output), order) for output in node.outputs)
    return Kept(operation, arguments, [_permuted(output, order) for output in node.outputs])


def _leads(node: Any) -> bool:
    """Whether a call puts another axis in front of the batch."""
    operation, rank = node.operation, len(node.arguments.keras_tensors[0].shape)
    if not of_keras(operation):
        return False
    if type(operation).__name__ in _ADDING:
        return operation.axis in (0, -1 - rank)
    return type(operation).__name__ == "Transpose" and _axes(operation, rank)[0] != 0


def _axes(transpose: Any, rank: int) -> list[int]:
    """The axes of its operand in the order of its result's."""
    return [axis % rank for axis in transpose.axes or reversed(range(rank))]


_Moved: TypeAlias = "tuple[Any | None, tuple[Any, ...], Order] | None"
"""An operation, its arguments, and the order of its results; None where there is none."""


def _moved(node: Any, given: Sequence[Order]) -> _Moved:
    """A call on values that are kept in some orders."""
    operation, arguments, keywords = node.operation, node.arguments.args, node.arguments.kwargs
    kind, tensors, order = type(operation).__name__, node.arguments.keras_tensors, given[0]
    plain = all(value is None for value in keywords.values())
    if not of_keras(operation) or not plain or len(set(given)) != 1:
        return None
    if kind == "Transpose":
        axes = _axes(operation, len(order))
        return _settled(None, arguments, tuple(axes.index(axis) for axis in order), node)
    if kind in _ADDING and isinstance(operation.axis, int):
        new = operation.axis % (len(order) + 1)
        order = (*(axis + (axis >= new) for axis in order), new)
        return _settled(_with(operation, axis=-1), arguments, order, node)
    if kind == "GetItem":
        return _part(operation, arguments, order, node)
    if kind in _ELEMENTWISE.split():
        others = [leaf for leaf in keras.tree.flatten(arguments) if not _is_tensor(leaf)]
        same = len({len(tensor.shape) for tensor in tensors}) == 1
        numbers = all(leaf is None or np.ndim(leaf) == 0 for leaf in others)
        return _settled(operation, arguments, order, node) if same and numbers else None
    axis = getattr(operation, "axis", None)
    if axis is None or kind not in f"{_REDUCING} {_ALONG} Unstack Squeeze".split():
        return None
    rank = len(order)
    own = [each % rank for each in (axis if isinstance(axis, (list, tuple)) else [axis])]
    places = [order.index(each) for each in own]
    if 0 in places:
        return None  # over the batch
    changed = _with(operation, axis=places if isinstance(axis, (list, tuple)) else places[0])
    stays = kind in _ALONG.split() or getattr(operation, "keepdims", False)
    return _settled(changed, arguments, order if stays else _without(order, own), node)


def _permuted(tensor: Any, order: Order) -> Any:
    """A symbolic tensor with its axes in an order."""
    return keras.KerasTensor([tensor.shape[axis] for axis in order], dtype=tensor.dtype)


def _settled(operation: Any, arguments: Any, order: Order, node: Any) -> _Moved:
    """The call, where its results can be kept in this order."""
    turned = order[0] == 0 and order != tuple(range(len(order)))  # as no value of a graph is
    if turned or any(len(order) != len(output.shape) for output in node.outputs):
        return None
    return operation, arguments, order


def _part(operation: Any, arguments: Sequence[Any], order: Order, node: Any) -> _Moved:
    """A part by a key of numbers and slices; the batch as a whole."""
    tensor, key = arguments
    keys = list(key) if isinstance(key, tuple) else [key]
    if not all(isinstance(each, (int, slice)) for each in keys):
        return None
    keys += [slice(None)] * (len(order) - len(keys))
    kept = tuple(keys[axis] for axis in order)
    if kept[0] != slice(None):
        return None
    gone = [axis for axis, each in enumerate(keys) if isinstance(each, int)]
    return _settled(operation, (tensor, kept), _without(order, gone), node)


def _without(order: Order, gone: Sequence[int]) -> Order:
    """The order of what is left without some axes."""
    left = [axis for axis in order if axis not in gone]
    return tuple(sorted(left).index(axis) for axis in left)


def _with(operation: Any, **options: Any) -> Any:
    """An operation with other options."""
    return type(operation).from_config({**operation.get_config(), **options})


def _own(tensor: Any) -> Order:
    return tuple(range(len(tensor.shape)))


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, keras.KerasTensor)
