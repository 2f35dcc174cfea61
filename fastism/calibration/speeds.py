"""How fast each way to run a graph is: as measured on this machine, or on the nominal one.

Two small models are run by each backend, one that mostly multiplies and one that mostly moves
values: how many times faster or slower than on the nominal machine says how fast it does either.
That takes a part of a second: the figures are kept (`fastism.caching`), unless others kept the
machine busy meanwhile. It has slow moments too, which nothing tells: the first few processes
measure anew, and the fastest figures are those of the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from fastism import caching
from fastism.backends import registry
from fastism.backends.base import NATIVE, TENSORFLOW, ways_of
from fastism.backends.cpu import cpu
from fastism.calibration.nominal import NOMINAL, PROBED, Speeds, with_fused
from fastism.calibration.probes import PROBES, Probe
from fastism.passes.costs import Rates
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.threads import threads_of
from fastism.runtime.timing import chunk_items

KIND: Final = "rates"
CODE: Final = ("fastism.backends", "fastism.calibration", "fastism.runtime")
"""What runs and times a plan: figures of other code are not read back."""
BACKENDS: Final = {NATIVE: "native", TENSORFLOW: "tensorflow"}
"""The ways that are measured, and the backend that runs each."""
TIMES: Final = 3
"""Processes that measure, each once."""
HELD_UP: Final = 0.7
"""Share of the cores' time below which runs had to wait for others: alone they take 0.8 of it."""
RUNS: Final = 3
"""Timed runs of a probe, of which the fastest counts: each takes some 20 ms."""
PACKAGES: Final = {NATIVE: "llvmlite", TENSORFLOW: "tensorflow"}


@dataclass(frozen=True)
class Run:
    """A run of a probe.

    seconds: that it took by the clock, of ``items``. computed: seconds that all threads together
    computed, on ``cores`` of which each has a thread of its own.
    """

    items: int
    seconds: float
    computed: float
    cores: int


@dataclass(frozen=True)
class Figures:
    """Speeds as they are kept, and how many processes have measured them."""

    speeds: Speeds
    times: int

    def text(self) -> bytes:
        """What is kept of them."""
        figures = {name: [rates.products, rates.bytes] for name, rates in self.speeds.items()}
        return json.dumps({**figures, "times": self.times}).encode()


def known() -> Speeds | None:
    """The speeds on this machine, as far as processes have measured them yet; None if none has."""
    names = _names()
    kept = _read(caching.found(KIND, _key(names)), names)
    return with_fused(kept.speeds) if kept is not None else None


def measured() -> Speeds:
    """The speeds on this machine, measured unless they are kept from earlier times.

    Native code is not among them where llvmlite is missing.
    """
    names = _names()
    key = _key(names)
    kept = _read(caching.found(KIND, key), names)
    if kept is not None and (kept.times >= TIMES or key in _MEASURED):
        return with_fused(kept.speeds)
    runs = {name: [_run(name, probe) for probe in PROBES] for name in names}
    found = {
        name: scaled(name, *(run.seconds / run.items for run in each))
        for name, each in runs.items()
    }
    if kept is not None:
        found = {name: _faster(rates, kept.speeds[name]) for name, rates in found.items()}
    if not _held_up([run for each in runs.values() for run in each]):
        figures = Figures(found, 1 + (kept.times if kept is not None else 0))
        caching.keep(KIND, key, figures.text())
        _MEASURED.add(key)
    return with_fused(found)


_MEASURED: Final[set[str]] = set()
"""What this process has measured."""


def _faster(one: Rates, other: Rates) -> Rates:
    products, moved = max(one.products, other.products), max(one.bytes, other.bytes)
    return replace(one, products=products, bytes=moved)


def _held_up(runs: Sequence[Run]) -> bool:
    """Whether they had to wait for others. Of all together, as one alone may be half serial."""
    there = sum(run.cores * run.seconds for run in runs)
    return sum(run.computed for run in runs) < HELD_UP * there


def scaled(name: str, multiplying: float, moving: float) -> Rates:
    """The rates of a way whose probes take so many seconds an item; three digits are kept.

    They stand to those of the nominal machine as the times do: the first probe mostly multiplies,
    the second mostly moves values.
    """
    like, (one, other) = NOMINAL[name], PROBED[name]
    products, moved = like.products * one / multiplying, like.bytes * other / moving
    return replace(like, products=float(f"{products:.3g}"), bytes=float(f"{moved:.3g}"))


def _run(name: str, probe: Probe) -> Run:
    """The fastest run of a probe by a backend; what is added to is random, not a reference."""
    module, alternatives = probe.module(), probe.alternatives()
    executor = Executor(module, registry.backend(BACKENDS[name]).emit(module, {}))
    (group,) = executor.groups
    inputs = random_inputs(module.main, 1, seed=0)
    random = np.random.default_rng(2)
    saved = {
        value.name: random.standard_normal((1, *map(int, value.type.shape[1:])), np.float32)
        for value in group.graph.inputs
    }
    items, one = (chunk_items(group, pairs, len(alternatives)) for pairs in (group.pairs, 1))
    executor.run_chunks(group, inputs, saved, one, alternatives, 1)  # compiles
    runs = []
    for _ in range(RUNS):
        begun, computed = time.perf_counter(), time.process_time()
        executor.run_chunks(group, inputs, saved, items, alternatives, group.pairs)
        passed, computed = time.perf_counter() - begun, time.process_time() - computed
        cores = min(threads_of(group.workers), os.cpu_count() or 1)
        runs.append(Run(len(items), passed, computed, cores))
    return min(runs, key=lambda run: run.seconds)


def _names() -> list[str]:
    return [name for name in BACKENDS if find_spec(PACKAGES[name]) is not None]


def _key(names: Sequence[str]) -> str:
    """The name of the file for this machine and these versions."""
    packages = [version(PACKAGES[name]) for name in names]
    conditions = ways_of(BACKENDS[TENSORFLOW]).conditions
    settings = conditions() if conditions is not None else ()
    text = json.dumps([*cpu(), *packages, *settings, caching.code_of(*CODE)])
    return hashlib.sha256(text.encode()).hexdigest()


def _read(content: bytes | None, names: Sequence[str]) -> Figures | None:
    """The figures of a file; None where there is none, or it is not whole."""
    try:
        found: Mapping[str, Any] = json.loads(content or b"null")
        pairs = {name: tuple(map(float, found[name])) for name in names}
        times = int(found["times"])
    except (ValueError, TypeError, KeyError):
        return None
    if any(
        len(pair) != 2 or not all(0 < each < np.inf for each in pair) for pair in pairs.values()
    ):
        return None
    speeds = {
        name: replace(NOMINAL[name], products=products, bytes=moved)
        for name, (products, moved) in pairs.items()
    }
    return Figures(speeds, times)
