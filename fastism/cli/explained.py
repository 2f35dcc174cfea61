"""The tables of ``fastism explain``, made for a hundred columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastism.cli.segments import count, show_segments, show_summary
from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.report.boundaries import BoundaryRow
    from fastism.report.computed import GraphRow
    from fastism.report.explanation import Explanation
    from fastism.report.values import SiteRow, ValueRow
    from fastism.report.what_if import Placed, WhatIf

_NAME = 28
"""Columns of a name; longer ones lose their beginning."""


def show(session: Session, explained: Explanation) -> None:
    """Every value, every segment, every boundary, and the totals."""
    sites = f"{explained.sites:,} sites"
    if explained.width > 1:
        sites += f" of {explained.width} positions"
    session.say(
        f"{explained.model or 'model'}: {sites} of %{explained.seq_input}, "
        f"{explained.length:,} positions; outputs {', '.join(explained.outputs)}"
    )
    session.table(
        ("value", "seg", "computed", ">window", ">of", ">growth", "grown by", ">multiply-adds"),
        [_value(row) for row in explained.values],
        title="how far an edit reaches, value by value",
    )
    session.table(
        ("seg", "behind", "opens at", "why", ">hands on", ">us", ">keeps"),
        [_boundary(row) for row in explained.boundaries],
        title="why each segment begins where it does, and the bytes that cross there an item",
    )
    show_segments(session, explained.segments)
    show_summary(session, explained.segments, explained.summary)
    for row in explained.boundaries:
        if row.behind_macs is not None:
            session.say(
                f"behind the stop at {row.layer}: {count(row.behind_macs)} multiply-adds an item, "
                f"{row.behind_macs / max(explained.summary.total_item_macs, 1):.0%} of them all"
            )


def show_computed(session: Session, graphs: Sequence[GraphRow], begun: str) -> None:
    """What every propagation graph computes, of a plan that begins behind the segmented stage."""
    for graph in graphs:
        session.table(
            ("value", "op", ">positions", "once for", ">multiply-adds"),
            [
                (
                    short(row.value, 36),
                    row.op,
                    "" if row.window is None else f"{row.window:,}",
                    "a site" if row.shared else "an item",
                    count(row.multiply_adds) if row.multiply_adds else "",
                )
                for row in graph.values
            ],
            title=f"@{graph.graph}: {graph.sites:,} sites from {graph.first:,} to {graph.last:,}",
        )
        session.say(f"an item costs {count(graph.multiply_adds)} multiply-adds")
    session.note(
        f"the plan was compiled from text of the {begun} stage: how far each edit reaches, and why "
        "segments begin where they do, is in plans compiled from the model, or from text of the "
        "segmented stage or one before it"
    )


def show_site(session: Session, start: int, rows: Sequence[SiteRow]) -> None:
    """One site through all values: what changes, what of it is seen, what is seen at all."""
    session.table(
        ("value", "changes", "seen of it", "outputs see", ">of"),
        [
            (
                short(row.value),
                _intervals(row.change, row.length),
                _intervals(row.window, row.length),
                _intervals((row.need,), row.length),
                f"{row.length:,}",
            )
            for row in rows
        ],
        title=f"the site at {start:,}, value by value",
    )


def show_what_if(session: Session, change: WhatIf) -> None:
    """The totals now and then, and the values that are computed otherwise."""
    before, after = change.before, change.after
    rows = [
        ("positions of the input", *(f"{length:,}" for length in change.length)),
        ("sites", *(f"{sites:,}" for sites in change.sites)),
        ("multiply-adds an item", count(before.total_item_macs), count(after.total_item_macs)),
        ("of the whole model", count(before.total_whole_macs), count(after.total_whole_macs)),
        ("times fewer", *(f"{each.predicted_speedup:,.1f}" for each in (before, after))),
        (
            "predicted us an item",
            *(f"{each.predicted_seconds * 1e6:,.3g}" for each in (before, after)),
        ),
        ("locality ends at", *("\n".join(_ends(each.ends)) for each in (before, after))),
    ]
    session.table(("", ">now", ">then"), rows, title="what would change")
    session.table(
        ("value", "now", "then"),
        [(short(row.value, 40), _placed(row.before), _placed(row.after)) for row in change.values],
        title="values computed otherwise" if change.values else "no value is computed otherwise",
    )
    session.say(f"an item is predicted to take {change.times:.2f} times as long")
    if change.stop:
        session.say("with a layer named to stop at, the others stay on windows as long as they can")


def short(name: str, width: int = _NAME) -> str:
    """A name in so many columns; of a long one, its end."""
    return name if len(name) <= width else f"..{name[2 - width :]}"


def _value(row: ValueRow) -> tuple[str, ...]:
    window = "all" if row.everywhere and row.window == row.length else f"{row.window:,}"
    return (
        short(row.value),
        "" if row.segment is None else str(row.segment),
        row.mode or "",
        window if row.change else "-",
        f"{row.length:,}",
        f"{row.growth:+,.6g}" if row.growth else "",
        short(row.grown_by or "", 20),
        count(row.multiply_adds) if row.multiply_adds else "",
    )


def _boundary(row: BoundaryRow) -> tuple[str, ...]:
    return (
        str(row.segment),
        ",".join(map(str, row.behind)),
        short(row.node, 24),
        "; ".join(row.why),
        count(row.handed),
        f"{row.seconds * 1e6:.2g}",
        count(row.saved) if row.saved else "",
    )


def _intervals(intervals: Sequence[tuple[int, int]], length: int) -> str:
    if list(intervals) == [(0, length)]:
        return "all"
    return "+".join(f"[{start},{stop})" for start, stop in intervals if stop > start) or "none"


def _ends(ends: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(short(layer) for layer, _ in ends)) or ["nowhere"]


def _placed(placed: Placed | None) -> str:
    if placed is None:
        return "not there"
    if placed.mode == "delta":
        return f"delta, {placed.window:,} of {placed.length:,}"
    return f"{placed.mode or 'input'}, {placed.length:,}"
