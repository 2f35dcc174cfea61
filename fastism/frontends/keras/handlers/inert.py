"""Layers that return their input at prediction time."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Step, handles

_RATED = {
    "Dropout": "dropout",
    "SpatialDropout1D": "spatial_dropout",
    "SpatialDropout2D": "spatial_dropout",
    "GaussianDropout": "gaussian_dropout",
}


@handles(*(f"layers.{name}" for name in _RATED))
def dropout(call: Call) -> Sequence[Step]:
    return [Step(_RATED[call.kind], {"rate": float(call.operation.rate)})]


@handles("layers.GaussianNoise")
def gaussian_noise(call: Call) -> Sequence[Step]:
    return [Step("gaussian_noise")]


@handles(
    *("layers.Identity", "layers.ActivityRegularization", "layers.AlphaDropout"),
    *("ops.Identity", "ops.Copy", "ops.StopGradient"),
)
def identity(call: Call) -> Sequence[Step]:
    return [Step("identity")]
