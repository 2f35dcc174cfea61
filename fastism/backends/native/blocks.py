"""How many tiles go through each loop together, and where their values lie in memory.

A block of tiles goes through the loops of a phase while its values stay in the cache. Behind the
windows, values are small and the kernels of dense layers larger than the cache: there several
blocks go on as one, so that a kernel passes by less often.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastism.backends.native.block import Layout, rounded
from fastism.backends.native.emitted import Emitted
from fastism.backends.native.products import CACHE
from fastism.backends.native.shapes import packed_bytes

BLOCK: Final = 4 << 20
"""Bytes that the values of a block should take together: a part of the cache."""
MOST_TILES: Final = 16
MOST_BLOCKS: Final = 4
"""Blocks that go on as one where values are small."""


@dataclass(frozen=True)
class Blocks:
    """Blocks of ``tiles`` tiles, ``together`` of which are one from the loop ``joined`` on.

    last: the last loop that writes or reads each value that is held in tiles.
    """

    tiles: int
    together: int
    joined: int
    last: Mapping[str, int]

    @classmethod
    def of(
        cls, phase: Sequence[Emitted], layout: Layout, count: int, tiles: int | None = None
    ) -> Blocks:
        """Those of ``count`` tiles. tiles: so many a block; as many as suit the cache if None."""
        last = _last_uses(phase, layout)
        size = max(_place(phase, layout, last, [1] * len(phase)), 1)
        block = min(tiles or min(MOST_TILES, max(1, BLOCK // size)), count)
        together = min(MOST_BLOCKS, -(-count // block))
        joined = len(phase)
        for index, live in reversed(list(enumerate(_live(phase, layout, last)))):
            if together * live > size:
                break
            if _kernel_bytes(phase[index], layout) > CACHE:
                joined = index
        return cls(block, together, joined, last)

    def place(self, phase: Sequence[Emitted], layout: Layout) -> tuple[list[int], int, int]:
        """Give every value its place. The tiles that go through each loop together; the bytes
        that values take, behind which are the lists; and those of both.
        """
        wide = self.tiles * self.together
        tiles = [self.tiles if index < self.joined else wide for index in range(len(phase))]
        values = _place(phase, layout, self.last, tiles)
        return tiles, values, values + max(map(layout.lists, phase, tiles), default=0)

    def turns(self, count: int, loops: int) -> Iterator[tuple[range, int, int]]:
        """Which loops run next, the first of the ``count`` tiles that go through them, how many."""
        wide = self.tiles * self.together
        for begin in range(0, count, wide):
            end = min(begin + wide, count)
            for first in range(begin, end, self.tiles):
                yield range(self.joined), first, min(self.tiles, end - first)
            yield range(self.joined, loops), begin, end - begin


def _last_uses(phase: Sequence[Emitted], layout: Layout) -> dict[str, int]:
    last: dict[str, int] = {}
    for index, emitted in enumerate(phase):
        read = [emitted.loop.source, *(slot.value for slot in emitted.slots)]
        last.update((name, index) for name in (*read, emitted.loop.name) if name in layout.held)
    return last


def _kernel_bytes(emitted: Emitted, layout: Layout) -> int:
    return packed_bytes(emitted.shape, layout.machine) if emitted.shape is not None else 0


def _live(phase: Sequence[Emitted], layout: Layout, last: Mapping[str, int]) -> list[int]:
    """Bytes a tile of the values that are still needed, or made, while each loop runs."""
    live = [0] * len(phase)
    for index, emitted in enumerate(phase):
        name = emitted.loop.name
        for loop in range(index, last.get(name, -1) + 1):
            live[loop] += layout.held[name].size
    return live


def _place(
    phase: Sequence[Emitted], layout: Layout, last: Mapping[str, int], tiles: Sequence[int]
) -> int:
    """Give every value its place, used again once nobody reads it; the bytes taken.

    tiles: those that go through each loop together.
    """

    def crosses(index: int) -> bool:
        """Whether what a loop writes is kept until more tiles than went through it are ready."""
        name = phase[index].loop.name
        return name in layout.held and tiles[last[name]] > tiles[index]

    taken: list[tuple[int, int, int]] = []  # begin, end, last use
    most = 0
    for index in sorted(range(len(phase)), key=lambda index: (not crosses(index), index)):
        name = phase[index].loop.name
        held = layout.held.get(name)
        if held is None:
            continue
        held.tiles = tiles[last[name]]
        size, offset = rounded(held.size * held.tiles), 0
        written = 0 if crosses(index) else index
        taken = sorted(each for each in taken if each[2] >= written)
        for begin, end, _ in taken:
            if offset + size <= begin:
                break
            offset = max(offset, end)
        held.offset = offset
        taken.append((offset, offset + size, last[name]))
        most = max(most, offset + size)
    return most
