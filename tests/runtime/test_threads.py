"""Chunks side by side: all of them in order, on no more threads than a process is to have."""

from __future__ import annotations

import threading

import pytest

from fastism.runtime import threads


def test_chunks_come_in_order_on_as_many_threads_as_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    barrier = threading.Barrier(2, timeout=20)

    def run(chunk: int) -> tuple[int, int]:
        barrier.wait()  # only two at a time go on
        return chunk, threading.get_ident()

    found = list(threads.side_by_side(run, iter(range(4)), 2))
    assert [chunk for chunk, _ in found] == [0, 1, 2, 3]
    assert threading.get_ident() not in {thread for _, thread in found}
    monkeypatch.setattr(threads, "_most", None)
    threads.limit(1)
    here = {threading.get_ident()}
    found = list(threads.side_by_side(lambda n: (n, threading.get_ident()), iter(range(4)), 2))
    assert ([chunk for chunk, _ in found], {thread for _, thread in found}) == ([0, 1, 2, 3], here)
