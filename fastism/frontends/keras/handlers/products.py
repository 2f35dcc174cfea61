"""Products of a tensor with weights, over any of its axes, however written."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence

from fastism.frontends.keras.calls.activation import activation_steps
from fastism.frontends.keras.calls.call import Call, Expression, Step, array, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers import summed
from fastism.frontends.keras.handlers.planes.plane import Array
from fastism.frontends.keras.handlers.reductions import reduced, without_axes
from fastism.ir.types import NUMPY_DTYPES, TensorType


@handles("ops.Matmul", "ops.Dot")
def product(call: Call) -> Expression | Sequence[Step]:
    if call.pattern == (0, 1) and call.kind == "Matmul":
        return summed.product(call)
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
def einsum(call: Call) -> Expression | Sequence[Step]:
    """``"abc,cd->abd"``: one tensor and weights; or two tensors, see `summed.einsum`."""
    subscripts = str(call.operation.subscripts)
    if call.pattern == (0, 1):
        sources, _, result = subscripts.replace(" ", "").partition("->")
        return summed.einsum(call, sources.split(","), result)
    if call.pattern != (0, None):
        refuse("it is not the product of one tensor with weights")
    return _einsum(call.types[0], array(call.arguments[1]), subscripts)


@handles("layers.EinsumDense")
def einsum_dense(call: Call) -> Sequence[Step]:
    layer = call.operation
    steps = _einsum(call.type, array(layer.kernel), layer.equation)
    if layer.bias is not None:
        composer = Composer([call.type])
        composer.affine(composer.chain(steps, 0), shift=array(layer.bias))
        steps = composer.steps
    return [*steps, *activation_steps(layer.activation)]


def _einsum(type: TensorType, kernel: Array, subscripts: str) -> Sequence[Step]:
    """The steps of a product with weights, summed over all axes that both have and the result not.

    Where these are not the last ones of the tensor, or what stays does not stand before what the
    weights add, axes change places. Raises NotExpressible for subscripts that say anything else.
    """
    sources, _, result = subscripts.replace(" ", "").partition("->")
    value, _, weights = sources.partition(",")
    axes = string.ascii_letters
    if "..." in sources:
        free = [letter for letter in axes if letter not in subscripts]
        ellipsis = "".join(free[: type.rank - len(value.replace("...", ""))])
        value, weights, result = (
            each.replace("...", ellipsis) for each in (value, weights, result)
        )
    shared = [letter for letter in value if letter in weights]
    stays = [letter for letter in value if letter not in weights]
    added = [letter for letter in result if letter not in value]
    weighed = any(letter in result for letter in shared)
    left = set(result) <= set(value) if weighed else set(result) == {*stays, *added}
    alone = all(len(set(each)) == len(each) for each in (value, weights, result))
    ranks = (len(value), len(weights)) == (type.rank, kernel.ndim)
    batch = value[:1] == result[:1] and value[:1] not in weights
    if not (left and alone and ranks and batch and {*shared, *added} == set(weights)):
        refuse(f"it sums as {subscripts}")
    if weighed:
        return _weighed(type, kernel, value, weights, result)
    kernel = kernel.transpose([weights.index(letter) for letter in (*shared, *added)])
    before = _turned(value, stays + shared)
    turned = TensorType(type.dtype, tuple(type.shape[value.index(x)] for x in stays + shared))
    return [*before, *_over_last(turned, kernel, len(shared)), *_turned(stays + added, result)]


def _weighed(
    type: TensorType, kernel: Array, value: str, weights: str, result: str
) -> Sequence[Step]:
    """``"abc,bc->ac"``: every number times one of the weights, then sums over some axes."""
    composer = Composer([type])
    by_axis = kernel.transpose(sorted(range(kernel.ndim), key=lambda i: value.index(weights[i])))
    extents = zip(value, type.shape, strict=True)
    lengths = [int(extent) if letter in weights else 1 for letter, extent in extents]
    found = composer.add("multiply", 0, composer.constant(by_axis.reshape(lengths), 0))
    axes = [axis for axis, letter in enumerate(value) if letter not in result]
    if axes:
        found = without_axes(composer, reduced(composer, "sum", found, axes), axes)
    composer.chain(_turned([letter for letter in value if letter in result], result), found)
    return composer.steps


def _turned(axes: Sequence[str], wanted: Sequence[str]) -> Sequence[Step]:
    """What brings axes into another order; the batch stays in front."""
    order = tuple(axes.index(letter) for letter in wanted)
    return [] if order == (*range(len(order)),) else [Step("permute", {"order": order[1:]})]


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
