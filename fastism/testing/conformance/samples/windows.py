"""Windows of the reference, and items beside their pair's reference."""

from __future__ import annotations

import math

import numpy as np

from fastism.testing.conformance.sample import Sample

SEQUENCE = np.array([1, 0, 1], np.int32)
SITE = np.array([4, 0, 2], np.int32)
HANGING = {"start": np.array([-2, 0, 3, 5, 8], np.int32)}
"""Windows of four over ten positions: those of the first and the last site hang over the ends."""
INNER = {"start": np.array([1, 0, 3, 5, 6], np.int32)}
"""All inside."""
TOKENS = np.arange(20, dtype=np.int32).reshape(2, 10)

SAMPLES = (
    *(
        Sample(
            "window",
            (reference, SEQUENCE, SITE),
            {"width": 4, "fill": fill},
            start,
            "NPP",
            tolerance=0,
        )
        for start in (HANGING, INNER)
        for fill in (0.0, -math.inf)
        for reference in ((10, 3), (10, 3, 2))
    ),
    Sample("window", ((10, 3), SEQUENCE, SITE), {"width": 1}, INNER, "NPP", tolerance=0),
    Sample("window", (TOKENS, SEQUENCE, SITE), {"width": 4}, HANGING, "NPP", tolerance=0),
    *(
        Sample("gather_reference", (reference, SEQUENCE), batches="NP", tolerance=0)
        for reference in ((10, 3), (5,), TOKENS)
    ),
    *(
        Sample(op, (shape, shape), batches="MP")
        for op in ("add_reference", "subtract_reference")
        for shape in ((4, 3), (3,), (4, 3, 2))
    ),
    *(
        Sample("expand", (shape, (1, 4)), batches="PM", tolerance=0)
        for shape in ((4, 3), (3,), (4, 3, 2))
    ),
    *(
        Sample("weigh_reference", ((channels,), (channels, units)), batches="MP")
        for channels, units in ((4, 3), (1, 1))
    ),
    *(
        Sample(
            "dense_by_channel", ((length, channels),), constants={"kernel": (length * channels, 3)}
        )
        for length, channels in ((5, 4), (1, 3), (6, 1))
    ),
    *(
        sample
        for length in (1, 2, 7, 64)
        for reverse in ({"reverse": False}, {"reverse": True})
        for sample in (
            Sample("running_max", ((length, 3),), reverse, tolerance=0),
            Sample("running_logsumexp", ((length, 3),), reverse),
            Sample("running_softmax_pool", ((length, 3), (length, 3)), reverse),
            Sample("running_softmax_pool", ((length, 1), (length, 3)), reverse),
        )
    ),
)
