"""Which channel of a value stands for a channel of a loop's result, and how such are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastism.backends.native.code import F32_BYTES, Code, Value


@dataclass(frozen=True)
class Channels:
    """Channel ``first + step * c`` for a channel ``c``; the step is 1, -1 or, of one for all, 0."""

    first: int = 0
    step: int = 1

    def of(self, start: int, step: int) -> Channels:
        """What channels of a slice are among those it is taken from."""
        return Channels(start + step * self.first, step * self.step)

    def behind(self, count: int) -> Channels:
        """What channels are among those that stand behind so many others."""
        return Channels(self.first - count, self.step)

    def reaching(self, first: int, count: int, channels: int) -> tuple[int, int]:
        """From which channel on, and up to which of so many, one of a run of channels is meant."""
        found = [c for c in range(channels) if 0 <= self.first + self.step * c - first < count]
        return (found[0], found[-1] + 1) if found else (0, 0)

    def load(self, code: Code, address: Value, channel: Value, lanes: int, whole: bool) -> Value:
        """The vector that stands for one of the result.

        address: of channel 0. channel: the bytes that lead to the result's vector. lanes: how many
        of its numbers are channels. whole: whether more may be read where channels are alike.
        """
        first = self.first * F32_BYTES
        if self.step == 0:
            return code.load_number(code.add(address, first))
        if self.step == 1:
            known = None if whole and self.first == 0 else lanes
            return code.load(code.add(address, channel, first), known)
        last = code.add(address, first - (lanes - 1) * F32_BYTES)
        return code.backwards(code.load(code.sub(last, channel), lanes), lanes)


ALIKE: Final = Channels()
"""Every channel for itself."""
ONE: Final = Channels(0, 0)
"""Channel 0 for every one."""
