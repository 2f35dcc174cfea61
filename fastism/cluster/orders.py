"""What is said between a run and its workers: plain data, and classes of fastism by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.header import Header
from fastism.io.kept import Record
from fastism.io.rows import Rows
from fastism.io.sources.base import Batch
from fastism.io.work import Work, named
from fastism.runtime.inputs import ALPHABET
from fastism.runtime.scores import Scores
from fastism.variants.answers import Manner
from fastism.variants.questions import Piece

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class PlanAt:
    """A plan: where the run finds it, and the hash of its manifest, which has those of the rest."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Asked:
    """What a worker is to take up: plans, and how they are asked.

    versions: of the packages that must be the same. rc, strands, alphabet: as of `Ensemble`;
    ensemble: whether a single plan is one. custom_objects, unsafe: as for the verbs.
    """

    plans: tuple[PlanAt, ...]
    versions: Mapping[str, str]
    rc: bool = False
    strands: Any = None
    alphabet: str = ALPHABET
    ensemble: bool = False
    custom_objects: str | None = None
    unsafe: bool = False

    @property
    def key(self) -> str:
        """A hash of what is asked, wherever its plans lie."""
        hashes = [plan.sha256 for plan in self.plans]
        asked = hashes, self.rc, self.strands, self.alphabet, self.ensemble
        return hashlib.sha256(repr(asked).encode()).hexdigest()


@dataclass(frozen=True)
class Standing:
    """What a worker is good for.

    refused: why it is not used, empty if it is. needs_plan: it does not see a plan, and takes them
    as bytes. memory: bytes that its process may take, None without a limit.
    """

    machine: str
    refused: str = ""
    needs_plan: bool = False
    memory: int | None = None


@dataclass(frozen=True, eq=False)
class Order:
    """A shard to compute, by what the worker has taken up.

    asked: its key. folder: of the run, where workers see it. edits: what is written in each of the
    batches.
    """

    asked: str
    folder: str
    record: Record
    header: Header
    start: int
    batches: list[Batch]
    edits: list[Array]

    def __str__(self) -> str:
        return f"{named(Work(self.start, self.batches))} of {self.folder}"


@dataclass(frozen=True, eq=False)
class VariantOrder:
    """A piece of a run of variants to compute; fields as of `Order`."""

    asked: str
    folder: str
    record: Record
    piece: Piece
    manner: Manner

    def __str__(self) -> str:
        return f"{named(self.piece)} of {self.folder}"


@dataclass(frozen=True, eq=False)
class Call:
    """A call of what the worker has taken up: the inputs by name, and options."""

    asked: str
    inputs: Mapping[str, Array]
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Done:
    """What became of an order or a call.

    result: the scores, of variants an array; None where the worker wrote them into the run's
    folder. fault: why there are none, and would be none by another worker. idle: whether the worker
    had taken up nothing.
    """

    machine: str
    result: Rows | Scores | Array | None = None
    fault: str = ""
    idle: bool = False


def thin(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The same numbers in a byte each, where that holds them, as it does letters."""
    return {name: _thin(array) for name, array in inputs.items()}


def _thin(array: Array) -> Array:
    with np.errstate(invalid="ignore"):  # of numbers that are none, or far too large
        small = array.astype(np.int8)
    return small if np.array_equal(small, array) else array
