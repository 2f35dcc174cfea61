"""The channels of every position times a matrix of weights, however it is written."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.activation import activation_steps
from fastism.frontends.keras.call import Call, Step, array, handles, refuse
from fastism.frontends.keras.composer import Composer
from fastism.frontends.keras.handlers.plane import Array
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
    """Over the channels, which are the first axis of the weights."""
    axes, rank = call.operation.axes, call.types[0].rank
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with weights")
    if axes != 1 and [list(pair) for pair in axes] not in ([[-1], [0]], [[rank - 1], [0]]):
        refuse(f"it sums over the axes {axes}")
    return _over_channels(call.types[0], array(call.arguments[1]), "")


@handles("ops.Einsum")
def einsum(call: Call) -> Sequence[Step]:
    """``"abc,cd->abd"``: one tensor, weights, and a sum over the channels."""
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with weights")
    subscripts = str(call.operation.subscripts)
    return _over_channels(call.types[0], array(call.arguments[1]), subscripts)


@handles("layers.EinsumDense")
def einsum_dense(call: Call) -> Sequence[Step]:
    layer = call.operation
    steps, composer = _over_channels(call.type, array(layer.kernel), layer.equation), None
    if layer.bias is not None:
        composer = Composer([call.type])
        composer.affine(composer.chain(steps, 0), shift=array(layer.bias))
        steps = composer.steps
    return [*steps, *activation_steps(layer.activation)]


def _over_channels(type: TensorType, kernel: Array, subscripts: str) -> Sequence[Step]:
    """The steps of a product with weights whose first axis is the channels; without subscripts
    the result has the other axes in their order.

    Raises NotExpressible for subscripts that say anything else.
    """
    letters = subscripts.replace(" ", "").replace("...", "*")
    if letters:
        sources, _, result = letters.partition("->")
        value, _, weights = sources.partition(",")
        # What the tensor has in front of its channels stays, and the weights' other axes follow.
        if not weights or value[-1] != weights[0] or result != value[:-1] + weights[1:]:
            refuse(f"it sums as {subscripts}")
    if kernel.ndim < 2 or type.rank < 2:
        refuse(f"it is a product of {type} with weights of the shape {kernel.shape}")
    steps = [_dense(kernel.reshape(len(kernel), -1), type)]
    if kernel.ndim > 2:
        shape = (*(int(extent) for extent in type.shape[1:-1]), *kernel.shape[1:])
        steps.append(Step("reshape", {"shape": shape}))
    return steps


def _dense(kernel: Array, type: TensorType) -> Step:
    return Step("dense", {}, {"kernel": kernel.astype(NUMPY_DTYPES[type.dtype])})
