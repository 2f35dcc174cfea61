"""Small models whose propagation spends its time otherwise: on products, or on moving values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fastism.ir.builder import GraphBuilder
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.types import TensorType
from fastism.passes.costs import ALTERNATIVES
from fastism.passes.manager import Pipeline

SITES: Final = 32


@dataclass(frozen=True)
class Probe:
    """A convolution with a ReLU, added to what it reads, and a mean over all positions.

    One layer, as every other takes each backend a tenth of a second to prepare.

    channels: of what it reads, and makes. taps: of the convolution. width: positions of an edit.
    pairs: a chunk.
    """

    channels: int
    taps: int
    width: int
    pairs: int

    def module(self) -> Module:
        """The scheduled module, with random weights that are the same every time."""
        random = np.random.default_rng(0)
        scale = np.sqrt(2 / (self.taps * self.channels))
        kernel = scale * random.standard_normal((self.taps, self.channels, self.channels))
        constants: dict[str, Constant] = {}
        builder = GraphBuilder("main", constants)
        length = 2 * (self.taps + self.width) + SITES
        x = builder.input("sequence", TensorType.parse(f"f32[N,{length},{self.channels}]"))
        made = builder.add(
            "conv1d",
            [x],
            name="conv",
            attributes={"width": self.taps, "pad": "same"},
            constants={"kernel": builder.constant("conv.kernel", kernel.astype(np.float32))},
        )
        made = builder.add("relu", [made], name="relu")
        made = builder.add("add", [x, made], name="sum")
        mean = builder.add("global_average_pool", [made], name="mean")
        first = self.taps
        module = Module(
            "canonical",
            (builder.finish([mean]),),
            constants,
            Sites(tuple(range(first, first + SITES)), self.width),
            seq_input="sequence",
            outputs=("mean",),
        )
        passes = f"annotate,segment{{weigh=false}},split,schedule{{pairs={self.pairs}}}"
        return Pipeline.parse(passes).run(module)

    def alternatives(self) -> npt.NDArray[np.float32]:
        """(A, width, channels), what is written: no zeros, so that no product can be left out."""
        random = np.random.default_rng(1)
        shape = (ALTERNATIVES, self.width, self.channels)
        return random.uniform(1, 2, shape).astype(np.float32)


PROBES: Final = (
    Probe(channels=256, taps=7, width=8, pairs=64),
    Probe(channels=8, taps=96, width=1, pairs=2048),
)
"""One that multiplies, and one that moves; chunks so large that starting one is little beside."""
