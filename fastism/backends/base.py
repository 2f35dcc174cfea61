"""What a backend is: it turns the graphs of a module into something that can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from fastism.ir.graph import Node
from fastism.ir.module import Module

Array = TypeVar("Array")
"""What the backend computes with: numpy arrays, TensorFlow tensors."""


class Backend(Protocol[Array]):
    """Emits modules. A Python module with a function ``emit`` is a backend too."""

    def emit(
        self, module: Module, opaque: Mapping[str, Callable[..., Sequence[Array]]]
    ) -> Mapping[str, Callable[[Mapping[str, Array]], Mapping[str, Array]]]:
        """Every graph as a function from its inputs by name to its outputs by name.

        ``opaque`` holds the live layers by the ``key`` of the nodes that stand for them; each takes
        the node's inputs and returns its results. Raises LoweringError for an op the backend has no
        form of, and FastismError for an opaque layer that is not there, at the latest when called.
        """
        ...


def location(node: Node) -> str:
    """Where an error happened: the layer by its Keras name, and the node."""
    return (
        f"layer {node.origin.layer!r}, node %{node.name}" if node.origin else f"node %{node.name}"
    )
