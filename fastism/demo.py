"""The demo: the bundled model over the bundled sequences, timed against calling the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism import api, data
from fastism.checking.baseline import FloatArray, best_batch, median_seconds
from fastism.checking.mutants import mutations, written_letters
from fastism.checking.tolerances import differences
from fastism.errors import InputError
from fastism.frontends.models import loaded
from fastism.frontends.registry import front_end_of
from fastism.io.fasta import read_fasta
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.rows import Rows
from fastism.io.scores import ScoresReader
from fastism.io.whole import replacing
from fastism.io.writers.h5 import H5
from fastism.io.writers.publish import Target, write_files
from fastism.ir import Interval
from fastism.plotting.require import require_plotting
from fastism.report.explanation import explain
from fastism.report.run_page import Contents, run_page
from fastism.report.tracks import tracks_of
from fastism.runtime.header import header_of
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores

ALPHABET = "ACGT"
MODEL_BATCHES = (128, 512)
REPEATS = 3
TOP = 5
"""How many of a sequence's strongest bases must lie on its planted motif."""


@dataclass(frozen=True)
class DemoReport:
    """What the demo measured; seconds are medians of warm runs over all sequences.

    ``naive`` holds the seconds of each way to call the model on every mutant, at its best batch.
    ``largest_difference`` is between fastism and the model, over every mutant. ``on_motif`` counts
    the sequences whose ``TOP`` strongest bases all lie on the planted motif. ``picture`` is None
    where the packages that draw it are missing.
    """

    sequences: int
    mutants: int
    compile_seconds: float
    first_seconds: float
    seconds: float
    naive: Mapping[str, float]
    largest_difference: float
    on_motif: int
    plan: Path
    scores: Path
    page: Path
    picture: Path | None

    @property
    def speedup(self) -> float:
        """Over the fastest way of calling the model."""
        return min(self.naive.values()) / self.seconds


def planted(fasta: Path) -> list[Interval]:
    """The motif's interval in each record of a FASTA with headers like ``>seq_3 GATA:57-64``."""
    headers = [line for line in fasta.read_text().splitlines() if line.startswith(">")]
    bounds = [header.rsplit(":", 1)[1].split("-") for header in headers]
    return [Interval(int(start), int(stop)) for start, stop in bounds]


def strongest(delta: FloatArray, count: int = TOP) -> npt.NDArray[np.integer[Any]]:
    """The positions (N, count) whose bases matter most, from effects (N, L, C) of every change."""
    effect = np.abs(delta).max(axis=-1)
    return np.argsort(-effect, axis=1, kind="stable")[:, :count]


def run_demo(folder: Path, echo: Callable[[str], object]) -> DemoReport:
    """Compile the bundled model, score the bundled sequences, and time it against the model.

    Writes ``folder/plan``, ``scores.h5``, and a page and a picture of them (``report.html`` and
    ``seq_0.png``), replacing what is there; ``echo`` gets a line as each step ends. Takes under a
    minute on two cores.
    """
    source, fasta = data.path("demo.h5"), data.path("demo.fa")
    folder.mkdir(parents=True, exist_ok=True)

    start = time.perf_counter()
    plan = api.compile(str(source))
    compile_seconds = time.perf_counter() - start
    plan.save(folder / "plan", force=True)
    echo(f"compiled {source.name} in {compile_seconds:.1f} s: {folder / 'plan'}")

    records = list(read_fasta(fasta, alphabet=ALPHABET))
    x = np.stack([record.one_hot for record in records])
    start = time.perf_counter()
    scores = plan(x)
    first_seconds = time.perf_counter() - start
    echo(f"scored {len(x)} sequences in {first_seconds:.1f} s, the first time")

    model, items = loaded(source), mutations(x)
    everything = written_letters(x, items)
    ways = {way: partial(make, model) for way, make in front_end_of(model).ways.items()}
    calls = {way: make(best_batch(make, everything, MODEL_BATCHES)) for way, make in ways.items()}
    runs = {way: partial(call, [everything]) for way, call in calls.items()}
    medians = median_seconds({**runs, "fastism": partial(plan, x)}, REPEATS)
    seconds = medians.pop("fastism")
    (expected,) = calls["tf.function"]([everything])
    found = scores.alternate[items.sequence, items.site, items.alternative]
    difference = float(np.abs(found - expected).max())

    header = header_of(
        plan,
        alternatives=plan.alternatives,
        alphabet=ALPHABET,
        arguments={"plan": str(folder / "plan"), "sequences": fasta.name},
        plan_sha256=sha256(folder / "plan" / MANIFEST),
    ).with_attributes(
        {
            "checked": f"all {len(items):,} mutants, against the model's own predictions",
            "checked_largest_difference": float(differences(found, expected).max()),
        }
    )
    outputs = {name: (scores[name].reference, scores[name].alternate) for name in scores}
    rows = Rows([record.name for record in records], x, outputs)
    write_files([Target(folder / "scores.h5", H5())], header, [rows], len(rows), force=True)
    page, motifs = _page(folder, plan), planted(fasta)
    picture = _picture(folder, scores, records[0].name, motifs[0], echo)

    top = strongest(scores.delta()[..., 0])
    on_motif = sum(
        all(motif.start <= position < motif.stop for position in row)
        for motif, row in zip(motifs, top, strict=True)
    )
    report = DemoReport(
        sequences=len(x),
        mutants=len(items),
        compile_seconds=compile_seconds,
        first_seconds=first_seconds,
        seconds=seconds,
        naive=medians,
        largest_difference=difference,
        on_motif=on_motif,
        plan=folder / "plan",
        scores=folder / "scores.h5",
        page=page,
        picture=picture,
    )
    echo(f"all {len(items):,} mutants, medians of {REPEATS} warm runs:")
    for way, spent in medians.items():
        echo(f"  the model on every mutant, by {way:11} {spent:8.3f} s")
    echo(f"  {'fastism':41} {seconds:8.3f} s")
    echo(f"speed-up over the faster way to call the model: {report.speedup:.1f}x")
    echo(f"largest difference from the model: {difference:.1e}")
    echo(f"strongest {TOP} bases on the planted motif: {on_motif} of {len(x)} sequences")
    if picture is not None:
        echo(f"a picture of the first sequence: {picture}")
    echo(f"every sequence, to open in a browser: {page}")
    return report


def _page(folder: Path, plan: Plan) -> Path:
    """Write the page of the scores; returns where."""
    path = folder / "report.html"
    with ScoresReader(folder / "scores.h5") as reader, replacing(path) as new:
        tracks = tracks_of(reader.header.outputs, "delta", [])
        page = run_page(reader, Contents(tracks, explained=explain(plan.stages)))
        new.write_text(page, encoding="utf-8")
    return path


def _picture(
    folder: Path, scores: Scores, name: str, motif: Interval, echo: Callable[[str], object]
) -> Path | None:
    """Draw the first sequence, its planted motif pointed out; returns where, if it can be drawn."""
    try:
        require_plotting("a picture")
    except InputError as error:
        echo(error.render())
        return None
    from fastism.plotting.save import save

    path = folder / f"{name}.png"
    marked = [(motif.start, motif.stop, "planted motif")]
    save(scores.plot(0, name=name, highlights=marked), path)
    return path
