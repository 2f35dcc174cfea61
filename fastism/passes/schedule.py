"""Schedule: how many (sequence, site) pairs a chunk of each propagation graph holds.

A chunk's windows should stay in the cache, and the whole run within the memory allowed; too few
pairs waste the machine on overheads. The numbers land in the graphs' attributes: see
`fastism.ir.program.Chunks`, and beside them the options of single backends that are switched on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.program import Chunks, scheduled
from fastism.passes.base import Pass
from fastism.passes.costs import ALTERNATIVES, BYTES, PRODUCTS, Rates, seconds_an_item
from fastism.passes.registry import register_pass


@register_pass
@dataclass(frozen=True)
class Schedule(Pass):
    """Choose chunk sizes.

    chunk_bytes: what the largest value of a chunk may take. memory: bytes all values of a chunk
    may take. alternatives: items a pair, for both estimates. pairs: a fixed chunk instead.
    workers: chunks run side by side. options: options of backends to switch on, by full name:
    ``tensorflow.fuse`` compiles light ops together, which takes seconds once and pays where
    windows are wide. rates: multiply-adds and bytes a second, for the predicted time of an item.
    """

    name: ClassVar[str] = "schedule"
    requires: ClassVar[tuple[str, ...]] = ("split", "scheduled")
    produces: ClassVar[str | None] = "scheduled"

    chunk_bytes: int = 64 << 20
    memory: int = 1 << 29
    alternatives: int = ALTERNATIVES
    pairs: int | None = None
    workers: int = 2
    options: tuple[str, ...] = ()
    rates: tuple[float, float] = (PRODUCTS, BYTES)

    def run(self, module: Module) -> Module:
        return module.with_graphs([module.main, *map(self._scheduled, module.graphs[1:])])

    def _scheduled(self, graph: Graph) -> Graph:
        largest, total = pair_bytes(graph, self.alternatives)
        fitting = min(self.chunk_bytes // largest, self.memory // total)
        pairs = self.pairs if self.pairs is not None else max(1, min(fitting, 4096))
        chunks = Chunks(
            pairs=pairs,
            items=pairs * self.alternatives,
            bytes=pairs * total,
            workers=self.workers,
            predicted_seconds=seconds_an_item(graph, self.alternatives, Rates(*self.rates)),
        )
        return scheduled(graph, chunks, dict.fromkeys(self.options, True))


def pair_bytes(graph: Graph, alternatives: int) -> tuple[int, int]:
    """Bytes a pair: of the largest value, and of all values together."""
    sizes = [1]
    for node in graph.nodes:
        for value in node.results:
            copies = alternatives if value.type.shape[0] == "M" else 1
            sizes.append(value.type.bytes * copies)
    return max(sizes), sum(sizes)
