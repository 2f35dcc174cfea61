"""The rows of the table: a model, a length, how many sequences at once, which sites.

Standard library only: the peers' environments import it too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

SPLICEAI, DEMO = "spliceai", "demo"
"""Trained models, which are loaded from files; all others are built by models.py."""


@dataclass(frozen=True)
class Goals:
    """What a row should reach.

    At least: times faster than each other way, the efficiency, and the share of the product. At
    most: seconds to compile and tune, seconds to load and score one sequence, and bytes that
    scoring takes.
    """

    over_model: float | None = None
    over_fastism: float | None = None
    over_yuzu: float | None = None
    efficiency: float | None = None
    share: float | None = None
    compile_seconds: float | None = None
    first_seconds: float | None = None
    peak_bytes: float | None = None


@dataclass(frozen=True)
class Row:
    """One model, timed on ``batch`` sequences at once.

    model: a key of models.ARCHITECTURES, or a trained one. length: bases a sequence.
    sites: positions edited, or None for every one; ``central`` of them, or spread evenly.
    mutants: how many the model is called on, in the fastest of ``model_batches``.
    fastism_positions: positions fastISM 0.5.1 is timed on; 0 where it is not asked.
    yuzu: whether yuzu is asked.
    """

    name: str
    model: str
    length: int
    batch: int
    goals: Goals
    mutants: int
    model_batches: tuple[int, ...]
    sites: int | None = None
    central: bool = False
    fastism_positions: int = 0
    yuzu: bool = False

    @property
    def positions(self) -> list[int]:
        """The positions edited."""
        if self.sites is None:
            return list(range(self.length))
        if self.central:
            start = (self.length - self.sites) // 2
            return list(range(start, start + self.sites))
        return spread(self.sites, self.length)

    @property
    def has_peer(self) -> bool:
        """Whether another tool is timed too."""
        return self.yuzu or self.fastism_positions > 0

    @property
    def peer_sites(self) -> list[int]:
        """Which of the positions peers are timed on: both ends and others between, or all."""
        sites = len(self.positions)
        return spread(self.fastism_positions or sites, sites)

    def small(self) -> Row:
        """The same row with next to nothing to do: to see that it runs, not how fast."""
        return replace(
            self,
            batch=min(self.batch, 2),
            sites=min(self.sites or 12, 12) if not self.yuzu else None,
            mutants=4,
            model_batches=(4,),
            fastism_positions=min(self.fastism_positions, 3),
        )


@dataclass(frozen=True)
class Task:
    """What a measuring process is told.

    repeats: warm runs, of which the median counts. folder: where the row's weights, sequences and
    scores are handed on. kept: where what was fetched stays for the next time.
    """

    row: Row
    repeats: int
    folder: Path
    kept: Path

    def save(self, path: Path) -> None:
        """Write the task for `load`."""
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def load(cls, path: str) -> Task:
        """The task that `save` wrote."""
        data = json.loads(Path(path).read_text())
        row = data.pop("row")
        row["goals"], row["model_batches"] = Goals(**row["goals"]), tuple(row["model_batches"])
        folder, kept = Path(data.pop("folder")), Path(data.pop("kept"))
        return cls(row=Row(**row), folder=folder, kept=kept, **data)


def spread(count: int, length: int) -> list[int]:
    """``count`` positions spread evenly over [0, length), both ends among them."""
    return [index * (length - 1) // max(count - 1, 1) for index in range(min(count, length))]


MANY, FEW = (64, 256), (4, 16)
"""Mutants a call of a model that is cheap, and of one that is not."""

ROWS = [
    Row(
        "basset-32",
        "basset",
        1000,
        32,
        Goals(
            over_model=36,
            over_fastism=24,
            efficiency=1.05,
            share=0.90,
            compile_seconds=40,
            first_seconds=8,
            peak_bytes=2e9,
        ),
        mutants=512,
        model_batches=MANY,
        fastism_positions=32,
    ),
    Row(
        "basset-1",
        "basset",
        1000,
        1,
        Goals(over_model=34, over_fastism=100, efficiency=1.0, share=0.85),
        mutants=512,
        model_batches=MANY,
        fastism_positions=64,
    ),
    Row(
        "factorized-basset-32",
        "factorized-basset",
        1000,
        32,
        Goals(over_model=60, over_fastism=12, efficiency=1.0, share=0.85),
        mutants=512,
        model_batches=MANY,
        fastism_positions=24,
    ),
    Row(
        "bpnet-8",
        "bpnet",
        1000,
        8,
        Goals(over_model=4.5, over_fastism=12, efficiency=1.3, share=0.75),
        mutants=512,
        model_batches=MANY,
        fastism_positions=12,
    ),
    Row(
        "bpnet-2114-8",
        "bpnet-2114",
        2114,
        8,
        Goals(over_model=13, efficiency=1.3, share=0.75),
        mutants=256,
        model_batches=MANY,
        fastism_positions=8,
    ),
    Row(
        "chrombpnet-1",
        "chrombpnet",
        2114,
        1,
        Goals(over_model=14, efficiency=1.4, share=0.90),
        mutants=16,
        model_batches=FEW,
        sites=100,
        fastism_positions=8,
    ),
    Row(
        "spliceai-central",
        SPLICEAI,
        10101,
        1,
        Goals(over_model=15),
        mutants=16,
        model_batches=FEW,
        sites=101,
        central=True,
    ),
    Row(
        "spliceai-spread",
        SPLICEAI,
        10101,
        1,
        Goals(over_model=15),
        mutants=16,
        model_batches=FEW,
        sites=500,
    ),
    Row(
        "demo-32",
        DEMO,
        200,
        32,
        Goals(efficiency=1.0),
        mutants=512,
        model_batches=MANY,
    ),
    Row(
        "yuzu-basset-4",
        "yuzu-basset",
        1000,
        4,
        Goals(over_yuzu=6),
        mutants=512,
        model_batches=MANY,
        yuzu=True,
    ),
]
"""The table."""

LENGTHS = [
    Row(f"length-{length}", "basset", length, 4, Goals(), mutants=128, model_batches=(64,))
    for length in (500, 1000, 2000, 4000)
]
"""The plot of time against length."""
