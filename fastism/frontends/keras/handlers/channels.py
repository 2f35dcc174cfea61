"""Channels in order, and their running sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.frontends.keras.calls.call import Call, Step, handles, refuse
from fastism.ir.types import NUMPY_DTYPES


def _require_channels(call: Call, along: str) -> None:
    """Raise NotExpressible unless the operation goes along the last axis, and that is channels.

    along: what is said of one that goes along the positions.
    """
    axis, rank = call.operation.axis, call.type.rank
    if axis is None or axis % rank != rank - 1 or rank < 2:
        positions = f": {along}" if axis is not None and axis % rank == 1 else ""
        refuse(f"its axis is {axis}, not that of the channels{positions}")


@handles("ops.Sort")
def sort(call: Call) -> Sequence[Step]:
    _require_channels(call, "an edit moves every position that it passes in the order")
    return [Step("channel_sort")]


@handles("ops.Cumsum")
def running_sum(call: Call) -> Sequence[Step]:
    """A product with ones on and above the diagonal."""
    _require_channels(call, "an edit reaches every later position")
    call.require(dtype=None)
    channels = call.type.channels
    kernel = np.triu(np.ones((channels, channels), NUMPY_DTYPES[call.type.dtype]))
    return [Step("dense", {}, {"kernel": kernel})]
