"""Native code beside TensorFlow's plan, the model and the matrix product, in CPU seconds.

    python -m benchmarks.native                        # every model below
    python -m benchmarks.native basset bpnet
    ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell python -m benchmarks.native

The last holds all four to AVX2 where the CPU has more: TensorFlow by its own setting, the product
by that of numpy's library, and native code, which is written for a CPU without the rest.

All four run in turns in one process, and what is counted is the time that the process was given:
other work on the machine disturbs it less than a clock, so that the ratios can be read on a busy
machine too. The model is called as one `tf.function`; see `benchmarks.compare` for seconds by the
clock and for other tools.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import fastism
from benchmarks.processes import KEPT
from benchmarks.rows import ROWS, spread
from benchmarks.subject import model_of, sequences
from fastism.backends import tensorflow
from fastism.backends.native.emit import native_graph
from fastism.backends.native.machine import Machine, host, machine
from fastism.ir.module import Module
from fastism.quiet import tf
from fastism.runtime.report import summary

REPEATS = 3
PRODUCT = 2048
"""Rows and columns of the matrices whose product stands for what a core can do."""
ALTERNATES = 3

CASES: Mapping[str, tuple[int, str, int]] = {
    "basset": (2, "all", 128),
    "factorized-basset": (4, "all", 128),
    "bpnet": (1, "300 central", 64),
    "bpnet-2114": (1, "300 central", 32),
    "chrombpnet": (1, "100 spread", 4),
    "spliceai": (1, "101 central", 2),
}
"""By model: sequences, sites, mutants a call."""

COLUMNS = (
    *("model", "sites", "native, an item", "TensorFlow's plan", "the model, a mutant"),
    *("over the model", "over TensorFlow's plan", "efficiency", "share of the product"),
)


def measure(name: str) -> tuple[str, ...]:
    """One line of the table."""
    batch, sites, mutants = CASES[name]
    row = next(row for row in ROWS if row.model == name)
    model, length = model_of(row, KEPT), row.length
    positions = positions_of(sites, length)
    plan = fastism.compile(model, length=length, sites=positions, backend="tensorflow")
    by_native = plan.run_by("native", lambda module: emitted(module, plan.opaque))
    x = sequences(replace(row, batch=batch))
    called, mutated = tf.function(model), tf.constant(np.repeat(x[:1], mutants, axis=0))
    left = np.random.default_rng(0).normal(size=(PRODUCT, PRODUCT)).astype(np.float32)
    right = left.T.copy()
    taken = cpu_seconds(
        {
            "native": lambda: by_native(x),
            "tensorflow": lambda: plan(x),
            "model": lambda: called(mutated),
            "product": lambda: left @ right,
        }
    )
    items, cost = batch * len(positions) * ALTERNATES, summary(plan.stages)
    ours, theirs = taken["native"] / items, taken["tensorflow"] / items
    whole = taken["model"] / mutants
    fewer = cost.total_whole_macs / cost.total_item_macs
    share = cost.total_item_macs / ours / (PRODUCT**3 / taken["product"])
    return (
        *(name, sites),
        *(f"{seconds * 1e6:.4g} us" for seconds in (ours, theirs, whole)),
        *(f"{whole / ours:.1f}x", f"{theirs / ours:.2f}x"),
        *(f"{whole / ours / fewer:.2f}", f"{share:.0%}"),
    )


def emitted(module: Module, opaque: Mapping[str, Any]) -> Mapping[str, Any]:
    """The graphs by native code, for the CPU or what it is held to."""
    tiles = held_to(os.environ.get("ONEDNN_MAX_CPU_ISA"))
    found = {g.name: native_graph(module, g, opaque, tiles) for g in module.graphs[1:]}
    natively = {name: function for name, function in found.items() if function is not None}
    return {**tensorflow.emit(module, opaque), **natively}


def held_to(instructions: str | None) -> Machine:
    """The CPU at hand; as if it had no AVX-512 where it is held to ``AVX2``."""
    if instructions != "AVX2":
        return host()
    features = host().features.replace("+avx512", "-avx512")
    return machine(host().cpu, features, {"avx2", "fma"})


def positions_of(sites: str, length: int) -> list[int]:
    """Positions by what ``CASES`` says of them."""
    if sites == "all":
        return list(range(length))
    count, where = sites.split()
    if where == "spread":
        return spread(int(count), length)
    start = (length - int(count)) // 2
    return list(range(start, start + int(count)))


def cpu_seconds(runs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The median CPU seconds of each, run in turns after a first round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(REPEATS + 1):
        for name, run in runs.items():
            start = time.process_time()
            run()
            found[name].append(time.process_time() - start)
    return {name: float(np.median(times[1:])) for name, times in found.items()}


def main() -> None:
    """Print the table."""
    tiles = held_to(os.environ.get("ONEDNN_MAX_CPU_ISA"))
    print(f"{tiles.label}, tiles of {tiles.rows} items\n")
    for line in (COLUMNS, ("---",) * len(COLUMNS), *map(measure, sys.argv[1:] or CASES)):
        print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main()
