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
from fastism.frontends.models import loaded
from fastism.frontends.registry import front_end_of
from fastism.io.fasta import read_fasta
from fastism.io.rows import Rows
from fastism.io.writers.h5 import H5
from fastism.io.writers.publish import Target, write_files
from fastism.ir import Interval
from fastism.runtime.header import header_of

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
    the sequences whose ``TOP`` strongest bases all lie on the planted motif.
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

    Writes ``folder/plan`` and ``folder/scores.h5``, replacing what is there; ``echo`` gets a line
    as each step ends. Takes under a minute on two cores.
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
        arguments={"model": source.name, "sequences": fasta.name},
    )
    outputs = {name: (scores[name].reference, scores[name].alternate) for name in scores}
    rows = Rows([record.name for record in records], x, outputs)
    write_files([Target(folder / "scores.h5", H5())], header, [rows], len(rows), force=True)

    top = strongest(scores.delta()[..., 0])
    on_motif = sum(
        all(motif.start <= position < motif.stop for position in row)
        for motif, row in zip(planted(fasta), top, strict=True)
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
    )
    echo(f"all {len(items):,} mutants, medians of {REPEATS} warm runs:")
    for way, spent in medians.items():
        echo(f"  the model on every mutant, by {way:11} {spent:8.3f} s")
    echo(f"  {'fastism':41} {seconds:8.3f} s")
    echo(f"speed-up over the faster way to call the model: {report.speedup:.1f}x")
    echo(f"largest difference from the model: {difference:.1e}")
    echo(f"strongest {TOP} bases on the planted motif: {on_motif} of {len(x)} sequences")
    return report
