"""Landscapes as a page holds them: whole numbers of 16 bits, in base64, read where they are drawn.

A value is ``neutral + number * scale``, with a scale for each sequence and track, so it is kept
to 1/32,767 of the farthest one; ``MISSING`` stands where there is none. Numbers are little-endian,
as in every browser, and the rows of the heat map lie one behind the other.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.plotting.landscape import Landscape

Array = npt.NDArray[Any]

MISSING = -32768
_MOST = 32767


def packed_track(landscape: Landscape) -> dict[str, Any]:
    """The numbers of one landscape, as JSON."""
    values, scale = packed(landscape.values - landscape.neutral)
    heights, top = packed(landscape.heights)
    known = np.isfinite(landscape.reference)
    return {
        "reference": float(landscape.reference) if known else None,
        "neutral": landscape.neutral,
        "strongest": strongest(landscape),
        "values": values,
        "scale": scale,
        "heights": heights,
        "heightScale": top,
    }


def packed(numbers: Array) -> tuple[str, float]:
    """Numbers as text, and what one unit of them is."""
    finite = np.isfinite(numbers)
    scale = float(np.abs(numbers, where=finite, out=np.zeros_like(numbers)).max(initial=0)) / _MOST
    units = np.rint(np.where(finite, numbers, 0) / (scale or 1)).astype("<i2")
    return _text(np.where(finite, units, np.int16(MISSING)).astype("<i2")), scale


def packed_held(landscape: Landscape) -> str | None:
    """For each position the row that the sequence holds, -1 for none, as bytes.

    None where the rows are letters, and the text says it.
    """
    if landscape.labels == tuple(landscape.alphabet):
        return None
    rows = np.where(landscape.held.any(axis=0), landscape.held.argmax(axis=0), -1)
    return _text(rows.astype(np.int8))


def strongest(landscape: Landscape) -> float:
    """The farthest that a mutation goes, either way; 0 where none is written."""
    effects = landscape.effects
    effects = effects[np.isfinite(effects)]
    return float(effects[np.abs(effects).argmax()]) if effects.size else 0.0


def _text(numbers: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode("ascii")
