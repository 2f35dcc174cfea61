"""One op with certain arguments, on certain inputs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fastism.ir import GraphBuilder, Module, TensorType
from fastism.ir.graph import Attribute

Array = npt.NDArray[Any]

BATCH = {"N": 2, "P": 3, "M": 6}
"""Two sequences, three (sequence, site) pairs of them, two alternatives of each pair."""

Content: TypeAlias = "tuple[int, ...] | Array"
"""An array, or the shape of one to draw."""


@dataclass(frozen=True, eq=False)
class Sample:
    """An op and what it is given; ``str`` says it in a line.

    inputs: arrays, or shapes without the batch axis, which are drawn from a normal distribution.
    batches: the batch axis of each input, N, P or M; N for all if empty.
    constants: arrays or shapes likewise, by role.
    positive: draw numbers of 0.1 and above alone.
    tolerance: how far a result may be off, as a share of the largest number in it.
    """

    op: str
    inputs: tuple[Content, ...] = ((10, 6),)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    constants: Mapping[str, Content] = field(default_factory=dict)
    batches: str = ""
    positive: bool = False
    tolerance: float = 1e-5

    def module(self) -> Module:
        """A module of one node, ``out``, that reads ``in0``, ``in1``..."""
        builder = GraphBuilder("main", {})
        names = [
            builder.input(name, TensorType.of(array).with_batch(batch))
            for (name, array), batch in zip(self.arrays().items(), self._batches, strict=True)
        ]
        roles = {
            role: builder.constant(role, self._drawn(content, role))
            for role, content in self.constants.items()
        }
        out = builder.add(self.op, names, name="out", attributes=self.attributes, constants=roles)
        graph = builder.finish([out])
        return Module("canonical", (graph,), builder.constants, outputs=("out",))

    def arrays(self) -> dict[str, Array]:
        """The inputs by name, the same every time."""
        return {
            f"in{index}": content
            if isinstance(content, np.ndarray)
            else self._drawn((BATCH[batch], *content), f"in{index}")
            for index, (content, batch) in enumerate(zip(self.inputs, self._batches, strict=True))
        }

    @property
    def _batches(self) -> str:
        return self.batches or "N" * len(self.inputs)

    def _drawn(self, content: Content, what: str) -> Array:
        if isinstance(content, np.ndarray):
            return content
        random = np.random.default_rng(zlib.crc32(f"{self} {what}".encode()))
        array = random.normal(size=content).astype(np.float32)
        return np.abs(array) + np.float32(0.1) if self.positive else array

    def __str__(self) -> str:
        given = ", ".join(f"{key}={value}" for key, value in self.attributes.items())
        shapes = (*self.inputs, *self.constants.values())
        sizes = " ".join("x".join(map(str, getattr(c, "shape", c))) for c in shapes)
        return f"{self.op}({given}) {sizes}"
