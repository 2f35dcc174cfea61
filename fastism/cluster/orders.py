"""What is said between a run and its workers: plain data, and classes of fastism by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.shards import Record
from fastism.io.sources.base import Batch


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
    edits: list[npt.NDArray[Any]]

    def __str__(self) -> str:
        return describe(self.start, sum(map(len, self.batches)), self.folder)


@dataclass(frozen=True, eq=False)
class Done:
    """What became of an order.

    rows: the scores, where the worker could not write them into the run's folder. fault: why there
    are none; final where no other worker would do better. idle: whether the worker had no plan.
    """

    machine: str
    seconds: float = 0.0
    rows: Rows | None = None
    fault: str = ""
    final: bool = False
    idle: bool = field(default=False)


def describe(start: int, count: int, folder: str = "") -> str:
    """Sequences for a person: counted from 1, the last included."""
    of = f" of {folder}" if folder else ""
    return f"sequences {start + 1:,} to {start + count:,}{of}"
