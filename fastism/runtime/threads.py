"""Chunks run side by side, on as many threads as this process is to have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

_most: int | None = None


def limit(threads: int) -> None:
    """Let no more chunks run side by side in this process, whatever schedules say.

    How work is cut into chunks stays as it is, and with it every bit of the sums.
    """
    global _most
    _most = threads


def threads_of(workers: int) -> int:
    """On how many threads the chunks of a schedule with so many workers run in this process."""
    return workers if _most is None else min(workers, _most)


def side_by_side(
    run: Callable[[Chunk], Result], chunks: Iterator[Chunk], workers: int
) -> Iterator[Result]:
    """Run every chunk, ``workers`` at a time; chunks write to places of their own."""
    threads = threads_of(workers)
    if threads == 1:
        yield from map(run, chunks)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(run, chunks)
