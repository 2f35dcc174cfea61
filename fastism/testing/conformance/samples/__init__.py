"""Samples of every op, one file a family; more where forms are likely to part ways."""

from fastism.testing.conformance.sample import Sample
from fastism.testing.conformance.samples import (
    combining,
    convolution,
    deltas,
    elements,
    pooling,
    shape,
    windows,
)

SAMPLES: tuple[Sample, ...] = (
    *elements.SAMPLES,
    *combining.SAMPLES,
    *shape.SAMPLES,
    *convolution.SAMPLES,
    *pooling.SAMPLES,
    *windows.SAMPLES,
    *deltas.SAMPLES,
)
"""Of every op that can have any, in the order of the families."""

WITHOUT_SAMPLES = {
    "call": "it is a graph of its own, and gone from a flat module",
    "opaque": "it is a layer of the user's: the models have some",
    "windowed_opaque": "it is a layer of the user's: the models have some",
}
"""Ops that no sample can stand for, and why."""
