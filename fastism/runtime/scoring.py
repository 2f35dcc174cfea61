"""Score items of sequences: the loop behind calls of a plan and behind single items.

A batch of sequences at a time is run for its reference activations; its items start as the
reference's outputs, and the executor fills in those that change.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastism.errors import FastismWarning
from fastism.ir.types import NUMPY_DTYPES
from fastism.runtime.alternatives import of_sequences
from fastism.runtime.edited import Edited
from fastism.runtime.execute import Executor
from fastism.runtime.items import IntArray, Items
from fastism.runtime.memory import default_memory
from fastism.runtime.scores import HeadScores
from fastism.scores import writes_letters

Array = npt.NDArray[Any]
Progress = Callable[[int, int], None]
"""Called with (items done, items in all) as a run goes on."""


class Batch(NamedTuple):
    """Items of a few sequences.

    sequences: which ones. items: theirs, sequences counted from the batch's first. places: where
    the items stand among all that are scored.
    """

    sequences: slice | IntArray
    items: Items
    places: slice | IntArray


@dataclass(frozen=True)
class Scoring:
    """Sequences to score, and how.

    inputs: every input by name, (N, ...). alternatives: as `Plan.written` gives them.
    batch_size: sequences whose reference activations are held at a time. memory: bytes for the
    chunks that run side by side; a quarter of what is free if None.
    """

    executor: Executor
    inputs: Mapping[str, Array]
    alternatives: Array
    batch_size: int
    memory: int | None = None
    progress: Progress | None = None

    @property
    def sequences(self) -> int:
        """How many sequences there are."""
        return len(next(iter(self.inputs.values())))

    @property
    def edited(self) -> Edited:
        """The sequences and what is written into them, of the letters' channels alone."""
        letters, starts = self.executor.letters, self.executor.starts
        rows, written = self.inputs[self.executor.module.seq_input], self.alternatives
        if letters is not None:
            rows, written = rows[..., list(letters)], written[..., list(letters)]
        return Edited(rows, starts, self.executor.width, written)

    def every(self) -> list[HeadScores]:
        """Every alternative at every site of every sequence, for each head."""
        shape = len(self.executor.starts), self.alternatives.shape[-3]
        each = shape[0] * shape[1]
        results = self._results(self.sequences * each)
        references = self._results(self.sequences)
        self._run(self._grid(shape), self.sequences * each, results, references)
        one_hot = self._one_hot()
        return [
            HeadScores(reference, result.reshape(-1, *shape, *result.shape[1:]), one_hot)
            for reference, result in zip(references, results, strict=True)
        ]

    def _one_hot(self) -> Array | None:
        """What the sequences hold at the sites, (N, S, A), where letters are written there."""
        edited = self.edited
        if not writes_letters(edited.alternatives):
            return None
        return np.asarray(edited.rows[:, edited.starts])

    def chosen(self, items: Items) -> list[Array]:
        """The given items, (M, *out) for each head."""
        results = self._results(len(items))
        self._run(self._batches(items), len(items), results)
        return results

    def _grid(self, shape: tuple[int, int]) -> Iterator[Batch]:
        each = shape[0] * shape[1]
        for first in range(0, self.sequences, self.batch_size):
            last = min(first + self.batch_size, self.sequences)
            items = Items(*np.indices((last - first, *shape)).reshape(3, -1))
            yield Batch(slice(first, last), items, slice(first * each, last * each))

    def _batches(self, items: Items) -> Iterator[Batch]:
        used, position = np.unique(items.sequence, return_inverse=True)
        for first in range(0, len(used), self.batch_size):
            sequences = used[first : first + self.batch_size]
            places = np.flatnonzero((position >= first) & (position < first + len(sequences)))
            part = items.take(places)
            part = Items(position[places] - first, part.site, part.alternative)
            yield Batch(sequences, part, places)

    def _results(self, count: int) -> list[Array]:
        return blank(self.executor, count)

    def _run(
        self,
        batches: Iterator[Batch],
        total: int,
        results: Sequence[Array],
        references: Sequence[Array] | None = None,
    ) -> None:
        """Fill in the items of all batches, and the sequences' own outputs where asked for."""
        memory = default_memory() if self.memory is None else self.memory
        counted = Counter(self.progress, total)
        in_full = 0
        for sequences, items, places in batches:
            inputs = {name: array[sequences] for name, array in self.inputs.items()}
            alternatives = of_sequences(self.alternatives, sequences)
            saved = self.executor.reference(inputs)
            parts = [result[places] for result in results]  # views, where the places are a slice
            for index, (head, part) in enumerate(zip(self.executor.heads, parts, strict=True)):
                reference = np.asarray(saved[head])
                # "clip" writes into the part itself, without a copy of it; no index is clipped.
                np.take(reference, items.sequence, axis=0, out=part, mode="clip")
                if references is not None:
                    references[index][sequences] = reference
            in_full += self.executor.score(
                inputs, saved, items, alternatives, parts, counted.add, memory
            )
            if not isinstance(places, slice):
                for result, part in zip(results, parts, strict=True):
                    result[places] = part
        warn_in_full(in_full, total, stacklevel=5)  # plan, every or chosen, and here


def warn_in_full(edits: int, total: int, stacklevel: int) -> None:
    """Warn of edits that differences were of no use for, if there are any."""
    if edits:
        warnings.warn(
            f"{edits:,} of {total:,} edits meet values that are infinite or huge, as log(0) or "
            "exp(20) are, and drown differences: they are predicted in full",
            FastismWarning,
            stacklevel=stacklevel,
        )


def blank(executor: Executor, count: int) -> list[Array]:
    """An array for each head, (count, *out), to be filled."""
    types = [executor.intout.values[head].type for head in executor.heads]
    shapes = [(count, *map(int, type_.shape[1:])) for type_ in types]
    dtypes = [np.dtype(NUMPY_DTYPES[type_.dtype]) for type_ in types]
    return [np.empty(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]


def predicted(executor: Executor, inputs: Mapping[str, Array], batch_size: int) -> list[Array]:
    """The outputs of sequences as they are, (N, *out) for each head."""
    count = len(next(iter(inputs.values())))
    results = blank(executor, count)
    for first in range(0, count, batch_size):
        part = slice(first, first + batch_size)
        saved = executor.reference({name: array[part] for name, array in inputs.items()})
        for head, result in zip(executor.heads, results, strict=True):
            result[part] = saved[head]
    return results


def part_of(progress: Progress | None, index: int, count: int) -> Progress | None:
    """A callback for the ``index``-th of ``count`` runs over as many items each."""
    if progress is None:
        return None
    return lambda done, total: progress(index * total + done, count * total)


class Counter:
    """Adds up what is done and tells the user's callback."""

    def __init__(self, callback: Progress | None, total: int) -> None:
        self.callback = callback
        self.total = total
        self.done = 0

    def add(self, items: int) -> None:
        self.done += items
        if self.callback is not None:
            self.callback(self.done, self.total)
