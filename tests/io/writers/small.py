"""A small run to write: four sequences of five bases, scored at three positions in the middle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fastism.io.header import Header, facts
from fastism.io.regions import Region
from fastism.io.rows import Rows
from fastism.io.writers.base import Options
from fastism.io.writers.publish import Target, write_files
from fastism.io.writers.registry import FORMATS

SEQUENCES = ["ACGTA", "CCNGT", "GGGTT", "TACGA"]
REGIONS = [
    Region("chr1", 10, 15),
    Region("chr2", 3, 8, "-"),
    Region("chr1", 12, 17, "+"),
    Region("chr1", 40, 45),
]
CHROMOSOMES = {"chr1": 44, "chr2": 20}
LETTERS = [*"ACGT"]
ONE_HOT = np.asarray([[[b == a for a in LETTERS] for b in s] for s in SEQUENCES], np.int8)
random = np.random.default_rng(0)
REFERENCE = random.normal(size=(4, 2)).astype(np.float32)
ALTERNATE = random.normal(size=(4, 3, 4, 2)).astype(np.float32)
for sequence, site, base in zip(*np.nonzero(ONE_HOT[:, 1:4]), strict=True):
    ALTERNATE[sequence, site, base] = REFERENCE[sequence]

HEADER = Header(
    outputs={"head": (2,)},
    sites=np.asarray([(1, 1), (2, 1), (3, 1)]),
    alternatives=np.eye(4)[:, None],
    length=5,
    channels=4,
    alphabet="ACGT",
    regions=True,
    attributes=facts(("basset.h5", "abc"), {"sequences": "x.fa"}),
)
ROWS = Rows(["a", "b", "c", "d"], ONE_HOT, {"head": (REFERENCE, ALTERNATE)}, regions=REGIONS)
ONE = Options(targets=((1,),), chromosomes=CHROMOSOMES)


def centered(target: int = 1) -> Any:
    """d[a] - mean of d, worked out anew, (4, 3, 4)."""
    d = ALTERNATE[..., target] - REFERENCE[:, None, None, target]
    return d - d.mean(axis=2, keepdims=True)


def write(
    folder: Path,
    format: str,
    options: Options = ONE,
    *,
    name: str = "out",
    header: Header = HEADER,
    rows: Rows = ROWS,
) -> Path:
    """Write the run, in two blocks that come apart, and say where."""
    path = folder / name
    target = Target(path, FORMATS[format], options)
    write_files([target], header, [rows.part(0, 1), rows.part(1, 4)], len(rows))
    return path


def without_regions() -> Mapping[str, Any]:
    """Header and rows of the same sequences, of no genome."""
    return {"header": replace(HEADER, regions=False), "rows": replace(ROWS, regions=None)}
