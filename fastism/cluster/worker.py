"""What a worker does: take up a plan, once, and compute shards with it.

These functions run in the worker's process, started by Dask.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import get_worker

from fastism.cluster.orders import Call, Done, Order, PlanAt, Standing
from fastism.cluster.packed import unpack
from fastism.errors import FastismError
from fastism.io.computed import this_machine
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.rows import Rows, joined
from fastism.io.shards import Shards, differences, read_record
from fastism.io.versions import versions
from fastism.runtime.batch import score_batch
from fastism.runtime.plan import Plan

_log = logging.getLogger("distributed.worker.fastism")
_held: dict[str, Plan] = {}
"""The plan taken up last, by the hash of its manifest."""


def take_up(plan: PlanAt, packed: Mapping[str, bytes] | None = None) -> Standing:
    """Load a plan from where it lies or, where that is not seen from here, from its bytes."""
    machine = this_machine()
    other = differences(plan.versions, versions())
    if other:
        said = "; ".join(
            line.replace(" was ", " is ").replace(", and is ", ", here ") for line in other
        )
        return Standing(machine, refused=f"in the run {said}")
    found = Path(plan.path) / MANIFEST
    try:
        if plan.sha256 in _held:
            pass
        elif found.is_file():
            if sha256(found) != plan.sha256:
                return Standing(machine, refused=f"{plan.path} is another plan there")
            _load(plan, Path(plan.path))
        elif packed is None:
            return Standing(machine, needs_plan=True)
        else:
            with TemporaryDirectory(prefix="fastism-plan-") as folder:
                unpack(packed, Path(folder), plan.sha256)
                _load(plan, Path(folder))
    except FastismError as error:
        return Standing(machine, refused=error.render().splitlines()[0])
    return Standing(machine, memory=get_worker().memory_manager.memory_limit)


def _load(plan: PlanAt, folder: Path) -> None:
    from fastism import api
    from fastism.cli.options import load_custom_objects

    threads = get_worker().state.nthreads
    if "tensorflow" not in sys.modules:
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(name, str(threads))
    objects = load_custom_objects(plan.custom_objects)
    loaded = api.load(folder, custom_objects=objects, unsafe=plan.unsafe)
    _held.clear()
    _held[plan.sha256] = _within(threads, loaded)


def _within(threads: int, plan: Plan) -> Plan:
    """The plan, with no more chunks side by side than the worker was given threads."""
    wide = [group for group in plan.executor.groups if group.workers > threads]
    if not wide:
        return plan
    graphs = [group.rescheduled(workers=threads) for group in wide]
    return plan.with_module(plan.executor.program.rescheduled(graphs))


def compute(order: Order) -> Done:
    """Compute a shard, and keep it in the run's folder if that is seen from here."""
    machine = this_machine()
    plan = _held.get(order.plan_sha256)
    if plan is None:  # a process that was started anew under the same address
        return Done(machine, idle=True)
    began = time.perf_counter()
    _log.info("fastism: %s begun", order)
    try:
        rows = _scored(plan, order)
        kept = _kept(order, rows)
    except FastismError as error:
        return Done(machine, fault=error.render())
    _log.info("fastism: %s done in %.1f s", order, time.perf_counter() - began)
    return Done(machine, None if kept else rows)


def answer(call: Call) -> Done:
    """Call the plan."""
    machine = this_machine()
    plan = _held.get(call.plan_sha256)
    if plan is None:
        return Done(machine, idle=True)
    try:
        return Done(machine, plan(call.inputs, **call.options))
    except FastismError as error:
        return Done(machine, fault=error.render())


def _scored(plan: Plan, order: Order) -> Rows:
    batch_size, memory = order.record.batch, order.record.memory
    return joined(
        [
            score_batch(plan, batch, edits, batch_size=batch_size, memory=memory)
            for batch, edits in zip(order.batches, order.edits, strict=True)
        ]
    )


def _kept(order: Order, rows: Rows) -> bool:
    """Write a shard, where the run's folder is seen from here and is still of the same run."""
    folder = Path(order.folder)
    if read_record(folder) != order.record:
        return False
    Shards(folder, order.record).write(order.start, order.header, rows)
    return True
