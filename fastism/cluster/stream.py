"""`Plan.stream` on a cluster: batches go out as workers are free, scores come in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Client

from fastism.cluster.crew import Crew
from fastism.cluster.ledger import Ledger
from fastism.cluster.orders import Call, Done, PlanAt, thin
from fastism.cluster.score import Loop
from fastism.cluster.worker import answer
from fastism.errors import InputError
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.sources.base import Batch
from fastism.io.versions import versions
from fastism.io.work import Work
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores

_AHEAD = 2
"""Batches a worker that may be done, or at work, before the first of them is taken."""


def stream(
    client: Client, plan: Plan, inputs: Iterable[Mapping[str, Any]], options: Mapping[str, Any]
) -> Iterator[Scores]:
    """The scores of batches, in their order, computed by the workers of a client.

    inputs: of every batch, by name. options: of a call of the plan, the same for all.

    Raises InputError where no worker can be used, or three fail over one batch.
    """
    with TemporaryDirectory(prefix="fastism-plan-") as folder:
        path = Path(folder) / "plan"
        plan.save(path)
        digest = sha256(path / MANIFEST)
        crew = Crew(lambda: client, PlanAt(str(path), digest, versions()), lambda line: None)
        done: dict[int, Scores] = {}
        first = 0

        def order(work: Work) -> Call:
            return Call(digest, work.batches[0].inputs, options)

        def keep(work: Work, result: Done) -> None:
            assert isinstance(result.result, Scores)
            done[work.start] = result.result

        works = (Work(n, [Batch([], thin(batch))]) for n, batch in enumerate(inputs))
        ledger = Ledger(works, lambda: len(done) < _AHEAD * max(1, len(crew.ready)))
        loop = Loop(crew, ledger, answer, order, keep, lambda *_: None, lambda line: None)
        try:
            while loop.step():
                for aside in ledger.aside:
                    raise InputError(
                        f"three workers failed over batch {aside.work.start}, counted from 0",
                        why=aside.why,
                    )
                while first in done:
                    yield done.pop(first)
                    first += 1
        finally:
            crew.leave()
