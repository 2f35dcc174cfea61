"""What a product multiplies, how its kernel is packed, and which input rows an output row reads.

Convolutions, whole or of a delta, and dense layers are one loop: an output row ``o`` of the frame
reads the input rows ``o * stride - pad + k * dilation``. The kernel is packed in panels of so many
vectors of filters: ``[panel][tap][channel][lane]``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastism.backends.native.code import Code, Value
from fastism.backends.native.machine import Machine
from fastism.backends.native.writing import BYTES, FLOAT

HEADER = (
    "low",
    "high",
    "first",
    "last",
    "input",
    "pad",
    "lines",
    "numbers",
    "apart",
    "spans",
    "sums",
    "line",
)
"""What a tile's record begins with: the rows of the frame to make, those of the input that are
there, the address that row 0 of the input has, the padding; where the lists of channels are (which
line of the kernel, and where numbers are, or those of the first item, and the bytes from these to
those of the next item), and what is noted of row 0; and for products along the taps, where the sums
of row 0 are, and the bytes from one line of sums to the next."""


@dataclass(frozen=True)
class Shape:
    """A product: channels in, filters out, taps, and how rows meet.

    item: bytes of an input row from one item to the next. groups: each group of filters reads its
    own group of channels. skip: whether products with zero are left out.
    """

    channels: int
    filters: int
    taps: int
    dilation: int
    stride: int
    item: int
    skip: bool
    groups: int = 1

    def of_group(self: _Shape) -> _Shape:
        """One group, as a product of its own."""
        if self.groups == 1:
            return self
        each = replace(self, channels=self.channels // self.groups, groups=1)
        return replace(each, filters=self.filters // self.groups)


@dataclass(frozen=True)
class Windowed(Shape):
    """A product on windows: so many rows of the input, ``length``, and of the result, ``rows``.

    Its code depends on these by the form that is chosen alone.
    """

    length: int = 1
    rows: int = 1

    def alone(self) -> Shape:
        """The product, whatever its windows."""
        return Shape(**{each.name: getattr(self, each.name) for each in fields(Shape)})


_Shape = TypeVar("_Shape", bound=Shape)


def pack(kernel: npt.NDArray[Any], machine: Machine, groups: int = 1) -> npt.NDArray[np.float32]:
    """A kernel (taps, channels, filters) in panels, one group of filters after the other."""
    parts = np.split(kernel, groups, axis=2)
    return np.concatenate([_pack_group(part, machine) for part in parts])


def _pack_group(kernel: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
    taps, channels, filters = kernel.shape
    lanes = machine.lanes
    full = -(-filters // lanes) * lanes
    padded = np.zeros((taps, channels, full), np.float32)
    padded[:, :, :filters] = kernel
    ends = lanes * np.cumsum(panels_of(filters, machine))
    return np.concatenate([panel.ravel() for panel in np.split(padded, ends[:-1], axis=2)])


def panels_of(filters: int, machine: Machine) -> list[int]:
    """The vectors of each panel of a kernel, the wider first: as even as can be.

    A panel of one vector, left over, would take longer than its share: it reads as many numbers of
    the input as any other.
    """
    vectors = -(-filters // machine.lanes)
    count = -(-vectors // machine.vectors)
    each, wider = divmod(vectors, count)
    return [each + 1] * wider + [each] * (count - wider)


def packed_bytes(shape: Shape, machine: Machine) -> int:
    """Bytes of the packed kernel of one group."""
    filters = -(-shape.filters // machine.lanes) * machine.lanes
    return filters * shape.taps * shape.channels * FLOAT


def head_of(code: Code, record: Value) -> dict[str, Value]:
    """What the record of a tile begins with."""
    return {name: code.load_int(record, BYTES * i) for i, name in enumerate(HEADER)}


def taps_met(
    code: Code, shape: Shape, head: dict[str, Value], row: Value
) -> tuple[Value, Value, Value]:
    """The input row of the first tap, and the taps whose input rows are there."""
    base = code.sub(code.mul(row, shape.stride), head["pad"])
    low = code.ceil_div(code.sub(head["first"], base), shape.dilation)
    high = code.least(shape.taps, code.ceil_div(code.sub(head["last"], base), shape.dilation))
    return base, low, high
