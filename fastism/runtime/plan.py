"""A plan: a compiled model, ready to score sequences."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import FastismWarning, InputError
from fastism.runtime.alternatives import parse_written
from fastism.runtime.arguments import require_count
from fastism.runtime.compiled import Compiled
from fastism.runtime.inputs import ALPHABET, index_array, model_inputs
from fastism.runtime.items import Items
from fastism.runtime.meant import doubt
from fastism.runtime.resited import Resited
from fastism.runtime.scores import Scores, VariantScores
from fastism.runtime.scoring import Progress, Scoring, predicted
from fastism.runtime.streaming import streamed
from fastism.runtime.substitutions import Substitutions
from fastism.runtime.variants import score_substitutions

Array = npt.NDArray[Any]

BATCH = 32
"""Sequences whose reference activations are held at a time, unless the user says otherwise."""


class Plan(Compiled):
    """What `fastism.compile` and `fastism.load` return; call it with sequences."""

    _doubted = False

    def inputs(self, x: Any, alphabet: str = ALPHABET) -> dict[str, Array]:
        """``x`` as one array for every input of the module, by name; see `model_inputs`.

        Raises InputError where it does not fit.
        """
        return model_inputs(self.module, x, alphabet)

    def __call__(
        self,
        x: Any,
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
        alphabet: str = ALPHABET,
    ) -> Scores:
        """Score every alternative at every site of every sequence.

        x: (N, L, C), or a string, or several of one length, of the letters of ``alphabet``; for
            several inputs a list in the model's order, or a dict by name.
        alternatives: what to write instead of the plan's own, as for `fastism.compile`; or rows of
            each sequence's own, (N, A, width, C), or of its every site's, (N, S, A, width, C).
            Nothing is compiled again. `site_rows` and `fastism.shuffled` make such rows.
        batch_size: sequences at a time; more is faster, and takes more memory.
        memory: bytes the running chunks may take; a quarter of what is free if None.

        Raises InputError where ``x`` does not fit the model, or ``alternatives`` the sites. Warns
        of edits that were predicted in full, as infinite or huge values drown their differences;
        and once of letters that are written into sequences which do not look like letters.
        """
        inputs = self.inputs(x, alphabet)
        scoring = self._scoring(inputs, alternatives, batch_size, memory, progress)
        heads = dict(zip(self.output_names, scoring.every(), strict=True))
        return Scores(heads, scoring.edited)

    def score_items(
        self,
        x: Any,
        sequence: Sequence[int] | Array,
        site: Sequence[int] | Array,
        alternative: Sequence[int] | Array,
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
        alphabet: str = ALPHABET,
    ) -> dict[str, Array]:
        """Score a subset of the items, given by three index arrays of one length M.

        Returns (M, *out) for every output by name: the prediction with that alternative written at
        that site (both are indices into the plan's) of that sequence. ``x`` is as in a call of the
        plan, and ``alternatives`` replaces the plan's own, as there. Raises InputError where an
        index is out of range, the arrays differ in length, or the alternatives do not fit the
        sites.
        """
        inputs = self.inputs(x, alphabet)
        scoring = self._scoring(inputs, alternatives, batch_size, memory, progress)
        items = Items(
            index_array("sequence", sequence, scoring.sequences),
            index_array("site", site, len(self.executor.starts)),
            index_array("alternative", alternative, scoring.alternatives.shape[-3]),
        )
        if not len(items.sequence) == len(items.site) == len(items.alternative):
            raise InputError("sequence, site and alternative must be of one length")
        return dict(zip(self.output_names, scoring.chosen(items), strict=True))

    def stream(
        self,
        batches: Iterable[Any],
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        alphabet: str = ALPHABET,
        client: Any = None,
    ) -> Iterator[Scores]:
        """Score batches of sequences as they come, and yield the scores of each.

        batches: each as ``x`` in a call of the plan; a batch is asked for once the scores of the
            one before were taken, so that no more than one is held. The rest is as there.
        client: a ``distributed.Client``, whose workers compute instead of this process: a batch
            each at a time, asked for as they are free. Scores come in the order of the batches.

        Raises, and warns, as a call of the plan; and InputError where no worker can be used, or
        three fail over one batch.
        """
        options = {"alternatives": alternatives, "batch_size": batch_size, "memory": memory}
        return streamed(self, (self.inputs(x, alphabet) for x in batches), client, options)

    def predict(
        self, x: Any, *, batch_size: int = BATCH, alphabet: str = ALPHABET
    ) -> dict[str, Array]:
        """The model's outputs for sequences as they are, (N, *out) by name.

        x: as in a call of the plan.
        """
        require_count("batch_size", batch_size)
        outputs = predicted(self.executor, self.inputs(x, alphabet), batch_size)
        return dict(zip(self.output_names, outputs, strict=True))

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
        alphabet: str = ALPHABET,
    ) -> dict[str, VariantScores]:
        """Score substitutions of any width, each of a sequence at a position of its own.

        x: as in a call of the plan. sequence, position: where each of M substitutions begins.
        rows: what each writes: a string of letters, or rows (width, C); their widths may differ,
            and they need not be at sites of the plan.

        Returns, for every output by name, the prediction without and with each, (M, *out). Those
        of a width that the plan is not for go through another of the same model, which is made
        when there are enough to be worth it and kept; few, or very wide ones, are predicted whole.

        Raises InputError where one reaches out of its sequence, or an argument does not fit. Warns
        as a call of the plan.
        """
        require_count("batch_size", batch_size)
        require_count("memory", memory, optional=True)
        inputs = self.inputs(x, alphabet)
        edits = Substitutions.of(
            sequence,
            position,
            rows,
            self.module,
            len(next(iter(inputs.values()))),
            letters=self.letters,
            alphabet=alphabet,
        )
        self._warn_once(inputs, edits.rows)
        scored = score_substitutions(self.resited, inputs, edits, batch_size, memory, progress)
        return dict(zip(self.output_names, scored, strict=True))

    @cached_property
    def resited(self) -> Resited:
        """The programs that `variants` scores by."""
        return Resited(self)

    def site_rows(self, x: Any) -> Array:
        """What every sequence holds at every site before any edit, (N, S, width, C).

        x: as for a call of the plan. Raises InputError where it does not fit the model.
        """
        inputs = self.inputs(x)
        shape = len(next(iter(inputs.values()))), len(self.executor.starts)
        sequence, site = np.indices(shape)
        items = Items(sequence, site, np.zeros_like(site))
        return self.executor.edits(inputs, items, self.alternatives).held

    def written(self, alternatives: Any, sequences: int) -> Array:
        """What a call with so many sequences and these alternatives writes.

        (A, width, C) where it is the same everywhere, else (1 or N, 1 or S, A, width, C). Raises
        InputError where the alternatives do not fit the sites.
        """
        if alternatives is None:
            return self.alternatives
        starts, width = self.executor.starts, self.executor.width
        tokens = self.module.seq_input in self.tokens
        return parse_written(
            alternatives,
            width,
            self.edited,
            sequences,
            len(starts),
            tokens=tokens,
            letters=self.letters,
        )

    def _scoring(
        self,
        inputs: Mapping[str, Array],
        alternatives: Any,
        batch_size: int,
        memory: int | None,
        progress: Progress | None,
    ) -> Scoring:
        """What is to be scored. Raises InputError where an argument does not fit."""
        require_count("batch_size", batch_size)
        require_count("memory", memory, optional=True)
        rows = self.written(alternatives, len(next(iter(inputs.values()))))
        self._warn_once(inputs, rows)
        return Scoring(self.executor, inputs, rows, batch_size, memory, progress)

    def _warn_once(self, inputs: Mapping[str, Array], rows: Array) -> None:
        """Warn, the first time, of letters written into what does not look like letters."""
        said = None if self._doubted else doubt(inputs[self.module.seq_input], rows, self.letters)
        if said is not None:
            self._doubted = True
            warnings.warn(said, FastismWarning, stacklevel=4)
