"""Positions and axes moved, taken, and added."""

from __future__ import annotations

from fastism.testing.conformance.sample import Sample

SAMPLES = tuple(
    Sample(op, (shape,), attributes, tolerance=0)
    for op, shape, attributes in (
        ("crop", (10, 6), {"left": 2, "right": 3}),
        ("crop", (10, 3, 2), {"left": 2}),
        ("slice", (10, 6), {"start": 7, "stop": None, "step": -2}),
        ("slice", (10, 6), {"start": 1, "stop": -2, "step": 3}),
        ("slice", (10, 6), {"step": -1}),
        ("slice_channels", (10, 6), {"step": -1}),
        ("slice_channels", (10, 6), {"start": 4, "stop": 1, "step": -1}),
        ("slice_channels", (10, 6), {"start": 2}),
        ("zero_pad", (10, 6), {"left": 1, "right": 4}),
        ("zero_pad", (10, 3, 2), {"right": 2}),
        ("upsample", (10, 6), {"factor": 3}),
        ("flatten", (10, 6), {}),
        ("flatten", (6,), {}),
        ("reshape", (10, 6), {"shape": (4, -1)}),
        ("reshape", (10, 6), {"shape": (5, 2, 6)}),
        ("reshape", (10, 6), {"shape": (60,)}),
        ("permute", (10, 6), {"order": (2, 1)}),
        ("permute", (10, 3, 2), {"order": (1, 3, 2)}),
    )
)
