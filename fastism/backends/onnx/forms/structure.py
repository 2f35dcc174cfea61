"""What does nothing at prediction time, and batch normalization before it is scale and shift."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node
from fastism.ir.ops.structure import IDENTITIES


def _same(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    return inputs[0]


for _op in IDENTITIES:
    writes(_op)(_same)


@writes("batch_norm")
def batch_norm(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Sub, Mul, Add: the scale of every channel is worked out while writing."""
    scale = 1 / np.sqrt(writer.array("variance") + node.number("epsilon"))
    if writer.has("gamma"):
        scale = scale * writer.array("gamma")
    centred = writer.add("Sub", inputs[0], writer.weight("mean"))
    scaled = writer.add("Mul", centred, writer.number(scale))
    return writer.add("Add", scaled, writer.weight("beta")) if writer.has("beta") else scaled
