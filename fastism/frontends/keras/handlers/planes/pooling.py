"""Pools over two axes: across the short one, then along the length, which is the same."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Step, handles, refuse
from fastism.frontends.keras.handlers.planes.plane import Plane, windows_across

_GLOBAL = {
    "GlobalMaxPooling2D": "global_max_pool",
    "GlobalAveragePooling2D": "global_average_pool",
}


@handles("layers.MaxPooling2D", "layers.AveragePooling2D")
def pool(call: Call) -> Sequence[Step]:
    """The layer, or the operation."""
    plane, layer = Plane.of(call), call.operation
    op = "max_pool" if call.kind.startswith("Max") else "average_pool"
    strides = layer.pool_size if layer.strides is None else layer.strides
    (size, across), (stride, stride_across) = plane.pair(layer.pool_size), plane.pair(strides)
    width, steps = plane.width, [*plane.fold()]
    if width > 1 and (across, stride_across) != (1, 1):
        width, _ = windows_across(plane.width, across, stride_across, 1, layer.padding)
        window = min(across, plane.width)
        if width * window != plane.width or (width > 1 and across != stride_across):
            refuse(f"its pool of {across} does not divide the {plane.width} positions across")
        # The windows lie side by side, so that none reaches from one row into the next.
        attributes = {"size": window, "stride": window}
        folded = Step("reshape", {"shape": (plane.length, width * plane.channels)})
        steps = [*plane.rows(), Step(op, attributes), folded]
    steps.append(Step(op, {"size": size, "stride": stride, "pad": layer.padding}))
    return [*steps, *plane.unfold(width, plane.channels)]


@handles(*(f"layers.{name}" for name in _GLOBAL))
def global_pool(call: Call) -> Sequence[Step]:
    """Over the positions of both axes in one."""
    plane, layer = Plane.of(call), call.operation
    keepdims = bool(layer.keepdims)
    pooled = Step(_GLOBAL[call.kind], {"keepdims": keepdims})
    kept = [Step("reshape", {"shape": (1, 1, plane.channels)})] if keepdims else []
    return [*plane.rows(), pooled, *kept]
