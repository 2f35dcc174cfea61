"""What the bench of native code edits, and how it counts time."""

from __future__ import annotations

import time

from benchmarks.native import REPEATS, cpu_seconds, positions_of


def test_sites() -> None:
    assert positions_of("all", 3) == [0, 1, 2]
    assert positions_of("2 central", 6) == [2, 3]
    assert positions_of("2 spread", 6) == [0, 5]


def test_time_that_the_process_was_not_given_does_not_count() -> None:
    called: list[str] = []

    def asleep() -> None:
        called.append("asleep")
        time.sleep(0.05)

    def other() -> None:
        called.append("other")

    found = cpu_seconds({"asleep": asleep, "other": other})
    assert called == ["asleep", "other"] * (REPEATS + 1)
    assert found["asleep"] < 0.05
