"""What ops cost: seconds by multiply-adds and bytes moved.

A product of two large matrices runs at the machine's peak, one with few channels below it, and an
op that only moves values at the speed of memory. How fast both are is a backend's, and a machine's:
`Rates`, which the passes take as an option. Decisions need ratios alone, and by default they are
those of a nominal machine, so that the same model makes the same plan anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastism.ir.graph import Graph, Node, Value
from fastism.ir.ops import definition
from fastism.ir.types import TensorType

PRODUCTS = 190e9
"""Multiply-adds a second of large f32 matrix products."""
BYTES = 25e9
"""Bytes a second read or written, mostly in cache."""
HALF_SPEED = 4
"""Rows or columns of a kernel at which its product runs at half of the peak."""
FEWEST = 16
"""Fewer columns than this cost no less: backends put several positions side by side."""

ALTERNATIVES = 3
"""Items that share one pair's reference windows: the other three bases."""

LIVE = 0.6
"""Share of a product's multiply-adds that are not with zero, where nobody counted: see
`fastism.calibration.live`."""


@dataclass(frozen=True)
class Rates:
    """How fast a backend runs on a machine.

    products: multiply-adds a second of large f32 matrix products. bytes: read or written a second,
    mostly in cache. fuses: whether light ops between two others are one loop, so that what passes
    between them is not moved. exact: whether nothing is multiplied for the positions by which the
    window of a dilated convolution was rounded up. skips: whether nothing is multiplied for the
    entries of a change that are exactly zero.
    """

    products: float = PRODUCTS
    bytes: float = BYTES
    fuses: bool = True
    exact: bool = False
    skips: bool = False


NOMINAL: Final = Rates()
"""Those of the nominal machine, for decisions that need ratios alone."""


def seconds(node: Node, types: Sequence[TensorType], rates: Rates = NOMINAL) -> float:
    """Seconds a node takes a batch entry, given the types of its inputs."""
    return _multiplied(node, types) / rates.products + moved(node, types) / rates.bytes


def _multiplied(node: Node, types: Sequence[TensorType]) -> float:
    """Multiply-adds a batch entry, of large matrices, that take as long as those of a node."""
    products = definition(node.op).macs(node, tuple(types))
    return products / efficiency(node, types) if products else 0.0


def moved(node: Node, types: Sequence[TensorType]) -> int:
    """Bytes a batch entry that a node reads and writes."""
    return sum(type.bytes for type in types) + sum(value.type.bytes for value in node.results)


def fraction(value: Value) -> float:
    """Average width of a value's window over the sites that reach it, as a part of its length."""
    widths = value.window.widths[value.window.occupied]
    return float(widths.mean()) / value.type.length if len(widths) else 0.0


def efficiency(node: Node, types: Sequence[TensorType]) -> float:
    """The share of the peak at which a node's product runs, by the shape of its kernel."""
    products = definition(node.op).products
    if products is None or types[0].rank < 2 or node.results[0].type.rank < 2:
        return 1.0
    rows, columns = products.kernel(node, tuple(types))
    return _share(rows) * _share(max(columns, FEWEST))


def _share(extent: int) -> float:
    return extent / (extent + HALF_SPEED)


@dataclass(frozen=True)
class Work:
    """What a propagation graph does for an item.

    products: multiply-adds, of large matrices, that would take as long; exact_products: on windows
    that are not rounded up. bytes: moved by all ops; fused_bytes: where light ops between two
    others are one loop.
    """

    products: float
    exact_products: float
    bytes: float
    fused_bytes: float

    def seconds(self, rates: Rates, live: float = LIVE) -> float:
        """What that takes; ``live``: the share of multiply-adds that are not with zero."""
        products = self.exact_products if rates.exact else self.products
        products *= live if rates.skips else 1.0
        moved = self.fused_bytes if rates.fuses else self.bytes
        return products / rates.products + moved / rates.bytes


def work_an_item(graph: Graph, alternatives: int = ALTERNATIVES) -> Work:
    """What a propagation graph does for an item; what is done once a pair counts for its share."""
    heavy = {node.name for node in graph.nodes if not definition(node.op).light}
    products = exact = every = fused = 0.0
    for node in graph.nodes:
        types = graph.types(node.inputs)
        once = _share_of(node.results[0].type.shape[0], alternatives)
        given = [
            (name, type.bytes * min(_share_of(type.shape[0], alternatives) / once, 1))
            for name, type in zip(node.inputs, types, strict=True)
            if type.shape[0] != "N"
        ]
        made = [(value.name, value.type.bytes) for value in node.results]
        read = [size for name, size in given if node.name in heavy or _made_by(graph, name, heavy)]
        written = [
            size
            for name, size in made
            if node.name in heavy
            or name in graph.outputs
            or any(user.name in heavy for user in graph.users[name])
        ]
        multiplied, kept = multiplied_an_item(graph, node, alternatives)
        products += multiplied
        exact += kept
        every += sum(size for _, size in (*given, *made)) * once
        fused += (sum(read) + sum(written)) * once
    return Work(products, exact, every, fused)


def multiplied_an_item(graph: Graph, node: Node, alternatives: int) -> tuple[float, float]:
    """Multiply-adds that a node takes as long as, and those on windows that are not rounded up."""
    types = graph.types(node.inputs)
    products = _multiplied(node, types) * _share_of(node.results[0].type.shape[0], alternatives)
    return products, products * _kept(node, types)


def _kept(node: Node, types: Sequence[TensorType]) -> float:
    """The part of a window that was there before it was rounded up, on average.

    That of a dilated convolution is a multiple of the dilation (`fastism.passes.propagation`),
    unless it is narrower than that.
    """
    dilation = node.integer("dilation", 1)
    if dilation == 1 or types[0].length % dilation:
        return 1.0
    return 1 - (dilation - 1) / (2 * types[0].length)


def seconds_an_item(
    graph: Graph, alternatives: int = ALTERNATIVES, rates: Rates = NOMINAL
) -> float:
    """Seconds a propagation graph takes an item."""
    return work_an_item(graph, alternatives).seconds(rates)


def _share_of(batch: object, alternatives: int) -> float:
    """The part of a value that one item makes or reads: those of a pair share the pair's."""
    return 1.0 if batch == "M" else 1.0 / alternatives


def _made_by(graph: Graph, name: str, nodes: set[str]) -> bool:
    source = graph.producers.get(name)
    return source is None or source.name in nodes
