"""A small run of variants in two formats, killed before each step, as in `tests.io.killed`.

python -m tests.io.killed_variants FOLDER STRIDE
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from fastism.cli.cluster import Machines
from fastism.cli.members import Members
from fastism.cli.session import Session
from fastism.cli.variant_job import VariantFiles, VariantJob, VariantRequest, _identity
from fastism.cli.variants import perform
from fastism.io.kept import Record
from fastism.io.manifest import write_manifest
from fastism.io.variants.scored import columns
from fastism.runtime.scores import VariantScores
from tests.genomes import letters, write_genome, write_vcf
from tests.io.killed import main

LENGTH, VARIANTS, PART = 20, 12, 5
GENOME = {"chr1": letters(200, 0)}


class Scorer:
    """What stands for a plan: the numbers of a model that counts each letter at each position."""

    plan = SimpleNamespace(output_shapes={"y": (1,)}, resited=SimpleNamespace(make=lambda _: None))

    def predict(self, x: Any, **options: Any) -> dict[str, np.ndarray]:
        weights = np.arange(x[0].size, dtype=np.float32).reshape(x[0].shape)
        return {"y": (x * weights).sum(axis=(1, 2))[:, None]}

    def variants(
        self, x: Any, sequence: Sequence[int], position: Sequence[int], rows: Any, **options: Any
    ) -> dict[str, VariantScores]:
        mutants = x[list(sequence)].copy()
        for mutant, start, row in zip(mutants, position, rows, strict=True):
            mutant[start : start + len(row)] = row
        before, after = self.predict(x)["y"][list(sequence)], self.predict(mutants)["y"]
        return {"y": VariantScores(before, after)}


def run(folder: Path) -> None:
    """What ``fastism variants --resume`` does, without a model."""
    os.chdir(folder)
    given = Path("..") / "given"
    request = VariantRequest(
        members=Members((given / "plan",)),
        machines=Machines(None, None),
        genome=given / "g.fa",
        vcf=given / "v.vcf",
        outputs=(Path("v.tsv"), Path("v.vcf.gz")),
        regions=None,
        only=(),
        batch_size=None,
        memory=None,
        alphabet="ACGT",
        resume=True,
        custom_objects=None,
        unsafe=False,
        force=False,
    )
    files = VariantFiles.checked(request)
    scorer: Any = Scorer()
    record = Record(_identity(request), files.file.count, PART, 1)
    names = columns(scorer.plan.output_shapes)
    job = VariantJob(request, files, scorer, names, PART, (), record, 4)
    if not job.is_whole():
        files.check_outputs(force=job.force)
        perform(Session(quiet=True), job)


def prepare(given: Path) -> None:
    """The files that a run reads."""
    (given / "plan").mkdir(parents=True)
    write_manifest(given / "plan", {"inputs": {"dna": [LENGTH, 4]}, "seq_input": "dna"})
    write_genome(given / "g.fa", GENOME)
    held = GENOME["chr1"]
    rows = [
        ("chr1", at, held[at - 1], "CGTA"["ACGT".index(held[at - 1])] + "T" * (at % 2))
        for at in range(50, 50 + VARIANTS)
    ]
    write_vcf(given / "v.vcf", rows)


if __name__ == "__main__":
    place = Path(sys.argv[1]).absolute()
    prepare(place / "given")
    (place / "first").mkdir()
    run(place / "first")  # what is imported once is no step of the runs that follow
    main(place, int(sys.argv[2]), run)
