"""The table of segments that compile and explain print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.runtime.report import SegmentRow, Summary

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
        *(f"locality ends at {layer}: {why}" for layer, why in total.ends),
    ]
    if whole:
        share = whole / max(total.total_item_macs, 1)
        lines.append(f"what runs whole behind it is {share:.0%} of an item's multiply-adds")
    session.say("\n".join(lines))


def _times(total: Summary) -> str:
    """What an item should take by the cost model, and what it took when schedules were timed."""
    predicted = f"predicted {total.predicted_seconds * 1e6:,.3g} us an item on the nominal machine"
    if total.measured_seconds is None:
        return f"{predicted}, not measured (compile --tune on does)"
    return f"{predicted}, measured {total.measured_seconds * 1e6:,.3g} us on this one"


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
