"""The bench of variants runs, and holds its numbers against the model's."""

from __future__ import annotations

import re

import fastism
from benchmarks.models import build
from benchmarks.variants import Variants, line


def test_a_row() -> None:
    model = build("basset", 96)
    given = Variants.drawn(96, windows=3, variants=40, widest=3)
    cells = line("few", fastism.compile(model), model, given, repeats=1).strip("| ").split(" | ")
    assert cells[:2] == ["few", "40 in 3"]
    assert re.fullmatch(r"[\d.]+ s \(.+, (64|256) a batch\)", cells[2])
    assert 0 < float(cells[5]) < 1e-5
