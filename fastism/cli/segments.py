"""The table of segments that compile and explain print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.ir.ways import Way
    from fastism.runtime.report import GraphRow, SegmentRow, Summary

_COLUMNS = ("segment", "layers", "computed", ">window", ">of", ">whole", ">by window", ">by delta")


def show_segments(session: Session, found: Sequence[SegmentRow]) -> None:
    """Print what every segment computes and costs an item."""
    rows = [
        (
            str(row.segment),
            _named(row.layers),
            row.mode,
            "all" if row.window is None else f"{row.window:,}",
            f"{row.length:,}",
            count(row.whole_macs),
            count(row.window_macs),
            count(row.delta_macs),
        )
        for row in found
    ]
    session.table(_COLUMNS, rows, title="multiply-adds an item, by segment")


def show_summary(session: Session, found: Sequence[SegmentRow], total: Summary) -> None:
    """Print the totals, and where locality ends."""
    whole = sum(row.delta_macs for row in found if row.mode == "whole")
    lines = [
        f"an item costs {count(total.total_item_macs)} multiply-adds; the whole model "
        f"{count(total.total_whole_macs)}: {total.predicted_speedup:,.1f} times as many",
        _times(total),
        *map(_ways, total.graphs),
        *(f"locality ends at {layer}: {why}" for layer, why in total.ends),
    ]
    if whole:
        share = whole / max(total.total_item_macs, 1)
        lines.append(f"what runs whole behind it is {share:.0%} of an item's multiply-adds")
    session.say("\n".join(filter(None, lines)))


def _times(total: Summary) -> str:
    """What an item should take by the cost model, and what it took when schedules were timed."""
    predicted = f"predicted {_us(total.predicted_seconds)} an item"
    if total.measured_seconds is None:
        return f"{predicted}, not measured (compile --tune on does)"
    return f"{predicted}, measured {_us(total.measured_seconds)}"


def _ways(row: GraphRow) -> str:
    """How a graph runs, and what else there was to choose from; empty where there was nothing."""
    if not row.ways:
        return ""
    timed = ", ".join(f"{way.name} {_took(way)}" for way in row.ways)
    said = f"@{row.graph} ({row.sites:,} sites): an item takes by {timed}"
    if row.live is not None:
        said += f"; {1 - row.live:.0%} of its multiply-adds are with zero"
    return said if row.no_choice is None else f"{said}; native has no part, as {row.no_choice}"


def _took(way: Way) -> str:
    if way.measured_seconds is not None:
        return _us(way.measured_seconds)
    if way.predicted_seconds is not None:
        return f"predicted {_us(way.predicted_seconds)}"
    return "not timed"


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.3g} us"


def _named(layers: tuple[str, ...]) -> str:
    if len(layers) > 3:
        return f"{layers[0]} .. {layers[-1]} ({len(layers)})"
    return ", ".join(layers)


def count(number: float) -> str:
    """A count in three digits: ``7.81 M``."""
    for unit in ("", " k", " M", " G"):
        if abs(number) < 1000:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:,.3g} T"
