"""A plan: a compiled model, ready to score sequences."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import FastismWarning, InputError
from fastism.io.plan_folder import OpaqueRecord, save_plan
from fastism.ir.module import Constant, Module, contents
from fastism.runtime.alternatives import parse_written
from fastism.runtime.arguments import require_count
from fastism.runtime.execute import Executor, Function
from fastism.runtime.inputs import index_array, model_inputs
from fastism.runtime.items import Items
from fastism.runtime.meant import doubt
from fastism.runtime.scores import Scores
from fastism.runtime.scoring import Progress, Scoring

Array = npt.NDArray[Any]

BATCH = 32
"""Sequences whose reference activations are held at a time, unless the user says otherwise."""


class Plan:
    """What `fastism.compile` and `fastism.load` return; call it with sequences.

    stages: the module after every pass, imported to scheduled.
    alternatives: (A, width, C), the rows written at a site, in the order of the scores, unless
        others are given with the sequences.
    opaque: the live layers behind the module's opaque nodes.
    emit: turns a scheduled module into functions (the backend's, bound to the opaque layers).
    pipeline: the passes that made the stages, as text.
    output_positions: where the plan's outputs stand among all of the model's.
    letters: the channels of the edited input that are written; all of them if None.
    """

    def __init__(
        self,
        stages: Sequence[Module],
        emit: Callable[[Module], Mapping[str, Function]],
        alternatives: Array,
        opaque: Mapping[str, Any],
        backend: str,
        pipeline: str,
        output_positions: Sequence[int],
        letters: tuple[int, ...] | None = None,
    ) -> None:
        self.stages = tuple(stages)
        self.alternatives = alternatives
        self.opaque = opaque
        self.backend = backend
        self.output_positions = tuple(output_positions)
        self.pipeline = pipeline
        self.emit = emit
        self.letters = letters
        self.executor = Executor(self.module, emit(self.module), letters)
        self._doubted = False

    def with_module(self, module: Module) -> Plan:
        """The same plan with another scheduled module."""
        stages = (*self.stages[:-1], module)
        return Plan(
            stages,
            self.emit,
            self.alternatives,
            self.opaque,
            self.backend,
            self.pipeline,
            self.output_positions,
            self.letters,
        )

    def run_by(self, backend: str, emit: Callable[[Module], Mapping[str, Function]]) -> Plan:
        """The same plan, its graphs run by the functions of another backend."""
        return Plan(
            self.stages,
            emit,
            self.alternatives,
            self.opaque,
            backend,
            self.pipeline,
            self.output_positions,
            self.letters,
        )

    @property
    def module(self) -> Module:
        """The scheduled module: what the backend runs."""
        return self.stages[-1]

    @cached_property
    def stage(self) -> Mapping[str, Module]:
        """The last module of every stage, by the stage's name."""
        return {module.stage: module for module in self.stages}

    @property
    def tokens(self) -> frozenset[str]:
        """The inputs that the model itself takes as token numbers."""
        return self.module.tokens

    @property
    def output_names(self) -> tuple[str, ...]:
        """The model's outputs by the user's names."""
        return self.module.outputs

    @property
    def output_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every output without the batch axis."""
        values = self.module.main.values
        heads = zip(self.output_names, self.executor.heads, strict=True)
        return {
            name: tuple(int(dim) for dim in values[value].type.shape[1:]) for name, value in heads
        }

    @property
    def constants(self) -> dict[str, Constant]:
        """The weights and tables of all stages by hash, to read text of the same model with."""
        return contents(self.stages)

    @property
    def length(self) -> int:
        """Positions of the edited input."""
        return self.module.main.values[self.module.seq_input].type.length

    @property
    def channels(self) -> int:
        """Letters of the alphabet: the channels of the edited input."""
        return self.module.main.values[self.module.seq_input].type.channels

    @property
    def manifest(self) -> dict[str, Any]:
        """What a saved plan keeps beside the modules."""
        return {
            "backend": self.backend,
            "pipeline": self.pipeline,
            "outputs": list(self.output_names),
            "output_positions": list(self.output_positions),
            "alternatives": self.alternatives.tolist(),
            **({} if self.letters is None else {"letters": list(self.letters)}),
        }

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the plan folder. Raises PlanError for an existing path (unless ``force``)."""
        records = {
            key: OpaqueRecord(layer.front_end, layer.config(), layer.weights())
            for key, layer in self.opaque.items()
        }
        save_plan(path, stages=self.stages, manifest=self.manifest, opaque=records, force=force)

    def inputs(self, x: Any) -> dict[str, Array]:
        """``x`` as one array for every input of the module, by name; see `model_inputs`.

        Raises InputError where it does not fit.
        """
        return model_inputs(self.module, x)

    def __call__(
        self,
        x: Any,
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
    ) -> Scores:
        """Score every alternative at every site of every sequence.

        x: (N, L, C), or for several inputs a list in the model's order, or a dict by name.
        alternatives: what to write instead of the plan's own, as for `fastism.compile`; or rows of
            each sequence's own, (N, A, width, C), or of its every site's, (N, S, A, width, C).
            Nothing is compiled again. `site_rows` and `fastism.shuffled` make such rows.
        batch_size: sequences at a time; more is faster, and takes more memory.
        memory: bytes the running chunks may take; a quarter of what is free if None.

        Raises InputError where ``x`` does not fit the model, or ``alternatives`` the sites. Warns
        of edits that were predicted in full, as infinite or huge values drown their differences;
        and once of letters that are written into sequences which do not look like letters.
        """
        scoring = self._scoring(x, alternatives, batch_size, memory, progress)
        return Scores(dict(zip(self.output_names, scoring.every(), strict=True)))

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
    ) -> dict[str, Array]:
        """Score a subset of the items, given by three index arrays of one length M.

        Returns (M, *out) for every output by name: the prediction with that alternative written at
        that site (both are indices into the plan's) of that sequence. ``alternatives`` replaces the
        plan's own, as in a call of the plan. Raises InputError where an index is out of range, the
        arrays differ in length, or the alternatives do not fit the sites.
        """
        scoring = self._scoring(x, alternatives, batch_size, memory, progress)
        items = Items(
            index_array("sequence", sequence, scoring.sequences),
            index_array("site", site, len(self.executor.starts)),
            index_array("alternative", alternative, scoring.alternatives.shape[-3]),
        )
        if not len(items.sequence) == len(items.site) == len(items.alternative):
            raise InputError("sequence, site and alternative must be of one length")
        return dict(zip(self.output_names, scoring.chosen(items), strict=True))

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
        edited = self.module.main.values[self.module.seq_input].type
        starts, width = self.executor.starts, self.executor.width
        tokens = self.module.seq_input in self.tokens
        return parse_written(
            alternatives,
            width,
            edited,
            sequences,
            len(starts),
            tokens=tokens,
            letters=self.letters,
        )

    def _scoring(
        self,
        x: Any,
        alternatives: Any,
        batch_size: int,
        memory: int | None,
        progress: Progress | None,
    ) -> Scoring:
        """What is to be scored. Raises InputError where an argument does not fit."""
        require_count("batch_size", batch_size)
        require_count("memory", memory, optional=True)
        inputs = self.inputs(x)
        rows = self.written(alternatives, len(next(iter(inputs.values()))))
        said = None if self._doubted else doubt(inputs[self.module.seq_input], rows, self.letters)
        if said is not None:
            self._doubted = True
            warnings.warn(said, FastismWarning, stacklevel=3)
        return Scoring(self.executor, inputs, rows, batch_size, memory, progress)
