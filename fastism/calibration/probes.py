"""Small models whose propagation spends its time otherwise: on products, or on moving values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Attribute
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.types import TensorType
from fastism.passes.manager import Pipeline

LETTERS: Final = 4


@dataclass(frozen=True)
class Probe:
    """Convolutions one after the other, each with a ReLU, and a mean over all positions.

    filters, width: of each. dilations: one a convolution behind the first. residual: whether what
    goes into a convolution is added to what comes out. length: of the sequence, whose middle half
    is edited. pairs: a chunk.
    """

    filters: int
    width: int
    dilations: tuple[int, ...]
    residual: bool
    length: int
    pairs: int

    def module(self) -> Module:
        """The scheduled module, with random weights that are the same every time."""
        random = np.random.default_rng(0)
        constants: dict[str, Constant] = {}
        builder = GraphBuilder("main", constants)
        x = builder.input("sequence", TensorType.parse(f"f32[N,{self.length},{LETTERS}]"))
        channels = LETTERS
        for number, dilation in enumerate((1, *self.dilations)):
            scale = np.sqrt(2 / (self.width * channels))
            kernel = scale * random.standard_normal((self.width, channels, self.filters))
            name = builder.constant(f"conv{number}.kernel", kernel.astype(np.float32))
            options: dict[str, Attribute] = {
                "width": self.width,
                "pad": "same",
                "dilation": dilation,
            }
            made = builder.add(
                "conv1d",
                [x],
                name=f"conv{number}",
                attributes=options,
                constants={"kernel": name},
            )
            made = builder.add("relu", [made], name=f"relu{number}")
            if self.residual and number:
                made = builder.add("add", [x, made], name=f"sum{number}")
            x, channels = made, self.filters
        mean = builder.add("global_average_pool", [x], name="mean")
        sites = Sites(tuple(range(self.length // 4, 3 * self.length // 4)), 1)
        module = Module(
            "canonical",
            (builder.finish([mean]),),
            constants,
            sites,
            seq_input="sequence",
            outputs=("mean",),
        )
        passes = f"annotate,segment{{weigh=false}},split,schedule{{pairs={self.pairs}}}"
        return Pipeline.parse(passes).run(module)


PROBES: Final = (
    Probe(filters=256, width=7, dilations=(1, 1), residual=False, length=96, pairs=64),
    Probe(filters=32, width=3, dilations=(2, 4, 8, 16), residual=True, length=256, pairs=256),
)
"""One that multiplies, and one that moves."""
