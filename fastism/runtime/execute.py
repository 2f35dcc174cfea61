"""Run a scheduled module: the intout graph once a batch, the propagation graphs chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT, INDICES, Group, Program
from fastism.runtime.alternatives import rows_of
from fastism.runtime.items import IntArray, Items, Rows

SEQUENCE, SITE = INDICES
Array = npt.NDArray[Any]
Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]

PIECE = 1 << 18
"""Elements looked at together when items are held against what their sequences hold already."""

MUTANTS = 32
"""Mutants that are predicted in full at a time, where they must be."""

HUGE = 1e6
"""Size of an exponential, power or ratio from which on its differences are not used."""


class Executor:
    """Scores items of a batch of sequences with the functions a backend emitted."""

    def __init__(self, module: Module, functions: Mapping[str, Function]) -> None:
        self.module = module
        self.functions = functions
        self.program = Program.of(module)
        self.intout, self.heads = module.main, self.program.heads
        self.groups = self.program.groups
        assert module.sites is not None
        self.width = module.sites.width
        self.starts = module.sites.array
        self.group_of = np.full(len(module.sites), -1, np.int64)
        self.local = np.zeros(len(module.sites), np.int64)
        for index, group in enumerate(self.groups):
            self.group_of[group.sites] = index
            self.local[group.sites] = np.arange(len(group.sites))

    def reference(self, inputs: Mapping[str, Array]) -> Mapping[str, Any]:
        """Outputs and saved activations of a batch, (N, ...), by value name."""
        return self.functions[self.intout.name](inputs)

    def score(
        self,
        inputs: Mapping[str, Array],
        saved: Mapping[str, Any],
        items: Items,
        alternatives: Array,
        results: Sequence[Array],
        progress: Callable[[int], None] | None = None,
        memory: int | None = None,
    ) -> int:
        """Fill ``results[h][i]`` with head h's mutated output for item i, where it changes.

        ``saved`` is what `reference` returned for these inputs; ``alternatives`` is (A, width, C),
        or (1 or N, 1 or S, A, width, C) for N sequences. Items that change nothing are left as
        they are. ``memory`` bounds the bytes of the chunks that run side by side.

        Returns how many items were predicted in full, since they have no use of differences.
        """
        edited = inputs[self.module.seq_input]
        group_of = self.group_of[items.site]
        still = (group_of < 0) | self._cancels(edited, items, alternatives)
        drowned = ~still & self._drowned(saved)[items.sequence]
        whole = [np.flatnonzero(drowned)]
        for index, group in enumerate(self.groups):
            chosen = np.flatnonzero((group_of == index) & ~still & ~drowned)
            pairs = group.pairs_within(memory)
            rows = Rows.of(items.take(chosen), pairs * group.alternatives)
            if not len(rows.item):
                continue
            keys = group.keys[self.local[items.site[chosen[rows.item[:, 0]]]]]
            # A pair of more items than scheduled leaves room for fewer pairs.
            most = max(1, min(pairs, pairs * group.alternatives // rows.item.shape[1]))

            def run(chunk: Rows, group: Group = group, chosen: IntArray = chosen) -> int:
                numbers = chosen[chunk.item]
                outputs = self._chunk(group, edited, saved, items, alternatives, numbers)
                valid, numbers = chunk.valid.ravel(), numbers[chunk.valid]
                finite = np.ones(len(numbers), np.bool_)
                for head, output in zip(group.heads, outputs, strict=True):
                    results[head][numbers] = output[valid]
                    finite &= _within(output[valid], np.inf)
                whole.append(numbers[~finite])
                return int(finite.sum())

            for done in _side_by_side(run, rows.chunks(keys, most), group.workers):
                if progress is not None:
                    progress(done)
        if progress is not None:
            progress(int(np.sum(still)))
        numbers = np.concatenate(whole)
        self._score_whole(inputs, items, alternatives, numbers, results, progress)
        return len(numbers)

    def _drowned(self, saved: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """Sequences of whose reference a value is infinite, or too large for differences from it.

        From log(0) no step leads to the logarithm that an edit makes finite; and beside exp(20)
        nothing is left of the one that an edit makes small.
        """
        names = {value.name for group in self.groups for value in group.graph.inputs}
        found = np.zeros(len(np.asarray(saved[self.heads[0]])), np.bool_)
        for name in names.intersection(saved):
            node = self.intout.producers.get(name)
            if node is None or node.op != "running_max":  # of nothing it is infinite
                total = node is None or definition(node.op).total
                found |= ~_within(np.asarray(saved[name]), np.inf if total else HUGE)
        return found

    def _score_whole(
        self,
        inputs: Mapping[str, Array],
        items: Items,
        alternatives: Array,
        numbers: IntArray,
        results: Sequence[Array],
        progress: Callable[[int], None] | None,
    ) -> None:
        """Fill in items by running the graph of the reference on the mutants, as the model does."""
        for first in range(0, len(numbers), MUTANTS):
            part = numbers[first : first + MUTANTS]
            outputs = self.reference(self.mutants(inputs, items.take(part), alternatives))
            for result, head in zip(results, self.heads, strict=True):
                result[part] = outputs[head]
            if progress is not None:
                progress(len(part))

    def mutants(
        self, inputs: Mapping[str, Array], items: Items, alternatives: Array
    ) -> dict[str, Array]:
        """Every input of the model with each item's alternative written in, (M, ...)."""
        result = {name: array[items.sequence] for name, array in inputs.items()}
        edited = result[self.module.seq_input]
        written = rows_of(alternatives, items, edited.dtype)
        edited[np.arange(len(items))[:, None], self._positions(items.site)] = written
        return result

    def _positions(self, site: IntArray) -> IntArray:
        """The positions of sites, (M, width)."""
        return np.asarray(self.starts[site][:, None] + np.arange(self.width))

    def run_chunks(
        self,
        group: Group,
        inputs: Mapping[str, Array],
        saved: Mapping[str, Any],
        items: Items,
        alternatives: Array,
        pairs: int,
    ) -> None:
        """Run items as they stand, chunk by chunk, and drop the results: for timing."""
        numbers = np.arange(len(items)).reshape(-1, group.alternatives)
        edited = inputs[self.module.seq_input]

        def run(rows: Rows) -> int:
            self._chunk(group, edited, saved, items, alternatives, rows.item)
            return len(rows.item)

        cuts = range(pairs, len(numbers), pairs)
        chunks = (Rows(part, np.ones(part.shape, bool)) for part in np.split(numbers, cuts))
        for _ in _side_by_side(run, chunks, group.workers):
            pass

    def held(self, edited: Array, sequence: IntArray, site: IntArray) -> Array:
        """What sequences hold at sites before any edit, (M, width, C)."""
        return np.asarray(edited[sequence[:, None], self._positions(site)])

    def _cancels(self, edited: Array, items: Items, alternatives: Array) -> npt.NDArray[np.bool_]:
        """Items that write what is there already."""
        result = np.zeros(len(items), np.bool_)
        step = max(1, PIECE // (self.width * edited.shape[2]))
        for first in range(0, len(items), step):
            part = items.take(np.arange(first, min(first + step, len(items))))
            held = self.held(edited, part.sequence, part.site)
            same = held == rows_of(alternatives, part, edited.dtype)
            result[first : first + step] = same.all(axis=(1, 2))
        return result

    def _chunk(
        self,
        group: Group,
        edited: Array,
        saved: Mapping[str, Any],
        items: Items,
        alternatives: Array,
        numbers: IntArray,
    ) -> list[Array]:
        """Outputs of one chunk, (rows * A, ...) each."""
        sequence, site = items.sequence[numbers[:, 0]], items.site[numbers[:, 0]]
        written = rows_of(alternatives, items.take(numbers), edited.dtype)
        delta = written - self.held(edited, sequence, site)[:, None]
        given: dict[str, Any] = {
            SEQUENCE: sequence.astype(np.int32),
            SITE: self.local[site].astype(np.int32),
            EDIT: delta.reshape(-1, *delta.shape[2:]),
        }
        for value in group.graph.inputs:
            if value.name not in given:
                given[value.name] = saved[value.name]
        outputs = self.functions[group.graph.name](given)
        return [np.asarray(outputs[name]) for name in group.graph.outputs]


def _within(values: Array, limit: float) -> npt.NDArray[np.bool_]:
    """Which entries of the batch hold only numbers below a limit in size."""
    rows = values.reshape(len(values), math.prod(values.shape[1:]))
    highest, lowest = rows.max(axis=1, initial=0), rows.min(axis=1, initial=0)
    return np.asarray((highest < limit) & (lowest > -limit))


def _side_by_side(
    run: Callable[[Rows], int], chunks: Iterator[Rows], workers: int
) -> Iterator[int]:
    """Run every chunk, ``workers`` at a time; chunks write to places of their own."""
    if workers == 1:
        yield from map(run, chunks)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(run, chunks)
