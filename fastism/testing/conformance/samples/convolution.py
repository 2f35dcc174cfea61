"""Convolutions and dense layers, whole and on deltas, where a form has cause to choose another way.

Few filters or many, kernels narrower and wider than the window, taps that overlap or lie apart.
"""

from __future__ import annotations

from itertools import product

from fastism.testing.conformance.sample import Sample

PADS = ("valid", "same", "causal", (2, 5))

WHOLE = (
    (9, 1, 1, 1, 2),
    (9, 1, 1, 2, 4),
    (8, 1, 1, 1, 16),
    (5, 3, 1, 1, 4),
    (4, 3, 1, 1, 4),
    (3, 1, 5, 1, 4),
    (3, 1, 4, 2, 4),
    (1, 1, 1, 1, 4),
    (1, 1, 1, 3, 6),
    (1, 2, 1, 1, 4),
)
"""width, stride, dilation, groups, filters"""

SPREADS = (
    (1, 5, 1),  # one position: a single product
    (3, 11, 1),  # narrower than the kernel
    (30, 11, 1),  # wider
    (12, 3, 4),  # a multiple of the dilation
    (13, 3, 4),  # not a multiple
    (4, 3, 4),  # taps that just do not overlap
    (3, 3, 8),  # taps set far apart
)
"""length, width, dilation"""


def _whole(width: int, stride: int, dilation: int, groups: int, filters: int) -> list[Sample]:
    attributes = {"width": width, "stride": stride, "dilation": dilation, "groups": groups}
    constants = {"kernel": (width, 6 // groups, filters), "bias": (filters,)}
    return [Sample("conv1d", ((41, 6),), {**attributes, "pad": pad}, constants) for pad in PADS]


def _spread(
    length: int, width: int, dilation: int, filters: int, groups: int, channels: int = 6
) -> Sample:
    return Sample(
        "conv1d_spread",
        ((length, channels),),
        {"width": width, "dilation": dilation, "groups": groups},
        {"kernel": (width, channels // groups, filters)},
        "M",
    )


SAMPLES = (
    *(sample for geometry in WHOLE for sample in _whole(*geometry)),
    Sample("conv1d", attributes={"width": 2}, constants={"kernel": (2, 6, 4)}),
    Sample("conv1d", attributes={"width": 1}, constants={"kernel": (1, 6, 4)}),
    *(
        _spread(*geometry, filters, groups)
        for geometry, filters, groups in product(SPREADS, (3, 9, 12), (1, 3))
    ),
    *(_spread(*geometry, 5, 1, channels=128) for geometry in SPREADS),
    *(
        Sample("dense", (shape,), constants=constants)
        for shape in ((6,), (10, 6), (5, 2, 6))
        for constants in ({"kernel": (6, 3)}, {"kernel": (6, 3), "bias": (3,)})
    ),
)
