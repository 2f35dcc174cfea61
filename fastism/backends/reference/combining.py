"""Numpy forms of the ops over several values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node

FOLDED: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
"""Functions of two arrays, applied from the left to any number of inputs."""


def _folded(function: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    def implementation(
        node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
    ) -> Array:
        return reduce(function, inputs)

    return implementation


for _op, _function in FOLDED.items():
    implements(_op)(_folded(_function))


@implements("average")
def average(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The sum of the inputs over their number."""
    return reduce(np.add, inputs) / len(inputs)


@implements("concatenate")
def concatenate(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The inputs one after another along ``axis`` (0 is the batch axis)."""
    return np.concatenate(inputs, axis=node.integer("axis"))


@implements("select")
def select(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``a`` where the condition is not zero, ``b`` elsewhere."""
    condition, a, b = inputs
    return np.where(condition != 0, a, b)


@implements("constant")
def constant(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The same array for every sequence of the batch."""
    value = constants["value"]
    return np.broadcast_to(value, (len(inputs[0]), *value.shape))
