"""The table of numpy forms, one an op, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy.typing as npt

from fastism.backends.base import location
from fastism.errors import LoweringError, VerifyError
from fastism.ir.graph import Node
from fastism.ir.ops.registry import definition

Array: TypeAlias = npt.NDArray[Any]
OpaqueLayer: TypeAlias = Callable[..., Sequence[Array]]


@dataclass(frozen=True)
class Context:
    """What an op may reach beyond its inputs.

    opaque: the live layers, by key.
    call: (graph name, arrays in the order of the graph's inputs) to its outputs in order.
    """

    opaque: Mapping[str, OpaqueLayer]
    call: Callable[[str, Sequence[Array]], tuple[Array, ...]]


Implementation: TypeAlias = Callable[
    [Node, Sequence[Array], Mapping[str, Array], Context], Array | Sequence[Array]
]
"""(node, inputs, constants by role, context) to the result, or the results of an op with several.

A role the node leaves empty is missing from the mapping.
"""

_TABLE: dict[str, Implementation] = {}


def implements(op: str) -> Callable[[Implementation], Implementation]:
    """Register the decorated function as the numpy form of an op.

    Raises VerifyError if the op is not registered in ``fastism.ir.ops``, or has a form already.
    """
    definition(op)

    def register(function: Implementation) -> Implementation:
        if op in _TABLE:
            raise VerifyError(f"op {op!r} has a numpy form already")
        _TABLE[op] = function
        return function

    return register


def implementation(node: Node) -> Implementation:
    """The numpy form of a node's op. Raises LoweringError, naming the node, if there is none."""
    try:
        return _TABLE[node.op]
    except KeyError:
        raise LoweringError(
            f"the reference backend cannot evaluate the op {node.op!r}",
            where=location(node),
            why="nobody has registered a numpy form of it",
            attempt=f'@fastism.backends.reference.implements("{node.op}") above a function '
            "(node, inputs, constants, context) -> array",
        ) from None
