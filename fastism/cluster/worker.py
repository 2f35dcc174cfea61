"""What a worker does: take up plans, once, and compute shards with them.

These functions run in the worker's process, started by Dask.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from distributed import get_worker

from fastism.cluster.orders import Array, Asked, Call, Done, Order, PlanAt, Standing, VariantOrder
from fastism.cluster.packed import unpack
from fastism.errors import FastismError, PlanError
from fastism.io.computed import this_machine
from fastism.io.kept import Record, differences, read_record
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.rows import Rows, joined
from fastism.io.shards import Shards
from fastism.io.variants.parts import VariantParts
from fastism.io.versions import versions
from fastism.runtime.ask import Ask
from fastism.runtime.ask import asked as ask_of
from fastism.runtime.batch import score_batch
from fastism.runtime.threads import limit
from fastism.variants.answers import answers

Result = TypeVar("Result")

_log = logging.getLogger("distributed.worker.fastism")
_held: dict[str, Ask] = {}
"""What was taken up last, by its key."""


def take_up(asked: Asked, packed: Sequence[Mapping[str, bytes]] | None = None) -> Standing:
    """Load plans from where they lie or, where one is not seen from here, from their bytes."""
    machine = this_machine()
    other = differences(asked.versions, versions())
    if other:
        said = "; ".join(
            line.replace(" was ", " is ").replace(", and is ", ", here ") for line in other
        )
        return Standing(machine, refused=f"in the run {said}")
    try:
        if asked.key not in _held:
            unseen = [plan for plan in asked.plans if not _seen(plan)]
            if unseen and packed is None:
                return Standing(machine, needs_plan=True)
            _load(asked, packed)
    except FastismError as error:
        return Standing(machine, refused=error.render().splitlines()[0])
    return Standing(machine, memory=get_worker().memory_manager.memory_limit)


def _seen(plan: PlanAt) -> bool:
    """Whether a plan lies here where the run has it. Raises PlanError for another one."""
    found = Path(plan.path) / MANIFEST
    if not found.is_file():
        return False
    if sha256(found) != plan.sha256:
        raise PlanError(f"{plan.path} is another plan there")
    return True


def _load(asked: Asked, packed: Sequence[Mapping[str, bytes]] | None) -> None:
    from fastism import api
    from fastism.cli.options import load_custom_objects

    threads = get_worker().state.nthreads
    limit(threads)
    if "tensorflow" not in sys.modules:
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(name, str(threads))
    objects = load_custom_objects(asked.custom_objects)
    _held.clear()
    plans = []
    for number, plan in enumerate(asked.plans):
        with TemporaryDirectory(prefix="fastism-plan-") as folder:
            place = Path(plan.path)
            if packed is not None and not _seen(plan):
                place = Path(folder)
                unpack(packed[number], place, plan.sha256)
            loaded = api.load(place, custom_objects=objects, unsafe=asked.unsafe)
        plans.append(loaded)
    _held[asked.key] = ask_of(
        plans,
        rc=asked.rc,
        strands=asked.strands,
        alphabet=asked.alphabet,
        ensemble=asked.ensemble,
    )


def compute(order: Order) -> Done:
    """Compute a shard, and keep it in the run's folder if that is seen from here."""

    def keep(rows: Rows) -> None:
        Shards(Path(order.folder), order.record).write(order.start, order.header, rows)

    return _computed(order, lambda ask: _scored(ask, order), keep)


def compute_variants(order: VariantOrder) -> Done:
    """Compute a piece of a run of variants, and keep it in the run's folder if that is seen."""

    def keep(values: Array) -> None:
        VariantParts(Path(order.folder), order.record).write(order.piece.start, values)

    return _computed(order, lambda ask: answers(ask, order.piece.questions, order.manner), keep)


def answer(call: Call) -> Done:
    """Call what was taken up."""
    return _done(call.asked, lambda ask: ask(call.inputs, **call.options))


def _computed(
    order: Order | VariantOrder, score: Callable[[Ask], Result], keep: Callable[[Result], None]
) -> Done:
    """What became of an order, which is kept in the run's folder if that is seen from here."""

    def work(ask: Ask) -> Result | None:
        began = time.perf_counter()
        _log.info("fastism: %s begun", order)
        found = score(ask)
        seen = _is_run(order.folder, order.record)
        if seen:
            keep(found)
        _log.info("fastism: %s done in %.1f s", order, time.perf_counter() - began)
        return None if seen else found

    return _done(order.asked, work)


def _done(key: str, work: Callable[[Ask], Any]) -> Done:
    """What becomes of work with what was taken up under a key."""
    machine = this_machine()
    ask = _held.get(key)
    if ask is None:  # a process that was started anew under the same address
        return Done(machine, idle=True)
    try:
        return Done(machine, work(ask))
    except FastismError as error:
        return Done(machine, fault=error.render())


def _scored(ask: Ask, order: Order) -> Rows:
    batch_size, memory = order.record.batch, order.record.memory
    return joined(
        [
            score_batch(ask, batch, edits, batch_size=batch_size, memory=memory)
            for batch, edits in zip(order.batches, order.edits, strict=True)
        ]
    )


def _is_run(folder: str, record: Record) -> bool:
    """Whether a run's folder is seen from here, and is still of the same run."""
    return read_record(Path(folder)) == record
