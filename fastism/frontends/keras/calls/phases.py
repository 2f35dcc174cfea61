"""Transposed convolutions, phase by phase: an ordinary convolution, and positions split apart.

Of a stride s, output ``q*s + r`` reads the taps ``r, r + s, r + 2*s...`` at the inputs ``q, q - 1,
q - 2...``. So one convolution with s times the filters makes all phases r of output block q, and a
reshape of (N, Q, s*F) to (N, Q*s, F) puts them in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Phases:
    """What makes a transposed convolution: pad, convolve, reshape to (N, made, F), crop.

    kernel: (blocks, C, stride * F). pad, crop: positions in front and behind.
    """

    kernel: Array
    pad: tuple[int, int]
    made: int
    crop: tuple[int, int]


def phases(
    length: int, outputs: int, left: int, kernel: Array, stride: int, dilation: int
) -> Phases:
    """The phases that lead from (N, length, C) to (N, outputs, F).

    kernel: (taps, F, C), as Keras keeps it. left: how many outputs of the whole transposed
    convolution lie in front of the first one wanted. Of stride and dilation, one must be 1.
    """
    taps, filters, channels = kernel.shape
    blocks = -(-taps // stride)
    padded = np.zeros((blocks * stride, filters, channels), kernel.dtype)
    padded[:taps] = kernel
    by_phase = padded.reshape(blocks, stride, filters, channels)[::-1].transpose(0, 3, 1, 2)
    first, behind = left // stride, -(-(left + outputs) // stride)
    made, before = (behind - first) * stride, left - first * stride
    return Phases(
        by_phase.reshape(blocks, channels, stride * filters),
        ((blocks - 1) * dilation - first, behind - length),
        made,
        (before, made - before - outputs),
    )
