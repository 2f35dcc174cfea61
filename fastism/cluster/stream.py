"""`Plan.stream` on a cluster: batches go out as workers are free, scores come in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Client

from fastism.cluster.crew import Crew
from fastism.cluster.ledger import Ledger
from fastism.cluster.orders import Asked, Call, Done, PlanAt, thin
from fastism.cluster.score import Loop
from fastism.cluster.worker import answer
from fastism.errors import InputError
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.sources.base import Batch
from fastism.io.versions import versions
from fastism.io.work import Work
from fastism.runtime.ask import Ask, plans_of
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores

_AHEAD = 2
"""Batches a worker that may be done, or at work, before the first of them is taken."""


def stream(
    client: Client, ask: Ask, inputs: Iterable[Mapping[str, Any]], options: Mapping[str, Any]
) -> Iterator[Scores]:
    """The scores of batches, in their order, computed by the workers of a client.

    ask: a plan, both its strands or an ensemble. inputs: of every batch, by name. options: of a
    call, the same for all.

    Raises InputError where no worker can be used, or three fail over one batch.
    """
    with TemporaryDirectory(prefix="fastism-plan-") as folder:
        asked = _saved(ask, Path(folder))
        crew = Crew(lambda: client, asked, lambda line: None)
        done: dict[int, Scores] = {}
        first = 0

        def order(work: Work) -> Call:
            return Call(asked.key, work.batches[0].inputs, options)

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


def _saved(ask: Ask, folder: Path) -> Asked:
    """What is asked, with its plans in a folder."""
    plans = []
    for number, plan in enumerate(plans_of(ask)):
        path = folder / str(number)
        plan.save(path)
        plans.append(PlanAt(str(path), sha256(path / MANIFEST)))
    if isinstance(ask, Plan):
        return Asked(tuple(plans), versions())
    ensemble = isinstance(ask, Ensemble)
    both = ask.rc if isinstance(ask, Ensemble) else True
    return Asked(tuple(plans), versions(), both, ask.strands, ask.alphabet, ensemble)
