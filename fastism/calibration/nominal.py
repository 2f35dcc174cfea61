"""How fast each way to run a graph is on the nominal machine: a server, two cores with AVX-512."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from fastism.backends.base import FUSED, NATIVE, TENSORFLOW
from fastism.passes.costs import Rates

Speeds = Mapping[str, Rates]
"""By the name of a way (`fastism.backends.base.Ways`), how fast it is."""


def with_fused(speeds: Speeds) -> Speeds:
    """The speeds, and those of TensorFlow with its light ops fused: the same, but it moves less."""
    return MappingProxyType({**speeds, FUSED: replace(speeds[TENSORFLOW], fuses=True)})


NOMINAL: Final = with_fused(
    {
        NATIVE: Rates(products=82e9, bytes=95e9, exact=True, skips=True),
        TENSORFLOW: Rates(products=84e9, bytes=31e9, fuses=False),
    }
)
"""Native code fitted to the rows of the bench (`benchmarks/rows.py`), their zeros counted;
TensorFlow to Basset, Factorized Basset, BPNet and ChromBPNet."""

PROBED: Final = {NATIVE: (48e-6, 1.1e-6), TENSORFLOW: (57e-6, 1.8e-6)}
"""Seconds an item of each of the `fastism.calibration.probes`, on the same machine."""
