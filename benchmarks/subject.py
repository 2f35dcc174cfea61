"""The model and the sequences of a row."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.models import build
from benchmarks.rows import DEMO, SPLICEAI, Row
from fastism import data
from fastism.checking.baseline import FloatArray
from fastism.frontends.keras.files.load import load_model
from fastism.io.fasta import read_fasta
from fastism.quiet import keras

WHEEL, MEMBER = "spliceai==1.3.1", "spliceai/models/spliceai1.h5"
"""Where the published weights of SpliceAI-10k are; fetched, never committed."""


def model_of(row: Row, kept: Path) -> keras.Model:
    """The row's model; a file that is fetched for it stays in ``kept``."""
    if row.model == SPLICEAI:
        return load_model(_spliceai(kept / "spliceai"))
    if row.model == DEMO:
        return load_model(data.path("demo.h5"))
    return build(row.model, row.length)


ACCEPTOR, DONOR, EXON = "TACTAACTTTTCCTTTTTCTTTTTTTGCAGG", "CAGGTAAGTAT", 120
"""Consensus ends of an exon, and its length: what SpliceAI must see for its outputs to move."""


def sequences(row: Row, seed: int = 3) -> FloatArray:
    """As many random one-hot sequences (N, L, 4) as the row scores at once.

    Those for SpliceAI hold an exon whose end is in the middle; the demo's are its own, each with a
    motif that the model was trained to find.
    """
    if row.model == DEMO:
        records = islice(read_fasta(data.path("demo.fa"), length=row.length), row.batch)
        return np.stack([record.one_hot for record in records])
    bases = np.random.default_rng(seed).integers(0, 4, (row.batch, row.length))
    if row.model == SPLICEAI:
        middle = row.length // 2
        for motif, stop in [(ACCEPTOR, middle - EXON), (DONOR, middle)]:
            bases[:, stop - len(motif) : stop] = ["ACGT".index(letter) for letter in motif]
    return np.eye(4, dtype=np.float32)[bases]


def _spliceai(folder: Path) -> Path:
    """The model file, fetched if it is not there."""
    path = folder / MEMBER
    if not path.exists():
        fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), WHEEL]
        subprocess.run(fetch, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = folder.glob("spliceai-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(MEMBER, folder)
    return path
