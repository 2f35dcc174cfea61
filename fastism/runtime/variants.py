"""Score substitutions of any width: those of one width together, many sequences at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.execute import MUTANTS, Executor
from fastism.runtime.items import IntArray, Items
from fastism.runtime.memory import default_memory
from fastism.runtime.resited import Resited, Share
from fastism.runtime.scores import VariantScores
from fastism.runtime.scoring import Counter, Progress, blank, predicted, warn_in_full
from fastism.runtime.substitutions import Substitutions

Array = npt.NDArray[Any]


def score_substitutions(
    programs: Resited,
    inputs: Mapping[str, Array],
    edits: Substitutions,
    batch_size: int,
    memory: int | None = None,
    progress: Progress | None = None,
) -> list[VariantScores]:
    """The predictions without and with each substitution, for each head; see `Plan.variants`."""
    own, total = programs.plan.executor, len(edits)
    results = blank(own, total), blank(own, total)
    memory = default_memory() if memory is None else memory
    counted = Counter(progress, total)
    shares = programs.shares(edits.position, edits.width)
    used, place = np.unique(edits.sequence, return_inverse=True)
    in_full = 0
    for first in range(0, len(used), batch_size):
        sequences = used[first : first + batch_size]
        batch = _Batch(
            programs,
            {name: array[sequences] for name, array in inputs.items()},
            edits,
            place - first,
        )
        here = (batch.local >= 0) & (batch.local < len(sequences))
        for share in shares:
            part = share.take(here[share.chosen])
            if len(part.chosen):
                in_full += batch.score(part, results, counted.add, memory)
    warn_in_full(in_full, total, stacklevel=4)
    return [VariantScores(*values) for values in zip(*results, strict=True)]


@dataclass(frozen=True)
class _Batch:
    """Some sequences, and the substitutions of which some are in them.

    inputs: of the sequences. local: (M,), the number of each substitution's sequence among them.
    kept: what programs keep of them.
    """

    programs: Resited
    inputs: Mapping[str, Array]
    edits: Substitutions
    local: IntArray
    kept: list[tuple[Executor, Mapping[str, Any]]] = field(default_factory=list)

    def score(
        self,
        share: Share,
        results: tuple[Sequence[Array], Sequence[Array]],
        count: Callable[[int], None],
        memory: int,
    ) -> int:
        """Fill in the predictions without and with some substitutions.

        Returns how many had no use of differences.
        """
        chosen, program = share.chosen, share.executor or self.programs.plan.executor
        saved = self.saved(program)
        for head, values in zip(program.heads, results[0], strict=True):
            values[chosen] = np.asarray(saved[head])[self.local[chosen]]
        if share.executor is None:
            self._predict_whole(chosen, results[1], count)
            return 0
        parts = [values[chosen] for values in results[0]]
        starts = share.executor.starts[share.sites]
        edited = self.inputs[self.programs.plan.module.seq_input]
        rows = self.edits.within(chosen, self.local, starts, share.executor.width, edited)
        items = Items(self.local[chosen], share.sites, np.arange(len(chosen)))
        in_full = share.executor.score(self.inputs, saved, items, rows, parts, count, memory)
        for values, part in zip(results[1], parts, strict=True):
            values[chosen] = part
        return in_full

    def saved(self, executor: Executor) -> Mapping[str, Any]:
        """What a program keeps of the sequences: its own, or that of one before which serves it."""
        for other, saved in self.kept:
            if self.programs.serves(other, executor):
                return saved
        saved = executor.reference(self.inputs)
        self.kept.append((executor, saved))
        return saved

    def _predict_whole(
        self, chosen: IntArray, results: Sequence[Array], count: Callable[[int], None]
    ) -> None:
        """Fill in substitutions by running the model on each mutant."""
        plan = self.programs.plan
        seq_input = plan.module.seq_input
        for first in range(0, len(chosen), MUTANTS):
            part = chosen[first : first + MUTANTS]
            mutants = {name: array[self.local[part]] for name, array in self.inputs.items()}
            mutants[seq_input] = self.edits.mutants(
                part, self.local, self.inputs[seq_input], plan.letters
            )
            for values, found in zip(
                results, predicted(plan.executor, mutants, MUTANTS), strict=True
            ):
                values[part] = found
            count(len(part))
