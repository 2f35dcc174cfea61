"""The ways to run a graph that its backend had to choose from, as the graph's schedule notes them.

    ways=((native, 52100, 56900), (TensorFlow, 90000, none))

Each is named, and has the nanoseconds that an item should take by the cost model, and took when it
was timed. The first is the one that was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastism.ir.graph import Attribute
from fastism.ir.place import Place


@dataclass(frozen=True)
class Way:
    """One way to run a graph, and the seconds an item takes: None where nobody said.

    predicted_seconds: by the cost model. measured_seconds: as timed.
    """

    name: str
    predicted_seconds: float | None = None
    measured_seconds: float | None = None


def written(ways: Sequence[Way]) -> Attribute:
    """The ways as an attribute of a graph; `read` reads them back."""
    return tuple(
        (way.name, _nanoseconds(way.predicted_seconds), _nanoseconds(way.measured_seconds))
        for way in ways
    )


def read(at: Place, value: Attribute) -> tuple[Way, ...]:
    """The ways that an attribute holds; none for None. Raises VerifyError."""
    found = []
    for each in value if isinstance(value, tuple) else (() if value is None else (value,)):
        match each:
            case (str(name), predicted, measured) if _is_time(predicted) and _is_time(measured):
                found.append(Way(name, _seconds(predicted), _seconds(measured)))
            case _:
                why = "it is a name and two times in ns"
                at.refuse(f"has the way to run {each!r}", why, part="ways")
    return tuple(found)


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(1e9 * seconds)


def _is_time(value: Attribute) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _seconds(value: Attribute) -> float | None:
    return 1e-9 * value if isinstance(value, int) else None
