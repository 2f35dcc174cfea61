"""Fold the statistics of batch normalization into one scale and one shift a channel."""

from __future__ import annotations

import numpy as np

from fastism.ir.builder import complete
from fastism.ir.graph import Node, Rewritten
from fastism.passes.canonicalization.scope import Scope


def fold_batch_norm(node: Node, scope: Scope) -> Rewritten:
    """``%bn = batch_norm(%x)`` becomes ``%bn = scale_shift(%x) @bn.scale @bn.shift``.

    ``scale = gamma / sqrt(variance + epsilon)`` and ``shift = beta - mean * scale``, both of shape
    (channels,), are worked out in float64 and stored in the type of the weights.
    """
    if node.op != "batch_norm":
        return node
    mean, variance = scope.data(node, "mean"), scope.data(node, "variance")
    gamma, beta = scope.data(node, "gamma"), scope.data(node, "beta")
    assert mean is not None
    assert variance is not None
    with np.errstate(invalid="ignore", divide="ignore"):  # a variance of NaN, or below zero
        scale = 1.0 / np.sqrt(variance.astype(np.float64) + node.number("epsilon"))
    if gamma is not None:
        scale = scale * gamma.astype(np.float64)
    shift = -mean.astype(np.float64) * scale
    if beta is not None:
        shift = shift + beta.astype(np.float64)
    return node.replace(
        op="scale_shift",
        attributes=complete("scale_shift", {}),
        constants=(
            ("scale", scope.constant(node, "scale", scale.astype(mean.dtype))),
            ("shift", scope.constant(node, "shift", shift.astype(mean.dtype))),
        ),
    )
