"""A plan asked about a sequence and its reverse complement: the mean of the two answers.

The reverse complement of a mutant is the other strand's sequence with the complement of what was
written, at the site that mirrors its own. So both strands are scored each as it is, and what the
second says is brought back to the sites, the alternatives and the positions of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.runtime.inputs import ALPHABET, lettered
from fastism.runtime.items import IntArray
from fastism.runtime.letters import placed
from fastism.runtime.plan import BATCH, Plan
from fastism.runtime.scores import HeadScores, Scores, VariantScores
from fastism.runtime.scoring import Progress, part_of
from fastism.runtime.strands import complement, parse_strands
from fastism.runtime.streaming import streamed

Array = npt.NDArray[Any]


class BothStrands:
    """A plan, asked about each sequence and its reverse complement: the mean of the two.

    What the other strand says is brought back exactly: its mirrored sites, complemented
    alternatives, and outputs in the order that ``strands`` says. A score that is linear in the
    predictions (delta, centered, contribution) is the mean of both strands'; one that is not
    (logfc, l2) is made of the means.
    """

    def __init__(self, plan: Plan, strands: Any = None, alphabet: str = ALPHABET) -> None:
        """A scorer of both strands.

        strands: what becomes of an output on the other strand: ``"same"`` (numbers stay: tasks),
            ``"reversed"`` (a track: positions in reverse), ``"swapped"`` (tracks of the two
            strands: positions and channels in reverse), or the channel that each one pairs with; or
            a mapping by output. One number stays and one track is reversed without a word.
        alphabet: a letter for each channel of letters, of DNA or RNA.

        Raises InputError for letters without a complement, for an output of several channels of
        which nothing is said, and for an input beside the sequence that has no other strand.
        """
        self.plan = plan
        self.strands = strands
        self.alphabet = alphabet
        self.channels = complement(alphabet, plan.channels, plan.letters)
        self.turns = parse_strands(plan.output_shapes, strands)
        for value in plan.module.main.inputs:
            aside = value.name != plan.module.seq_input and value.type.rank > 2
            if aside and value.type.shape[1:] != (plan.length, 1):
                raise InputError(
                    f"the input {value.name!r} {value.type} has no reverse complement",
                    why="beside the sequence, numbers (N, D) stay as they are, and a track (N, "
                    f"{plan.length}, 1) is reversed",
                )

    def __call__(
        self,
        x: Any,
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
    ) -> Scores:
        """Score every alternative at every site of every sequence; as a call of the plan."""
        plan, other = self.plan, self._other
        inputs = plan.inputs(x, self.alphabet)
        rows = plan.written(alternatives, len(next(iter(inputs.values()))))
        shared: dict[str, Any] = {"batch_size": batch_size, "memory": memory}
        first = plan(inputs, alternatives=rows, progress=part_of(progress, 0, 2), **shared)
        second = other(
            self._turned(inputs),
            alternatives=self._complements(rows),
            progress=part_of(progress, 1, 2),
            **shared,
        )
        heads = {
            name: HeadScores(
                self._mean(name, head.reference, second[index].reference),
                self._mean(name, head.alternate, self._brought_back(second[index].alternate)),
                head.one_hot,
            )
            for index, (name, head) in enumerate(first.heads.items())
        }
        return Scores(heads, first.edited)

    def stream(
        self, batches: Iterable[Any], *, client: Any = None, **options: Any
    ) -> Iterator[Scores]:
        """The scores of batches of sequences as they come; as `Plan.stream`."""
        inputs = (self.plan.inputs(x, self.alphabet) for x in batches)
        return streamed(self, inputs, client, options)

    def predict(self, x: Any, *, batch_size: int = BATCH) -> dict[str, Array]:
        """The mean of the outputs for sequences and their reverse complements, (N, *out)."""
        return self.averaged(
            lambda inputs: self.plan.predict(inputs, batch_size=batch_size),
            self.plan.inputs(x, self.alphabet),
        )

    def averaged(
        self, predict: Callable[[Mapping[str, Array]], Mapping[str, Array]], inputs: Any
    ) -> dict[str, Array]:
        """The mean of what anything that predicts says of sequences and of their other strands.

        predict: the plan's outputs by name, (N, *out), of inputs by name.
        """
        first, second = predict(inputs), predict(self._turned(inputs))
        return {name: self._mean(name, first[name], second[name]) for name in first}

    def variants(
        self,
        x: Any,
        sequence: Sequence[int] | Array,
        position: Sequence[int] | Array,
        rows: Sequence[Any] | Array,
        *,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
    ) -> dict[str, VariantScores]:
        """Score substitutions of any width; as `Plan.variants`."""
        inputs = self.plan.inputs(x, self.alphabet)
        written = [self._lettered(each) for each in rows]
        shared: dict[str, Any] = {"batch_size": batch_size, "memory": memory}
        first = self.plan.variants(
            inputs, sequence, position, written, progress=part_of(progress, 0, 2), **shared
        )
        ends = np.asarray(position) + [len(each) for each in written]
        second = self.plan.variants(
            self._turned(inputs),
            sequence,
            self.plan.length - ends,
            [self._complements(each) for each in written],
            progress=part_of(progress, 1, 2),
            **shared,
        )
        return {
            name: VariantScores(
                self._mean(name, scores.reference, second[name].reference),
                self._mean(name, scores.alternate, second[name].alternate),
            )
            for name, scores in first.items()
        }

    @cached_property
    def _mirrored(self) -> IntArray:
        """Where the sites of the other strand begin that mirror the plan's, (S,)."""
        executor = self.plan.executor
        return self.plan.length - executor.starts - executor.width

    @cached_property
    def _other(self) -> Plan:
        """A plan that has the mirrored sites."""
        own = self.plan.executor.starts
        if set(self._mirrored.tolist()) == set(own.tolist()):
            return self.plan
        return self.plan.with_sites(np.sort(self._mirrored), self.plan.executor.width)

    @cached_property
    def _sites(self) -> IntArray:
        """The mirrored site of each site, by its number in the other plan, (S,)."""
        number = {start: index for index, start in enumerate(self._other.executor.starts.tolist())}
        return np.array([number[start] for start in self._mirrored.tolist()])

    def _brought_back(self, alternate: Array) -> Array:
        """(N, S, A, *out) of the other plan's sites, in the order of those they mirror."""
        if np.array_equal(self._sites, np.arange(len(self._sites))[::-1]):
            return alternate[:, ::-1]
        return alternate[:, self._sites]

    def _turned(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The inputs of the other strand."""
        sequence = self.plan.module.seq_input
        return {
            name: self._complements(array)
            if name == sequence
            else (array[:, ::-1] if array.ndim > 2 else array)
            for name, array in inputs.items()
        }

    def _complements(self, rows: Array) -> Array:
        """Rows (..., width, C) in reverse order, each letter its complement; sites mirrored."""
        turned = rows[..., ::-1, :][..., self.channels]
        if rows.ndim == 5 and rows.shape[1] > 1:
            inverse = np.argsort(self._sites)
            turned = turned[:, inverse]
        return np.asarray(turned)

    def _lettered(self, given: Any) -> Array:
        """What a substitution writes, (width, C), of all channels of the sequence."""
        letters, channels = self.plan.letters, self.plan.channels
        wide = channels if letters is None else len(letters)
        rows = np.asarray(lettered(given, wide, self.alphabet))
        rows = rows[0] if rows.ndim == 3 else np.atleast_2d(rows)
        if letters is not None and rows.shape[-1] == wide != channels:
            return placed(rows, letters, channels)
        if rows.ndim != 2 or rows.shape[1] != channels:
            raise InputError(
                f"{given!r} is no substitution",
                why=f"it must be a string of letters, or rows (width, {channels})",
            )
        return rows

    def _mean(self, name: str, first: Array, second: Array) -> Array:
        """The mean of what the strands say, the second turned back."""
        back = self.turns[name](second, len(self.plan.output_shapes[name]))
        if not np.issubdtype(first.dtype, np.floating):
            return np.asarray((first + back) / 2)
        first += back  # it is nobody else's, and may be large
        first /= 2
        return first
