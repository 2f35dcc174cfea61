"""Batch normalization (before canonicalize only) and layer normalization over channels."""

from __future__ import annotations

from fastism.ir.ops.pointwise import local, over_channels, same_type, unchanged
from fastism.ir.ops.registry import OpDefinition, register

register(
    OpDefinition(
        "batch_norm",
        same_type,
        summary="`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, by moving statistics",
        attributes={"epsilon": 1e-3},
        roles=("gamma", "beta", "mean", "variance"),
        required=("mean", "variance"),
        relation=local,
        linear=True,
        along_channels=True,
        size="own",
        light=True,
        stages="imported",
    )
)
register(
    OpDefinition(
        "layer_norm",
        same_type,
        summary="the same by the mean and variance of the last axis",
        attributes={"epsilon": 1e-3},
        roles=("gamma", "beta"),
        relation=over_channels,
        pull=unchanged,
        along_channels=True,
        size="own",
        factors=(),
        light=True,
    )
)
