"""Several plans asked as one: the mean of what they predict, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.inputs import ALPHABET
from fastism.runtime.items import IntArray
from fastism.runtime.plan import BATCH, Plan
from fastism.runtime.scores import HeadScores, Scores, VariantScores
from fastism.runtime.scoring import Progress, part_of
from fastism.runtime.streaming import streamed

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Deviation:
    """The standard deviation over the members of an ensemble, of one output: root mean square.

    reference, alternate: of the predictions, in the shape of their means. delta: of alternate -
    reference, in the shape of alternate: how far the members are apart about the mutation itself.
    """

    reference: Array
    alternate: Array
    delta: Array


@dataclass(frozen=True)
class EnsembleScores(Scores):
    """The mean over the members of an ensemble, with the deviation of each output by its name."""

    deviations: Mapping[str, Deviation] = field(default_factory=dict)

    @property
    def deviation(self) -> Deviation:
        """The only output's. Raises InputError where there are several."""
        return self.deviations[self._only_name]


@dataclass(frozen=True)
class EnsembleVariantScores(VariantScores):
    """The mean over the members of an ensemble, (M, *out), with its deviation."""

    deviation: Deviation


class Ensemble:
    """Models of one kind, such as the folds of a cross-validation, scored in one pass.

    Predictions are averaged, over both strands first, then over the members. So a score that is
    linear in them (delta, centered, contribution) is the mean of the members' scores; one that is
    not (logfc, l2) is made of the means.
    """

    def __init__(
        self,
        plans: Sequence[Plan] | Plan,
        *,
        rc: bool = False,
        strands: Any = None,
        alphabet: str = ALPHABET,
    ) -> None:
        """A scorer of plans for the same sites, alternatives, and shapes of inputs and outputs.

        plans: the members; the first lends the names of the outputs. rc: whether each member's
        predictions are averaged over both strands; strands: as of `BothStrands`. alphabet:
        a letter for each channel.

        Raises InputError for plans that do not fit together, and as `BothStrands`.
        """
        self.plans = (plans,) if isinstance(plans, Plan) else tuple(plans)
        if not self.plans:
            raise InputError("an ensemble needs a plan", attempt="fastism.Ensemble([plan, ...])")
        self.plan, self.alphabet = self.plans[0], alphabet
        self.rc, self.strands = rc, strands
        for number, plan in enumerate(self.plans):
            _require_alike(self.plan, plan, number)
        self.members: tuple[Plan | BothStrands, ...] = self.plans
        if rc:
            self.members = tuple(
                BothStrands(plan, self._strands(plan, strands), alphabet) for plan in self.plans
            )

    def _strands(self, plan: Plan, strands: Any) -> Any:
        """``strands`` under the names of a member's outputs."""
        if not isinstance(strands, Mapping):
            return strands
        own = dict(zip(self.plan.output_names, plan.output_names, strict=True))
        return {own.get(name, name): value for name, value in strands.items()}

    def __call__(
        self,
        x: Any,
        *,
        alternatives: Any = None,
        batch_size: int = BATCH,
        memory: int | None = None,
        progress: Progress | None = None,
    ) -> EnsembleScores:
        """Score every alternative at every site of every sequence; as a call of a plan."""
        inputs = self._inputs(x)
        moments: dict[str, _Moments] = {name: _Moments() for name in self.plan.output_names}
        for number, member in enumerate(self.members):
            scores = member(
                inputs,
                alternatives=alternatives,
                batch_size=batch_size,
                memory=memory,
                progress=part_of(progress, number, len(self.members)),
            )
            for name, head in zip(moments, scores.heads.values(), strict=True):
                moments[name].add(head.reference, head.alternate, head.delta())
            one_hot, edited = scores[0].one_hot, scores.edited
        heads = {
            name: HeadScores(each.reference.mean, each.alternate.mean, one_hot)
            for name, each in moments.items()
        }
        deviations = {name: each.deviation for name, each in moments.items()}
        return EnsembleScores(heads, edited, deviations)

    def stream(
        self, batches: Iterable[Any], *, client: Any = None, **options: Any
    ) -> Iterator[EnsembleScores]:
        """The scores of batches of sequences as they come; as `Plan.stream`."""
        inputs = (self.plan.inputs(x, self.alphabet) for x in batches)
        return streamed(self, inputs, client, options)

    def predict(self, x: Any, *, batch_size: int = BATCH) -> dict[str, Array]:
        """The mean of the members' outputs for sequences as they are, (N, *out) by name."""
        inputs = self._inputs(x)
        means = {name: _Running() for name in self.plan.output_names}
        for member in self.members:
            found = member.predict(inputs, batch_size=batch_size)
            for mean, values in zip(means.values(), found.values(), strict=True):
                mean.add(values)
        return {name: mean.mean for name, mean in means.items()}

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
    ) -> dict[str, EnsembleVariantScores]:
        """Score substitutions of any width; as `Plan.variants`."""
        inputs = self._inputs(x)

        def ask(number: int, member: Plan | BothStrands) -> Mapping[str, VariantScores]:
            score: Callable[..., Mapping[str, VariantScores]] = member.variants
            return score(
                inputs,
                sequence,
                position,
                rows,
                batch_size=batch_size,
                memory=memory,
                progress=part_of(progress, number, len(self.members)),
                **({"alphabet": self.alphabet} if isinstance(member, Plan) else {}),
            )

        return self._mean_of(ask)

    def pairs(
        self, x: Any, before: IntArray, after: IntArray, *, batch_size: int = BATCH
    ) -> dict[str, EnsembleVariantScores]:
        """Predictions of sequences in M pairs: of those without a variant, and those with it.

        before, after: (M,), which sequences of ``x``.
        """
        inputs = self._inputs(x)
        return self._mean_of(
            lambda _, member: {
                name: VariantScores(found[before], found[after])
                for name, found in member.predict(inputs, batch_size=batch_size).items()
            }
        )

    def _mean_of(
        self, ask: Callable[[int, Plan | BothStrands], Mapping[str, VariantScores]]
    ) -> dict[str, EnsembleVariantScores]:
        """The mean of what every member says, with its deviation."""
        moments: dict[str, _Moments] = {name: _Moments() for name in self.plan.output_names}
        for number, member in enumerate(self.members):
            found = ask(number, member).values()
            for moment, scores in zip(moments.values(), found, strict=True):
                moment.add(scores.reference, scores.alternate, scores.delta())
        return {
            name: EnsembleVariantScores(each.reference.mean, each.alternate.mean, each.deviation)
            for name, each in moments.items()
        }

    def _inputs(self, x: Any) -> Any:
        """The inputs in the order of the models, who may call them by different names."""
        arrays = list(self.plan.inputs(x, self.alphabet).values())
        return arrays if len(arrays) > 1 else arrays[0]


class _Running:
    """A mean and the sum of squared distances from it, of arrays that come one by one (Welford)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Array = np.zeros(0)
        self.squares: Array = np.zeros(0)

    def add(self, values: Array) -> None:
        self.count += 1
        if self.count == 1:
            self.mean, self.squares = np.array(values), np.zeros_like(values)
            return
        distance = values - self.mean
        self.mean = self.mean + distance / values.dtype.type(self.count)
        distance *= values - self.mean
        self.squares += distance

    @property
    def deviation(self) -> Array:
        return np.asarray(np.sqrt(self.squares / self.squares.dtype.type(self.count)))


class _Moments:
    """Those of the predictions of one output, and of their differences."""

    def __init__(self) -> None:
        self.reference, self.alternate, self.delta = _Running(), _Running(), _Running()

    def add(self, reference: Array, alternate: Array, delta: Array) -> None:
        self.reference.add(reference)
        self.alternate.add(alternate)
        self.delta.add(delta)

    @property
    def deviation(self) -> Deviation:
        return Deviation(self.reference.deviation, self.alternate.deviation, self.delta.deviation)


def _require_alike(first: Plan, plan: Plan, number: int) -> None:
    """Raise InputError where a plan is not for the questions of the first."""
    for what, of in _ALIKE.items():
        ours, theirs = of(first), of(plan)
        if ours != theirs:
            raise InputError(
                f"plan {number} of the ensemble ({plan.module.model}) has other {what} than plan 0",
                why=f"{theirs}, and {ours} of {first.module.model}"
                if len(f"{theirs}{ours}") < 200
                else None,
                attempt=f"compile all models with the same {what}",
            )


_ALIKE: Mapping[str, Callable[[Plan], Any]] = {
    "inputs": lambda plan: [value.type.shape[1:] for value in plan.module.main.inputs],
    "outputs": lambda plan: list(plan.output_shapes.values()),
    "sites": lambda plan: (plan.executor.starts.tolist(), plan.executor.width),
    "alternatives": lambda plan: plan.alternatives.tolist(),
    "letters": lambda plan: plan.letters or tuple(range(plan.channels)),
}
