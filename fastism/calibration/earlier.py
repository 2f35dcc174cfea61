"""What an earlier compile timed, for the next of the same plan on this machine.

Kept (`fastism.caching`) are times, and the choices that were made by them, under the hash of all
they depend on: the graphs, their constants, live layers and sites, what is written at a site, the
ways to run them, the CPU, versions and settings, and the code of fastism.

That a machine was busy while it timed cannot be told for certain. So what took far longer than it
is predicted to take, by the highest speeds this machine has shown, is timed anew by the next
compile, and so is a choice between ways that took about as long; the faster figures stay. A few
times only: the prediction may be at fault, and the ways as fast as each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy.typing as npt

from fastism import caching
from fastism.backends.base import Ways, ways_of
from fastism.backends.cpu import cpu
from fastism.calibration.choice import with_zeros
from fastism.calibration.nominal import Speeds
from fastism.calibration.speeds import CODE
from fastism.errors import PlanError
from fastism.ir.graph import Attribute, Graph
from fastism.ir.module import Constant, Module
from fastism.ir.printer import print_module
from fastism.ir.program import Group, Program
from fastism.runtime.plan import Plan
from fastism.runtime.threads import threads_of
from fastism.runtime.tune import Trial, timed_ways

if TYPE_CHECKING:
    from fastism.frontends.base import LiveLayer

KIND: Final = "timings"
TIMES: Final = 3
"""Compiles that time what is not settled."""
FAR: Final = 1.5
"""So many times its predicted seconds are longer than a graph should take, and so many times the
fastest way's those of another are clearly more."""
SPEEDS: Final = ("predicted_ns", "measured_ns", "live", "ways")
"""Attributes of a graph that follow from the others and the machine."""


@dataclass(frozen=True)
class Timing:
    """How a graph runs fastest.

    seconds: an item's by every way that was timed, the chosen one first. options: of the graph,
    by which it is chosen. live: the share of multiply-adds that are not with zero, if counted.
    """

    pairs: int
    seconds: Mapping[str, float]
    options: Mapping[str, Attribute]
    live: float | None = None

    @classmethod
    def of(cls, group: Group) -> Timing:
        """That of a graph as it was tuned."""
        taken = ((way.name, way.measured_seconds) for way in group.ways)
        seconds = {name: each for name, each in taken if each is not None}
        options = {name: each for name, each in group.graph.attributes.items() if "." in name}
        return cls(group.pairs, seconds, options, group.live)

    @classmethod
    def read(cls, pairs: int, seconds: Any, options: Any, live: float | None) -> Timing:
        """One that was kept as JSON, which has no tuples."""
        named = {k: tuple(each) if isinstance(each, list) else each for k, each in options.items()}
        return cls(pairs, dict(seconds), named, live)

    @property
    def chosen_seconds(self) -> float:
        """An item's, by the way that was chosen."""
        return next(iter(self.seconds.values()))

    def settled(self, predicted: float | None) -> bool:
        """Whether the choice is clear, and took no longer than it should: ``predicted`` seconds."""
        others = list(self.seconds.values())[1:]
        clear = all(each >= FAR * self.chosen_seconds for each in others)
        return clear and (predicted is None or self.chosen_seconds <= FAR * predicted)


@dataclass(frozen=True)
class Earlier:
    """What was timed of a plan, by graph, and by how many compiles.

    name: that it is kept under; None where nothing is.
    """

    name: str | None = None
    times: int = 0
    graphs: Mapping[str, Timing] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        module: Module,
        alternatives: npt.NDArray[Any],
        live: Mapping[str, LiveLayer],
        backend: str,
        *,
        again: bool = False,
    ) -> Earlier:
        """Of a scheduled module, the rows that are written at its sites, and its live layers.

        again: as if nothing was timed of it yet. Nothing is kept where the backend does not say
        what its speed depends on, or a live layer cannot be stored.
        """
        ways = ways_of(backend)
        if ways.conditions is None:
            return cls()
        try:
            layers = {key: _described(layer) for key, layer in live.items()}
        except PlanError:
            return cls()
        program = Program.of(module)
        depends = [
            print_module(_untimed(program, ways)),
            layers,
            Constant.of(alternatives).digest,
            backend,
            [threads_of(group.workers) for group in program.groups],
            cpu(),
            ways.conditions(),
            caching.code_of(*CODE),
        ]
        name = hashlib.sha256(json.dumps(depends).encode()).hexdigest()
        if again:
            return cls(name)
        try:
            times, graphs = json.loads(caching.found_whole(KIND, name) or b"[0, {}]")
            return cls(name, times, {k: Timing.read(**each) for k, each in graphs.items()})
        except (ValueError, TypeError, AttributeError):  # kept by something else
            return cls(name)

    def scheduled(self, module: Module, backend: str, speeds: Speeds) -> Module | None:
        """The module as it was timed earlier; None where it is to be timed (again)."""
        shares = {name: each.live for name, each in self.graphs.items() if each.live is not None}
        counted, plain = Program.of(with_zeros(module, shares, speeds)), ways_of(backend).plain
        graphs, settled = [], True
        for group in counted.groups:
            timing = self.graphs.get(group.graph.name)
            if timing is None:
                settled = False
                continue
            ways = timed_ways(group, timing.seconds, plain)
            graph = group.rescheduled(pairs=timing.pairs, ways=ways, options=timing.options)
            graphs.append(graph)
            predicted = ways[0].predicted_seconds or group.predicted_seconds
            settled &= timing.settled(predicted)
        if not graphs or not (settled or self.times >= TIMES):
            return None
        return counted.rescheduled(graphs)

    def keep(self, plan: Plan, trials: Sequence[Trial]) -> None:
        """Keep how the graphs run that were timed now, where none was faster before."""
        if self.name is None:
            return
        graphs, timed = dict(self.graphs), {trial.graph for trial in trials}
        for group in plan.executor.groups:
            name, timing = group.graph.name, Timing.of(group)
            if name in timed:
                held = graphs.get(name, timing)
                graphs[name] = min(timing, held, key=lambda each: each.chosen_seconds)
        kept = [self.times + 1, {name: asdict(each) for name, each in graphs.items()}]
        caching.keep_whole(KIND, self.name, json.dumps(kept).encode())


def _untimed(program: Program, ways: Ways) -> Module:
    """A module without what follows from the machine's speed, and without its name."""
    left_out = {*SPEEDS, *ways.options(None)}

    def untimed(graph: Graph) -> Graph:
        kept = {name: each for name, each in graph.attributes.items() if name not in left_out}
        return graph.replace(attributes=kept)

    module = program.rescheduled(untimed(group.graph) for group in program.groups)
    return module.replace(model="", sha256="")


def _described(layer: LiveLayer) -> Any:
    """What a live layer computes. The code of a user's own is not looked at.

    Nor are whole numbers among its weights: they hold random states, which differ every time.
    """
    weights = layer.weights().items()
    return layer.config(), {
        k: Constant.of(each).digest for k, each in weights if each.dtype.kind == "f"
    }
