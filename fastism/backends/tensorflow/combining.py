"""Sums, products, extrema, concatenation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node

PAIRWISE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": tf.add,
    "subtract": tf.subtract,
    "multiply": tf.multiply,
    "divide": tf.divide,
    "maximum": tf.maximum,
    "minimum": tf.minimum,
}


def _register(name: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
    @emits(name)
    def pairwise(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
        return reduce(function, inputs)


for _name, _function in PAIRWISE.items():
    _register(_name, _function)


@emits("average")
def average(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The mean of the inputs, element by element."""
    return reduce(tf.add, inputs) / len(inputs)


@emits("concatenate")
def concatenate(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The inputs side by side along one axis."""
    return tf.concat(list(inputs), axis=node.integer("axis"))


@emits("select")
def select(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The second input where the first is not zero, the third elsewhere."""
    return tf.where(inputs[0] != 0, inputs[1], inputs[2])


@emits("constant")
def constant(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The same array for every sequence of the batch."""
    value = constants.tensor("value")
    return tf.tile(value[None], [tf.shape(inputs[0])[0], *([1] * value.shape.rank)])
