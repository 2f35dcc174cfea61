"""Time a few schedules of a plan and keep the fastest, within a time limit.

How many pairs a chunk should hold, and which of the backend's ways of running it pays, depends on
the machine's caches and cores; both are measured on chunks of the group's own sites. What was
chosen changes no score beyond rounding.

A machine has slow moments, and one of them would decide if each schedule ran at a time of its own:
the best of every way that could win run again in turns.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fastism.backends.base import Blocking, Variant, Ways, ways_of
from fastism.ir.graph import Attribute, Graph
from fastism.ir.program import Group
from fastism.ir.ways import Way
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.runtime.timing import Timed

SECONDS = 5.0
"""How long schedules are tried, unless told otherwise."""
RUN_SECONDS = 0.1
"""What is enough to time. Where full chunks are predicted to take longer, a function that cuts its
pairs itself is timed on fewer, and of others a part shows whether they are far behind."""
AGAIN_SECONDS = 1.0
"""How long the best of them are timed again, at most."""
ROUNDS = 3
"""How often each of the best is run again, at most."""

FACTORS = (1.0, 4.0, 0.25)
"""Chunk sizes tried, as multiples of the scheduled one."""

SEQUENCES = 128
"""Sequences of a large batch: chunks that hold more than they fill are not tried."""
MOST_BYTES = 1 << 30
"""What the values of a chunk may take together, whatever its speed."""
CLEARLY = 0.95
"""A schedule is taken in place of an earlier one only if it takes this share of its time."""
FAR = 1.5
"""A way to run a graph that takes so many times as long as another is not tried any finer."""


@dataclass(frozen=True)
class Trial:
    """One schedule of one propagation graph, and the seconds it takes an item.

    variant: how the backend ran it, if not plainly. options: those of the graph by which it did.
    """

    graph: str
    pairs: int
    variant: Variant | None
    seconds_an_item: float
    options: Mapping[str, Attribute] = field(default_factory=dict)


def tune(plan: Plan, *, seconds: float = SECONDS) -> tuple[Plan, list[Trial]]:
    """A plan that gives the same scores by the fastest schedule found, and what was tried.

    seconds: stop trying once so many have passed; the schedules timed by then are compared.
    """
    deadline = time.perf_counter() + seconds
    inputs = random_inputs(plan.module.main, 1, seed=0)
    saved = plan.executor.reference(inputs)
    ways = ways_of(plan.backend)
    bench = _Bench(plan, ways)
    trials: list[Trial] = []
    timed: list[Timed] = []
    for group, pairs, variant in _candidates(plan.executor.groups, ways, bench, trials):
        if time.perf_counter() > deadline:
            break
        executor, any_size = bench.executor(group, pairs, variant), not _one_size(variant)
        enough = _enough(group, pairs, variant, ways)
        run = enough if isinstance(executor.functions[group.graph.name], Blocking) else pairs
        timed.append(Timed(executor, group, run, plan.alternatives, inputs, saved))
        far = np.inf if enough == pairs else _far(trials, group)
        timed[-1].settle(any_size=any_size, deadline=deadline, far=far)
        taken, options = timed[-1].seconds_an_item, bench.options(group.graph.name, variant)
        trials.append(Trial(group.graph.name, pairs, variant, taken, options))
    _run_in_turns([timed[index] for index in _contenders(trials)])
    trials = [
        replace(trial, seconds_an_item=each.seconds_an_item)
        for trial, each in zip(trials, timed, strict=True)
    ]
    chosen, functions = [], dict(plan.executor.functions)
    for group in plan.executor.groups:
        name = group.graph.name
        tried = [trial for trial in trials if trial.graph == name]
        if tried:
            best = _fastest(tried)
            graph = group.rescheduled(
                pairs=best.pairs,
                ways=timed_ways(group, _taken(tried, best, ways), ways.plain),
                no_choice=bench.no_choice[name] or "",
                options=best.options,
            )
            chosen.append(graph)
            functions[name] = timed[trials.index(best)].executor.functions[name]
    return plan.with_module(plan.executor.program.rescheduled(chosen), functions), trials


def _enough(group: Group, pairs: int, variant: Variant | None, ways: Ways) -> int:
    """So many of the pairs that running them takes `RUN_SECONDS`, as predicted."""
    predicted = {way.name: way.predicted_seconds for way in group.ways}
    an_item = predicted.get(ways.label(variant)) or group.predicted_seconds
    if not an_item:
        return pairs
    return min(pairs, math.ceil(RUN_SECONDS / (an_item * group.alternatives * group.workers)))


def _far(trials: Sequence[Trial], group: Group) -> float:
    """Seconds an item from which on a schedule of a group is far behind one that was tried."""
    tried = (trial.seconds_an_item for trial in trials if trial.graph == group.graph.name)
    return FAR * min(tried, default=np.inf)


def _contenders(trials: Sequence[Trial]) -> list[int]:
    """Which trials are timed again: the best of each way to run a graph, but those far behind."""
    best: dict[tuple[str, Variant | None], int] = {}
    fastest: dict[str, float] = {}
    for index, trial in enumerate(trials):
        kept = best.setdefault((trial.graph, trial.variant), index)
        if trial.seconds_an_item < trials[kept].seconds_an_item:
            best[trial.graph, trial.variant] = index
        least = fastest.setdefault(trial.graph, trial.seconds_an_item)
        fastest[trial.graph] = min(least, trial.seconds_an_item)
    return [
        index
        for (graph, _), index in best.items()
        if trials[index].seconds_an_item <= FAR * fastest[graph]
    ]


def _run_in_turns(timed: Sequence[Timed]) -> None:
    """Run schedules again in turns, each a few times, within `AGAIN_SECONDS`."""
    deadline = time.perf_counter() + AGAIN_SECONDS
    for _ in range(ROUNDS):
        for each in timed:
            if time.perf_counter() > deadline:
                return
            each.once()


def _fastest(trials: Sequence[Trial]) -> Trial:
    """The fastest; an earlier one keeps its place unless it is clearly beaten."""
    best, *others = trials
    for trial in others:
        if trial.seconds_an_item < CLEARLY * best.seconds_an_item:
            best = trial
    return best


def _taken(trials: Sequence[Trial], best: Trial, ways: Ways) -> dict[str, float]:
    """Seconds an item by every way, at the best of the sizes tried; the chosen one first."""
    taken = {ways.label(best.variant): best.seconds_an_item}
    for trial in trials:
        name = ways.label(trial.variant)
        if trial.variant != best.variant:
            taken[name] = min(taken.get(name, trial.seconds_an_item), trial.seconds_an_item)
    return taken


def timed_ways(group: Group, taken: Mapping[str, float], plain: str) -> tuple[Way, ...]:
    """The ways to run a group with what they took, by name; first those that were timed, as given.

    plain: the name of the way that the group's own predicted time is of, where it has none.
    """
    predicted = {way.name: way.predicted_seconds for way in group.ways}
    predicted.setdefault(plain, group.predicted_seconds)
    names = dict.fromkeys((*taken, *predicted))
    return tuple(Way(name, predicted.get(name), taken.get(name)) for name in names)


class _Bench:
    """Executors of a plan by the ways to run it, each made once.

    Those of a variant for chunks of one size are made for that size, of one graph. no_choice: by
    graph, why it does not run plainly, if so.
    """

    def __init__(self, plan: Plan, ways: Ways) -> None:
        self._plan, self._ways = plan, ways
        self._made: dict[object, Executor] = {}
        graphs = [group.graph for group in plan.executor.groups]
        self._forms: dict[str, dict[str, Attribute]] = {graph.name: {} for graph in graphs}
        self.no_choice = {graph.name: ways.no_choice(plan.module, graph) for graph in graphs}

    def find_forms(self, group: Group, variant: Variant | None) -> bool:
        """Time the forms of a group's ops for a way to run it; whether any is not the usual."""
        found = self._ways.in_forms(self._plan.module, group.graph, variant)
        self._forms[group.graph.name].update(found)
        return bool(found)

    def options(self, graph: str, variant: Variant | None) -> dict[str, Attribute]:
        """The options of a graph that is run by a variant, or plainly, in the forms found."""
        return {**self._ways.options(variant), **self._forms[graph]}

    def executor(self, group: Group, pairs: int, variant: Variant | None) -> Executor:
        """The one that runs a group by a variant, or plainly, in chunks of so many pairs."""
        one = _one_size(variant)
        groups = [group] if one else self._plan.executor.groups
        options = [self.options(each.graph.name, variant) for each in groups]
        size = (group.graph.name, pairs) if one else None
        key = (variant, size, tuple(tuple(each.items()) for each in options))
        if key not in self._made:
            graphs = [
                each.rescheduled(pairs=pairs if one else each.pairs, options=given)
                for each, given in zip(groups, options, strict=True)
            ]
            self._made[key] = self._emitted(graphs)
        return self._made[key]

    def _emitted(self, graphs: Sequence[Graph]) -> Executor:
        """An executor with some of the graphs replaced; the plan's own if none differs."""
        plan = self._plan
        if all(self._runs_so(graph) for graph in graphs):
            return plan.executor
        module = plan.executor.program.rescheduled(graphs)
        return Executor(module, plan.emit(module), plan.letters)

    def _runs_so(self, graph: Graph) -> bool:
        held = self._plan.module.graph[graph.name].attributes
        options = [name for name in graph.attributes if "." in name]
        return all(held.get(name, False) == graph.attributes[name] for name in options)


def _candidates(
    groups: Sequence[Group], ways: Ways, bench: _Bench, trials: Sequence[Trial]
) -> Iterator[tuple[Group, int, Variant | None]]:
    """Schedules to time, the most promising first, the group with most sites first.

    What was far behind at the scheduled size is not tried at others; of what was not, each op is
    given its fastest form.
    """
    groups = sorted(groups, key=lambda group: -len(group.sites))
    for factor in FACTORS:
        for variant in (None, *ways.variants):
            for group in groups:
                if variant is None and bench.no_choice[group.graph.name]:
                    continue
                if _is_far_behind(trials, group, variant, first=factor == FACTORS[0]):
                    continue
                if _saves_nothing(trials, group, variant, ways):
                    continue
                first = min(group.pairs, _fullest(group))
                wanted = max(1, round(first * min(factor, MOST_BYTES / (group.pair_bytes * first))))
                if _one_size(variant):
                    if factor >= 1.0:
                        yield group, filled(group, wanted), variant
                    continue
                function = bench.executor(group, wanted, variant).functions[group.graph.name]
                if factor == FACTORS[0] or not isinstance(function, Blocking):
                    yield group, wanted, variant
                if factor != FACTORS[0] or _is_far_behind(trials, group, variant, first=False):
                    continue
                if bench.find_forms(group, variant):
                    yield group, wanted, variant


def _fullest(group: Group) -> int:
    """Pairs of the fullest chunk of a large batch, whose pairs all workers share."""
    return -(-SEQUENCES * len(group.sites) // group.workers)


def _is_far_behind(
    trials: Sequence[Trial], group: Group, variant: Variant | None, *, first: bool
) -> bool:
    """Whether a way took far longer than another at the first size, or was not worth trying."""
    option = _option(variant)
    if first:
        if variant is None or not variant.one_size:
            return False
        option = variant.refines
    taken: dict[str | None, float] = {}
    for trial in trials:
        if trial.graph == group.graph.name:
            taken.setdefault(_option(trial.variant), trial.seconds_an_item)
    return option not in taken or taken[option] > FAR * min(taken.values())


def _saves_nothing(
    trials: Sequence[Trial], group: Group, variant: Variant | None, ways: Ways
) -> bool:
    """Whether a finer form of a way is predicted to save less than it would have to win by."""
    if variant is None or not variant.one_size:
        return False
    (coarse,) = [each for each in (None, *ways.variants) if _option(each) == variant.refines]
    predicted = {way.name: way.predicted_seconds for way in group.ways}
    before, after = (predicted.get(ways.label(each)) for each in (coarse, variant))
    if before is None or after is None:
        return False
    taken = min(
        trial.seconds_an_item
        for trial in trials
        if trial.graph == group.graph.name and trial.variant == coarse
    )
    return before - after < (1 - CLEARLY) * taken


def _option(variant: Variant | None) -> str | None:
    return variant.option if variant is not None else None


def _one_size(variant: Variant | None) -> bool:
    return variant is not None and variant.one_size


def filled(group: Group, pairs: int) -> int:
    """The most pairs, up to ``pairs``, that chunks are often full of; for chunks all of one size.

    Sites whose dense layers read the same rows are chunked by themselves: so many of them times
    however many sequences there are, which is mostly a power of two.
    """
    if not group.keys.shape[1]:
        return pairs
    _, counts = np.unique(group.keys, axis=0, return_counts=True)
    alike = int(np.bincount(counts).argmax())
    return alike << max(pairs // alike, 1).bit_length() - 1
