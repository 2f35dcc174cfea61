"""The forms of a product: which suits it, how its kernel is packed, and what writes its loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fastism.backends.native.code import Value
from fastism.backends.native.few import few_filters, pack_few, write_few
from fastism.backends.native.machine import Machine
from fastism.backends.native.products import Strips, strips_of, write_product
from fastism.backends.native.shapes import Shape, Windowed, pack
from fastism.backends.native.taps import along_taps, pack_taps, write_along_taps
from fastism.backends.native.writing import Writer

ALONG_TAPS: Final = "along taps"
FEW: Final = "few filters"
PANELS: Final = "panels of filters"


@dataclass(frozen=True)
class Form:
    """How a product is done.

    kind: one of those above. strips: of its rows; None where they are not cut, or not in panels.
    """

    shape: Shape
    kind: str
    strips: Strips | None = None

    @classmethod
    def of(cls, shape: Windowed, machine: Machine) -> Form:
        """The form that suits a product: of its windows it knows no more than what they decide."""
        if along_taps(shape, machine):
            return cls(shape.alone(), ALONG_TAPS)
        if few_filters(shape, machine):
            return cls(shape.alone(), FEW)
        return cls(shape.alone(), PANELS, strips_of(shape, machine))

    def pack(self, kernel: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
        """A kernel (taps, channels, filters) as the loop reads it."""
        if self.kind == ALONG_TAPS:
            return pack_taps(kernel, machine)
        if self.kind == FEW:
            return pack_few(kernel, machine)
        return pack(kernel, machine, self.shape.groups)

    def write(self, writer: Writer, kernel: Value) -> None:
        """Write the loop. kernel: the address of the packed kernel."""
        if self.kind == ALONG_TAPS:
            write_along_taps(writer, self.shape, kernel)
        elif self.kind == FEW:
            write_few(writer, self.shape, kernel)
        else:
            write_product(writer, self.shape, self.strips, kernel)
