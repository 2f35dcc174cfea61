"""The bench: every row of the table, written to benchmarks/RESULTS.md.

    python -m benchmarks.compare                                    # everything: make bench
    python -m benchmarks.compare --rows basset-32 basset-1 --no-peers
    python -m benchmarks.compare --small --output /tmp/results.md   # does every row run?

Rows are measured one after the other, every cell in a process of its own, so that nothing but the
cell itself uses the machine, and peaks of memory are its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import lengths
from benchmarks.processes import (
    FASTISM,
    KEPT,
    ROOT,
    YUZU,
    NotMeasuredError,
    measure_here,
    measure_peer,
)
from benchmarks.report import Cell, Measured, page
from benchmarks.rows import LENGTHS, ROWS, Row, Task

WORK = ROOT / "build" / "bench"
"""Where the cells of a row hand on weights and scores."""

TOLERANCE = 1e-4
"""How far a peer's scores may be from ours, as a share of the output's scale."""

CORRELATION = 0.999
"""How well yuzu's distances, which it approximates, must agree with ours."""


def measure_row(task: Task, peers: bool) -> Measured:
    """Every cell of a row; the plan first, whose weights and scores the peers need."""
    row = task.row
    cells: dict[str, Cell] = {
        "plan": _cell(row, "fastism", lambda: measure_here("measure_plan", task))
    }
    if isinstance(cells["plan"], Mapping):
        cells["saved"] = _cell(row, "saved plan", lambda: measure_here("measure_saved", task))
    cells["model"] = _cell(row, "the model", lambda: measure_here("measure_model", task))
    if peers and row.fastism_positions and isinstance(cells["plan"], Mapping):
        cells["fastism"] = _cell(row, "fastISM 0.5.1", lambda: fastism_peer(task))
    if peers and row.yuzu and isinstance(cells["plan"], Mapping):
        cells["yuzu"] = _cell(row, "yuzu", lambda: yuzu_peer(task))
    return Measured(row, **cells)


def _cell(row: Row, what: str, measure: Callable[[], dict[str, Any]]) -> Cell:
    start = time.perf_counter()
    try:
        cell: Cell = measure()
    except NotMeasuredError as reason:
        cell = str(reason)
    said = f"not measured: {cell}" if isinstance(cell, str) else _short(cell)
    print(f"{row.name}: {what}, {time.perf_counter() - start:.0f} s: {said}", flush=True)
    return cell


def _short(cell: Cell) -> str:
    assert isinstance(cell, Mapping)
    if "first_seconds" in cell:
        return f"first sequence after {cell['first_seconds']:.1f} s"
    if "seconds" in cell:
        return f"{cell['seconds']:.3f} s a sequence"
    return ", ".join(
        f"{way} {found['seconds_a_mutant'] * 1e3:.2f} ms" for way, found in cell.items()
    )


def fastism_peer(task: Task) -> dict[str, Any]:
    """What fastISM 0.5.1 takes, if its scores are ours. Raises NotMeasuredError."""
    answer = measure_peer(FASTISM, task)
    with (
        np.load(task.folder / "scores.npz") as ours,
        np.load(task.folder / "fastism_peer.npz") as its,
    ):
        for key in its.files:
            apart = np.abs(its[key] - ours[key]).max() / np.abs(ours[key]).max()
            if not apart <= TOLERANCE:
                raise NotMeasuredError(
                    f"its scores differ from the model's by {apart:.1e} of their scale"
                )
    return answer


def yuzu_peer(task: Task) -> dict[str, Any]:
    """What yuzu takes, if its distances are ours. Raises NotMeasuredError."""
    answer = measure_peer(YUZU, task)
    with np.load(task.folder / "scores.npz") as ours, np.load(task.folder / "yuzu_peer.npz") as its:
        delta = ours["alternate/0"] - ours["reference/0"][:, None, None]
        distance = np.sqrt(np.square(delta).sum(axis=-1))
        correlation = float(np.corrcoef(distance.ravel(), its["scores"].ravel())[0, 1])
    if not correlation >= CORRELATION:
        raise NotMeasuredError(f"its distances correlate with ours by {correlation:.4f} only")
    return {**answer, "correlation": correlation}


def main(arguments: Sequence[str] | None = None) -> None:
    known = {row.name: row for row in [*ROWS, *LENGTHS]}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=known,
        default=list(known),
        metavar="ROW",
        help=f"which rows: {', '.join(known)}",
    )
    parser.add_argument("--no-peers", action="store_true", help="neither fastISM 0.5.1 nor yuzu")
    parser.add_argument(
        "--peers-for", nargs="+", choices=known, metavar="ROW", help="peers in these rows only"
    )
    parser.add_argument("--repeats", type=int, default=3, help="warm runs a cell")
    parser.add_argument("--small", action="store_true", help="next to nothing of each row, one run")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args(arguments)
    repeats = 1 if options.small else options.repeats
    options.output.parent.mkdir(parents=True, exist_ok=True)
    measured = []
    for name in options.rows:
        row = known[name].small() if options.small else known[name]
        task = Task(row, repeats, WORK / name, KEPT)
        peers = not options.no_peers and name in (options.peers_for or known)
        measured.append(measure_row(task, peers))
    table = [each for each in measured if known[each.row.name] in ROWS]
    scaled = [each for each in measured if known[each.row.name] in LENGTHS]
    plot = options.output.with_name("time_against_length.png")
    scaling = lengths.describe(scaled, plot) if scaled else ""
    machines = [each.plan["machine"] for each in measured if isinstance(each.plan, Mapping)]
    options.output.write_text(page(table, machines[0] if machines else "", repeats, scaling))
    print("\n" + options.output.read_text())


if __name__ == "__main__":
    main()
