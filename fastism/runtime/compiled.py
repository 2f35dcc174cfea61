"""A compiled model: its stages, what runs them, and the same for other sites or by other means."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.plan_folder import OpaqueRecord, save_plan
from fastism.ir.module import Constant, Module, contents
from fastism.ir.stages import reached
from fastism.ir.types import TensorType
from fastism.reductions import Reduction
from fastism.runtime.alternatives import parse_alternatives
from fastism.runtime.execute import Executor, Function
from fastism.runtime.manifest import manifest_of
from fastism.runtime.sites import parse_sites

if TYPE_CHECKING:
    from fastism.frontends.base import LiveLayer

Array = npt.NDArray[Any]
Self = TypeVar("Self", bound="Compiled")


class Compiled:
    """What a plan is, whatever it is asked.

    stages: the module after every pass, imported to scheduled.
    alternatives: (A, width, C), the rows written at a site, in the order of the scores, unless
        others are given with the sequences.
    opaque: the live layers behind the module's opaque nodes.
    emit: turns a scheduled module into functions (the backend's, bound to the opaque layers).
    pipeline: the passes that made the stages, as text.
    output_positions: where the plan's outputs stand among all of the model's.
    letters: the channels of the edited input that are written; all of them if None.
    reductions: what is made of the model's outputs inside the graph, by their names.
    compiled: runs the plan's passes on a module of its first stage, and returns every stage.

    ``checked`` says how near to the model's own its scores came, where that was looked at:
    ``items`` and ``sites`` that were compared, and the ``largest_difference`` as a share of the
    output's scale. ``timed_earlier`` says whether its schedule is what an earlier compile timed.
    """

    def __init__(
        self,
        stages: Sequence[Module],
        emit: Callable[[Module], Mapping[str, Function]],
        alternatives: Array,
        opaque: Mapping[str, LiveLayer],
        backend: str,
        pipeline: str,
        output_positions: Sequence[int],
        letters: tuple[int, ...] | None = None,
        reductions: Mapping[str, Reduction] | None = None,
        compiled: Callable[[Module], Sequence[Module]] | None = None,
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        """``functions``: of the last stage's graphs, where they are emitted already."""
        self.stages = tuple(stages)
        self.alternatives = alternatives
        self.opaque = opaque
        self.backend = backend
        self.output_positions = tuple(output_positions)
        self.pipeline = pipeline
        self.emit = emit
        self.letters = letters
        self.reductions = dict(reductions or {})
        self.compiled = compiled
        self.checked: Mapping[str, Any] = {}
        self.timed_earlier = False
        self.executor = Executor(self.module, functions or emit(self.module), letters)

    def with_module(
        self: Self, module: Module, functions: Mapping[str, Function] | None = None
    ) -> Self:
        """The same plan with another scheduled module; ``functions``, if they are emitted."""
        plan = self._with((*self.stages[:-1], module), functions=functions)
        plan.checked = self.checked
        return plan

    def run_by(self: Self, backend: str, emit: Callable[[Module], Mapping[str, Function]]) -> Self:
        """The same plan, its graphs run by the functions of another backend."""
        return self._with(self.stages, emit=emit, backend=backend)

    def with_sites(self: Self, sites: Any = None, width: int | None = None) -> Self:
        """A plan of the same model for other sites, which writes letters (zeros, where wider).

        sites, width: as for `fastism.compile`. The passes run again; schedules are not timed.
        Raises InputError where there are no such sites, or the plan begins with a stage that has
        its sites worked in.
        """
        first = self.stages[0]
        if self.compiled is None or reached(first.stage, "annotated"):
            raise InputError(
                "the plan cannot be compiled for other sites",
                why=f"it begins with a module of stage {first.stage}, where sites are worked in",
                attempt="compile the model, or text of a stage before annotated",
            )
        found = parse_sites(sites, self.length, width)
        rows = parse_alternatives(
            "letters" if found.width == 1 else "zeros",
            found.width,
            self.edited,
            letters=self.letters,
        )
        return self._with(self.compiled(first.replace(sites=found)), alternatives=rows)

    def _with(self: Self, stages: Sequence[Module], **changes: Any) -> Self:
        """The same plan, but for its stages and what else is named."""
        names = ("emit", "alternatives", "opaque", "backend", "pipeline", "output_positions")
        kept = {name: getattr(self, name) for name in (*names, "letters", "reductions", "compiled")}
        return type(self)(stages, **{**kept, **changes})

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
    def edited(self) -> TensorType:
        """The type of the edited input."""
        return self.module.main.values[self.module.seq_input].type

    @property
    def length(self) -> int:
        """Positions of the edited input."""
        return self.edited.length

    @property
    def channels(self) -> int:
        """Letters of the alphabet: the channels of the edited input."""
        return self.edited.channels

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
            **manifest_of(self.reductions),
            **({"checked": dict(self.checked)} if self.checked else {}),
        }

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write the plan folder. Raises PlanError for an existing path (unless ``force``)."""
        records = {
            key: OpaqueRecord(layer.front_end, layer.config(), layer.weights())
            for key, layer in self.opaque.items()
        }
        save_plan(path, stages=self.stages, manifest=self.manifest, opaque=records, force=force)
