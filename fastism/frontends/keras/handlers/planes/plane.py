"""Values over two axes, one of them short: the short one is folded into the channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.call import Call, Step, array, refuse

SHORT = 8
"""Positions of the second axis up to which a layer may keep several of them."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Plane:
    """A value (N, L, W, C), which the ops of one axis take as (N, L, W*C).

    turned: it is (N, W, L, C): the length comes second.
    """

    length: int
    width: int
    channels: int
    turned: bool

    @classmethod
    def of(cls, call: Call) -> Plane:
        """The only tensor of a call. Raises NotExpressible for other axes."""
        if getattr(call.operation, "data_format", None) not in (None, "channels_last"):
            refuse(f"its data_format is {call.operation.data_format!r}")
        if call.type.rank != 4:
            refuse(f"its input has {call.type.rank} axes")
        first, second, channels = (int(dim) for dim in call.type.shape[1:])
        if first == 1 or first <= SHORT < second:
            return cls(second, first, channels, True)
        return cls(first, second, channels, False)

    def pair(self, option: int | Sequence[Any]) -> tuple[Any, Any]:
        """An option of two entries, or of one for both: along the length, and across it."""
        first, second = (option, option) if isinstance(option, int) else option
        return (second, first) if self.turned else (first, second)

    def kernel(self, variable: object) -> Array:
        """A kernel (along, across, channels, filters)."""
        kernel = array(variable)
        return kernel.transpose(1, 0, 2, 3) if self.turned else kernel

    def fold(self) -> list[Step]:
        """To (N, L, W*C)."""
        folded = Step("reshape", {"shape": (self.length, self.width * self.channels)})
        if not self.turned or self.width == 1:
            return [folded]
        apart, *turn = _turn(self.width, self.length, self.channels)
        return [*(turn if self.channels > 1 else (apart, *turn)), folded]

    def rows(self) -> list[Step]:
        """To (N, L*W, C)."""
        return [
            *self.fold(),
            Step("reshape", {"shape": (self.length * self.width, self.channels)}),
        ]

    def unfold(self, width: int, channels: int) -> list[Step]:
        """From (N, L', width*channels), for any L', to the order of the axes at first."""
        if not self.turned:
            return [Step("reshape", {"shape": (-1, width, channels)})]
        if width == 1:
            return [Step("reshape", {"shape": (1, -1, channels)})]
        return _turn(-1, width, channels)

    def check(self, width: int) -> None:
        """Raise NotExpressible where ``width`` positions across are too many to fold."""
        if width > 1 and max(width, self.width) > SHORT:
            refuse(
                f"both of its axes are long: {self.length} and {max(width, self.width)} positions"
            )


def _turn(first: int, second: int, channels: int) -> list[Step]:
    """From (N, first, second, channels) to (N, second, first, channels)."""
    if channels > 1:
        apart = Step("reshape", {"shape": (first, second, channels)})
        return [apart, Step("permute", {"order": (2, 1, 3)})]
    apart, turn = Step("reshape", {"shape": (first, second)}), Step("permute", {"order": (2, 1)})
    return [apart, turn, Step("reshape", {"shape": (second, first, 1)})]


def windows_across(width: int, taps: int, stride: int, dilation: int, pad: str) -> tuple[int, int]:
    """How many windows lie across ``width`` positions, and where the first starts, as -start."""
    reach = (taps - 1) * dilation + 1
    if pad == "valid":
        return (width - reach) // stride + 1, 0
    outputs = -(-width // stride)
    return outputs, max((outputs - 1) * stride + reach - width, 0) // 2


def block_kernel(
    kernel: Array, width: int, outputs: int, stride: int, dilation: int, left: int
) -> Array:
    """The kernel that does to (N, L, width*C) what ``kernel`` does to (N, L, width, C).

    kernel: (along, across, C, F). Returns (along, width*C, outputs*F): the block that leads from
    position w to output o holds the tap that reads w there, or zeros.
    """
    along, taps, channels, filters = kernel.shape
    blocks = np.zeros((along, width, channels, outputs, filters), kernel.dtype)
    for output in range(outputs):
        for tap in range(taps):
            position = output * stride - left + tap * dilation
            if 0 <= position < width:
                blocks[:, position, :, output] = kernel[:, tap]
    return blocks.reshape(along, width * channels, outputs * filters)


def without_groups(kernel: Array, groups: int) -> Array:
    """A kernel (along, across, C / groups, F) as one (along, across, C, F), zeros in between."""
    along, across, channels, filters = kernel.shape
    whole = np.zeros((along, across, groups, channels, groups, filters // groups), kernel.dtype)
    for group in range(groups):
        part = slice(group * filters // groups, (group + 1) * filters // groups)
        whole[:, :, group, :, group] = kernel[..., part]
    return whole.reshape(along, across, groups * channels, filters)
