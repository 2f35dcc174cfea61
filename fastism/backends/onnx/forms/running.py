"""What all positions before each one come to, and all behind it: once a sequence.

Doubling: each pass joins what covers so many positions with what covers as many before them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node


def _moved(writer: Writer, node: Node, x: str, by: int, length: int, fill: str) -> str:
    """The value moved by some positions, cut to a length; ``fill`` moves in."""
    most = length - writer.input_type().length - by
    before, behind = (most, by) if node["reverse"] else (by, most)
    return writer.add("Pad", x, writer.table("pads", [0, before, 0, 0, behind, 0]), fill)


@writes("running_max")
def running_max(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Max of the value and of itself moved by 1, 2, 4..."""
    (x,), length, shift = inputs, writer.input_type().length, 1
    lowest = writer.number(-math.inf)
    while shift < length:
        x = writer.add("Max", x, _moved(writer, node, x, shift, length, lowest))
        shift *= 2
    return _moved(writer, node, x, 1, length + 1, lowest)


@writes("running_logsumexp")
def running_logsumexp(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """The logarithms of the weights' sums."""
    largest = writer.reduce("ReduceMax", inputs[0], 1, keepdims=True)
    total, _ = _totals(writer, node, writer.add("Sub", inputs[0], largest), None)
    return _moved(writer, node, total, 1, writer.input_type().length + 1, writer.number(-math.inf))


@writes("running_softmax_pool")
def running_softmax_pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """The means that the weights weigh."""
    _, mean = _totals(writer, node, *inputs)
    return _moved(writer, node, mean or "", 1, writer.input_type().length + 1, writer.number(0.0))


def _totals(writer: Writer, node: Node, scores: str, values: str | None) -> tuple[str, str | None]:
    """The logarithm of the summed weights up to each position, and the mean that they weigh."""
    length, shift = writer.input_type().length, 1
    lowest, zero = writer.number(-math.inf), writer.number(0.0)
    while shift < length:
        before = _moved(writer, node, scores, shift, length, lowest)
        largest = writer.add("Max", scores, before)
        powers = [_exp_less(writer, each, largest) for each in (scores, before)]
        total = writer.add("Add", largest, writer.add("Log", writer.add("Add", *powers)))
        if values is not None:
            moved = _moved(writer, node, values, shift, length, zero)
            kept = writer.add("Mul", _exp_less(writer, scores, total), values)
            added = writer.add("Mul", _exp_less(writer, before, total), moved)
            values = writer.add("Add", kept, added)
        scores, shift = total, 2 * shift
    return scores, values


def _exp_less(writer: Writer, x: str, less: str) -> str:
    return writer.add("Exp", writer.add("Sub", x, less))
