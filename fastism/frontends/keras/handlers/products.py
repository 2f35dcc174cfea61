"""Products of a tensor with weights, over its channels or all of its axes, however written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fastism.frontends.keras.calls.activation import activation_steps
from fastism.frontends.keras.calls.call import Call, Step, array, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.planes.plane import Array
from fastism.ir.types import NUMPY_DTYPES, TensorType


@handles("ops.Matmul", "ops.Dot")
def product(call: Call) -> Sequence[Step]:
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with a matrix of weights")
    kernel = array(call.arguments[1])
    while kernel.ndim > 2 and kernel.shape[0] == 1:
        kernel = kernel[0]
    if kernel.ndim != 2:
        refuse(f"it is a product with weights of the shape {kernel.shape}")
    return [_dense(kernel, call.types[0])]


@handles("ops.Tensordot")
def tensor_product(call: Call) -> Sequence[Step]:
    """Over the last axes, which are the first ones of the weights."""
    axes, rank = call.operation.axes, call.types[0].rank
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with weights")
    if isinstance(axes, int):
        axes = range(rank - axes, rank), range(axes)
    given, weights = ([each] if isinstance(each, int) else list(each) for each in axes)
    shared = len(given)
    if [axis % rank for axis in given] != [*range(rank - shared, rank)] or weights != [
        *range(shared)
    ]:
        refuse(f"it sums over the axes {call.operation.axes}")
    return _over_last(call.types[0], array(call.arguments[1]), shared)


@handles("ops.Einsum")
def einsum(call: Call) -> Sequence[Step]:
    """``"abc,cd->abd"``: one tensor, weights, and a sum over the last axes of the tensor."""
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with weights")
    kernel = array(call.arguments[1])
    return _over_last(call.types[0], kernel, _shared(str(call.operation.subscripts)))


@handles("layers.EinsumDense")
def einsum_dense(call: Call) -> Sequence[Step]:
    layer = call.operation
    steps = _over_last(call.type, array(layer.kernel), _shared(layer.equation))
    if layer.bias is not None:
        composer = Composer([call.type])
        composer.affine(composer.chain(steps, 0), shift=array(layer.bias))
        steps = composer.steps
    return [*steps, *activation_steps(layer.activation)]


def _shared(subscripts: str) -> int:
    """How many axes a sum is over, the last of the tensor and the first of the weights.

    What the tensor has in front of them stays, and the other axes of the weights follow. Raises
    NotExpressible for subscripts that say anything else.
    """
    sources, _, result = subscripts.replace(" ", "").replace("...", "*").partition("->")
    value, _, weights = sources.partition(",")
    shared = next((n for n in range(1, len(value)) if value[-n:] == weights[:n]), 0)
    if not shared or result != value[:-shared] + weights[shared:]:
        refuse(f"it sums as {subscripts}")
    return shared


def _over_last(type: TensorType, kernel: Array, shared: int) -> Sequence[Step]:
    """The steps of a product over so many axes, the last of a tensor and the first of weights."""
    stays, sums = type.shape[1 : type.rank - shared], type.shape[type.rank - shared :]
    if type.rank <= shared or kernel.shape[:shared] != sums or kernel.ndim == shared:
        refuse(f"it is a product of {type} with weights of the shape {kernel.shape}")
    rows = math.prod(int(extent) for extent in sums)
    steps = [_dense(kernel.reshape(rows, -1), type)]
    if shared > 1:
        whole = Step("reshape", {"shape": (*map(int, stays), rows)}) if stays else Step("flatten")
        steps.insert(0, whole)
    if kernel.ndim != shared + 1:
        shape = (*(int(extent) for extent in stays), *kernel.shape[shared:])
        steps.append(Step("reshape", {"shape": shape}))
    return steps


def _dense(kernel: Array, type: TensorType) -> Step:
    return Step("dense", {}, {"kernel": kernel.astype(NUMPY_DTYPES[type.dtype])})
