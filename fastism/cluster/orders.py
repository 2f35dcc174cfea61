"""What is said between a run and its workers: plain data, and classes of fastism by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.shards import Record
from fastism.io.sources.base import Batch
from fastism.runtime.scores import Scores

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class PlanAt:
    """A plan, as a worker is to take it up.

    path: where the run finds it; sha256: of its manifest, which holds the checksums of the rest.
    versions: of the packages that must be the same. custom_objects, unsafe: as for the verbs.
    """

    path: str
    sha256: str
    versions: Mapping[str, str]
    custom_objects: str | None = None
    unsafe: bool = False


@dataclass(frozen=True)
class Standing:
    """What a worker is good for.

    refused: why it is not used, empty if it is. needs_plan: it does not see the plan, and takes it
    as bytes. memory: bytes that its process may take, None without a limit.
    """

    machine: str
    refused: str = ""
    needs_plan: bool = False
    memory: int | None = None


@dataclass(frozen=True, eq=False)
class Order:
    """A shard to compute, of the plan that the worker has taken up.

    folder: of the run, where workers see it. edits: what is written in each of the batches.
    """

    plan_sha256: str
    folder: str
    record: Record
    header: Header
    start: int
    batches: list[Batch]
    edits: list[Array]

    def __str__(self) -> str:
        return describe(self.start, sum(map(len, self.batches)), self.folder)


@dataclass(frozen=True, eq=False)
class Call:
    """A call of the plan that the worker has taken up: the inputs by name, and options."""

    plan_sha256: str
    inputs: Mapping[str, Array]
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Done:
    """What became of an order or a call.

    result: the scores; None where the worker wrote them into the run's folder. fault: why there are
    none, and would be none by another worker. idle: whether the worker had no plan.
    """

    machine: str
    result: Rows | Scores | None = None
    fault: str = ""
    idle: bool = False


def describe(start: int, count: int, folder: str = "") -> str:
    """Sequences for a person: counted from 1, the last included."""
    of = f" of {folder}" if folder else ""
    return f"sequences {start + 1:,} to {start + count:,}{of}"


def thin(inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The same numbers in a byte each, where that holds them, as it does letters."""
    return {name: _thin(array) for name, array in inputs.items()}


def _thin(array: Array) -> Array:
    with np.errstate(invalid="ignore"):  # of numbers that are none, or far too large
        small = array.astype(np.int8)
    return small if np.array_equal(small, array) else array
