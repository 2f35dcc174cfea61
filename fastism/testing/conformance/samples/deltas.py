"""Deltas moved, masked, scaled, and brought to an end."""

from __future__ import annotations

import math

import numpy as np

from fastism.testing.conformance.sample import Array, Sample
from fastism.testing.conformance.samples.windows import HANGING, INNER, SITE

SHIFT = np.array([1, 1, -2, 3, 0], np.int32)
"""Of a delta of five positions: some windows reach outside it."""
WITHIN = np.array([1, 0, 0, 0, 1], np.int32)
"""Windows of four that all lie inside it."""
ALIKE = np.array([2, 2, 2], np.int32)
"""Pairs at one site."""


def _place(shift: Array, start: Array, width: int) -> Sample:
    return Sample(
        "place",
        ((5, 3), SITE),
        {"width": width, "length": 10},
        {"shift": shift, "start": start},
        "MP",
        tolerance=0,
    )


SAMPLES = (
    *(
        _place(shift, start["start"], width)
        for width in (4, 6)
        for shift in (SHIFT, WITHIN)
        for start in (HANGING, INNER)
    ),
    *(
        Sample("pick", ((6, 3),), {"offset": offset, "width": width}, batches="M", tolerance=0)
        for offset, width in ((0, 6), (2, 3), (-2, 9), (-1, 4), (8, 3), (4, 6), (-5, 3))
    ),
    Sample("zero_window", ((4, 3),), {"width": 7, "channels": 2}, batches="M", tolerance=0),
    *(
        Sample("mask_outside", (shape, SITE), {"length": 10, "fill": fill}, HANGING, batches)
        for shape, batches in (((4, 3), "MP"), ((4, 3), "PP"), ((4, 3, 2), "MP"))
        for fill in (0.0, -math.inf)
    ),
    *(
        Sample("scale_positions", ((4, 3), SITE), {}, {"factor": (10,), **start}, "MP")
        for start in (HANGING, INNER)
    ),
    Sample(
        "dense_rows",
        ((4, 3), ALIKE),
        {"length": 10},
        {"kernel": (30, 5), **INNER},
        "MP",
    ),
    *(Sample("sum_window", ((4, 3),), {"scale": scale}, batches="M") for scale in (1.0, 0.1)),
)
