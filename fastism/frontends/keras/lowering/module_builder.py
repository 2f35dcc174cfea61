"""What all graphs of one module share while they are lowered."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, TypeAlias

from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.ir.graph import Graph
from fastism.ir.module import Constant
from fastism.ir.types import TensorType

Nested: TypeAlias = tuple[Graph, tuple[int, ...]]
"""A nested model's graph, which returns masks behind its outputs, and of which outputs they are."""


class ModuleBuilder:
    """The graphs, constants and live layers of one module, as they are found."""

    def __init__(self) -> None:
        self.constants: dict[str, Constant] = {}
        self.opaque: dict[str, OpaqueLayer] = {}
        self.graphs: list[Graph] = []
        self._names = {"main"}
        self._nested: dict[tuple[int, tuple[TensorType, ...]], Nested] = {}

    def main(self, graph: Graph) -> None:
        """Take the whole model's graph as the first; live layers that no node runs are dropped."""
        self.graphs.insert(0, graph)
        keys = {node.attributes.get("key") for made in self.graphs for node in made.nodes}
        self.opaque = {key: layer for key, layer in self.opaque.items() if key in keys}

    def nested(
        self,
        model: Any,
        types: Sequence[TensorType],
        name: str,
        lower: Callable[[str], Nested],
    ) -> Nested:
        """The graph of a nested model for some input types, lowered once.

        lower: from the graph's name, made unique from ``name``, to the graph.
        """
        key = (id(model), tuple(types))
        if key not in self._nested:
            unique = _unique(name, self._names)
            self._names.add(unique)
            self._nested[key] = lower(unique)
            self.graphs.append(self._nested[key][0])
        return self._nested[key]

    def keep(self, name: str, **fields: Any) -> OpaqueLayer:
        """Keep a layer live, under a key of its own."""
        key = _unique(name, self.opaque)
        self.opaque[key] = OpaqueLayer(key, **fields)
        return self.opaque[key]


def _unique(name: str, taken: Container[str]) -> str:
    """``name``, or ``name:2``, ``name:3``... where it is taken."""
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}:{count}", count + 1
    return candidate
