"""Run a scheduled module: the intout graph once a batch, the propagation graphs chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends.base import Blocking
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT, INDICES, Group, Program
from fastism.runtime.edits import Edits
from fastism.runtime.items import IntArray, Items, Pairs
from fastism.runtime.threads import side_by_side

SEQUENCE, SITE = INDICES
Array = npt.NDArray[Any]
Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]

MUTANTS = 32
"""Mutants that are predicted in full at a time, where they must be."""

HUGE = 1e6
"""Size of an exponential, power or ratio from which on its differences are not used."""


class Executor:
    """Scores items of a batch of sequences with the functions a backend emitted."""

    def __init__(
        self,
        module: Module,
        functions: Mapping[str, Function],
        letters: tuple[int, ...] | None = None,
    ) -> None:
        """``letters``: the channels of the sequence that are written; all of them if None."""
        self.module = module
        self.letters = letters
        self.functions = functions
        self.program = Program.of(module)
        self.intout, self.heads = module.main, self.program.heads
        self.groups = self.program.groups
        assert module.sites is not None
        self.sites = module.sites
        self.width = self.sites.width
        self.starts = self.sites.array
        self.group_of = np.full(len(self.sites), -1, np.int64)
        self.local = np.zeros(len(self.sites), np.int64)
        for index, group in enumerate(self.groups):
            self.group_of[group.sites] = index
            self.local[group.sites] = np.arange(len(group.sites))

    def reference(self, inputs: Mapping[str, Array]) -> Mapping[str, Any]:
        """Outputs and saved activations of a batch, (N, ...), by value name."""
        return self.functions[self.intout.name](inputs)

    def edits(self, inputs: Mapping[str, Array], items: Items, alternatives: Array) -> Edits:
        """What items write into the sequences of a batch."""
        seq_input = self.module.seq_input
        return Edits(inputs, seq_input, self.sites, items, alternatives, self.letters)

    def score(
        self,
        inputs: Mapping[str, Array],
        saved: Mapping[str, Any],
        items: Items,
        alternatives: Array,
        results: Sequence[Array],
        progress: Callable[[int], None] = lambda done: None,
        memory: int | None = None,
    ) -> int:
        """Fill ``results[h][i]`` with head h's mutated output for item i, where it changes.

        ``saved`` is what `reference` returned for these inputs; ``alternatives`` is (A, width, C),
        or (1 or N, 1 or S, A, width, C) for N sequences. Items that change nothing are left as
        they are. ``memory`` bounds the bytes of the chunks that run side by side.

        Returns how many items were predicted in full, since they have no use of differences.
        """
        edits = self.edits(inputs, items, alternatives)
        group_of = self.group_of[items.site]
        still = (group_of < 0) | edits.idle
        drowned = ~still & self._drowned(saved)[items.sequence]
        in_full = [np.flatnonzero(drowned)]
        progress(int(np.sum(still)))
        for index, group in enumerate(self.groups):
            chosen = np.flatnonzero((group_of == index) & ~still & ~drowned)
            chunks = self._chunks(group, items, chosen, memory)
            run = partial(self._fill, group, edits, saved, results)
            for done, not_finite in side_by_side(run, chunks, group.workers):
                progress(done)
                in_full.append(not_finite)
        numbers = np.concatenate(in_full)
        self._score_whole(edits, numbers, results, progress)
        return len(numbers)

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
        run = partial(self._chunk, group, self.edits(inputs, items, alternatives), saved)
        chunks = iter(np.split(numbers, range(pairs, len(numbers), pairs)))
        for _ in side_by_side(run, chunks, group.workers):
            pass

    def _drowned(self, saved: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """Sequences of whose reference a value is infinite, or too large for differences from it.

        From log(0) no step leads to the logarithm that an edit makes finite; and beside exp(20)
        nothing is left of the one that an edit makes small.
        """
        names = {value.name for group in self.groups for value in group.graph.inputs}
        found = np.zeros(len(np.asarray(saved[self.heads[0]])), np.bool_)
        for name in names.intersection(saved):
            node = self.intout.producers.get(name)
            op = definition(node.op) if node is not None else None
            if op is None or op.stages != "intout":  # the largest of nothing is infinite
                total = op is None or op.total
                found |= ~_within(np.asarray(saved[name]), np.inf if total else HUGE)
        return found

    def _chunks(
        self, group: Group, items: Items, chosen: IntArray, memory: int | None
    ) -> Iterator[Pairs]:
        """The chosen items of a group, folded by pair and cut into chunks that fit the memory."""
        if not len(chosen):
            return
        most, keys = self._chunking(group, memory)
        room = most * group.alternatives
        function = self.functions[group.graph.name]
        folded = Pairs.of(items.take(chosen), room)
        pairs = Pairs(chosen[folded.item], folded.valid)
        # A pair of more items than scheduled leaves room for fewer pairs.
        count, each = pairs.item.shape
        most = max(1, min(most, room // each))
        if isinstance(function, Blocking):  # all workers are to end at about one time
            rounds, full = -(-count // (most * group.workers)), function.pairs_filling(each)
            most = min(most, -(-count // (rounds * group.workers * full)) * full)
        else:
            most = min(most, -(-count // group.workers))
        yield from pairs.chunks(keys[self.local[items.site[pairs.item[:, 0]]]], most)

    def _chunking(self, group: Group, memory: int | None) -> tuple[int, IntArray]:
        """Pairs a chunk, and what the pairs of a chunk must agree in, (S, D)."""
        function = self.functions[group.graph.name]
        if not isinstance(function, Blocking):
            return group.pairs_within(memory), group.keys
        room = None if memory is None else memory // group.workers
        most = function.pairs_within(room, group.alternatives)
        return most, np.zeros((len(group.sites), 0), np.int64)

    def _fill(
        self,
        group: Group,
        edits: Edits,
        saved: Mapping[str, Any],
        results: Sequence[Array],
        chunk: Pairs,
    ) -> tuple[int, IntArray]:
        """Run a chunk and fill in its items' results; how many are finite, and which are not."""
        outputs = self._chunk(group, edits, saved, chunk.item)
        valid, numbers = chunk.valid.ravel(), chunk.item[chunk.valid]
        finite = np.ones(len(numbers), np.bool_)
        for head, output in zip(group.heads, outputs, strict=True):
            values = output[valid]
            results[head][numbers] = values
            finite &= _within(values, np.inf)
        return int(finite.sum()), numbers[~finite]

    def _chunk(
        self, group: Group, edits: Edits, saved: Mapping[str, Any], numbers: IntArray
    ) -> list[Array]:
        """Outputs for the items of these numbers, (P, A); (P * A, ...) each."""
        pairs = edits.take(numbers[:, 0])
        delta = edits.take(numbers).written - pairs.held[:, None]
        given: dict[str, Any] = {
            SEQUENCE: pairs.items.sequence.astype(np.int32),
            SITE: self.local[pairs.items.site].astype(np.int32),
            EDIT: delta.reshape(-1, *delta.shape[2:]),
        }
        for value in group.graph.inputs:
            if value.name not in given:
                given[value.name] = saved[value.name]
        outputs = self.functions[group.graph.name](given)
        return [np.asarray(outputs[name]) for name in group.graph.outputs]

    def _score_whole(
        self,
        edits: Edits,
        numbers: IntArray,
        results: Sequence[Array],
        progress: Callable[[int], None],
    ) -> None:
        """Fill in items by running the graph of the reference on the mutants, as the model does."""
        for first in range(0, len(numbers), MUTANTS):
            part = numbers[first : first + MUTANTS]
            outputs = self.reference(edits.take(part).mutants())
            for result, head in zip(results, self.heads, strict=True):
                result[part] = outputs[head]
            progress(len(part))


def _within(values: Array, limit: float) -> npt.NDArray[np.bool_]:
    """Which entries of the batch hold only numbers below a limit in size."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    highest, lowest = flat.max(axis=1, initial=0), flat.min(axis=1, initial=0)
    return np.asarray((highest < limit) & (lowest > -limit))
