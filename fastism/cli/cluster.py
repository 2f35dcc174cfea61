"""``--workers`` and ``--cluster``: the same run on many processes or machines."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.progress import Progress
from fastism.cli.session import Session
from fastism.errors import InputError, require_extra

if TYPE_CHECKING:
    from fastism.cluster.crew import Crew
    from fastism.cluster.ledger import Aside
    from fastism.cluster.orders import Asked, Done
    from fastism.io.kept import Kept
    from fastism.io.work import AnyPortion

Command = TypeVar("Command", bound=Callable[..., Any])

_SEEN_WITHIN = 60.0
"""Seconds until a file that another machine wrote must be seen here."""
_MOST_NAMED = 5


@dataclass(frozen=True)
class Machines:
    """What the options of `cluster_options` say."""

    workers: int | None
    cluster: str | None

    @property
    def any(self) -> bool:
        """Whether others than this process are to compute."""
        return self.workers is not None or self.cluster is not None

    def check(self) -> None:
        """Raise InputError where both options are given, or what they need is not installed."""
        if self.workers is not None and self.cluster is not None:
            raise InputError("--workers are processes of this machine, and --cluster has its own")
        if self.any:
            option = "--cluster" if self.workers is None else "--workers"
            require_extra("cluster", option, "distributed")

    @contextmanager
    def crew(self, session: Session, asked: Asked) -> Iterator[Crew | None]:
        """Workers that have taken up the plans; None where this process does the work itself.

        Raises InputError where no worker can be had.
        """
        if not self.any:
            yield None
            return
        from fastism.cluster import connect
        from fastism.cluster.crew import Crew

        place = (
            connect.running(self.cluster, verbose=session.verbose)
            if self.cluster is not None
            else connect.local(self.workers or 1, verbose=session.verbose)
        )
        with place as connected:
            crew = Crew(connected, asked, session.note)
            try:
                crew.assemble()
                yield crew
            finally:
                crew.close()


def cluster_options(command: Command) -> Command:
    """``--workers`` and ``--cluster``, handed to the command as ``machines``."""

    @functools.wraps(command)
    def gathered(*arguments: Any, workers: int | None, cluster: str | None, **options: Any) -> Any:
        return command(*arguments, machines=Machines(workers, cluster), **options)

    workers = click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Compute in N processes of this machine, which share its cores and memory.",
    )
    cluster = click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Compute on the workers of a Dask scheduler, as tcp://host:8786 (docs/cluster.md).",
    )
    return workers(cluster(gathered))  # type: ignore[return-value]


def hand_out(
    crew: Crew,
    session: Session,
    portions: Iterator[AnyPortion],
    kept: Kept,
    *,
    task: Callable[[Any], Done],
    order: Callable[[AnyPortion], Any],
    keep: Callable[[AnyPortion, Done], object],
) -> None:
    """Let workers compute the parts of a run that are missing.

    portions: all that are. task, order, keep: as of `fastism.cluster.score.Loop`.

    Raises InputError where some were set aside, once all others are done.
    """
    from fastism.cluster.ledger import Ledger
    from fastism.cluster.score import Loop

    ledger = Ledger(portions)
    with Progress(session, kept.left, kept.unit) as progress:
        Loop(crew, ledger, task, order, keep, progress.update, session.note).run()
    if ledger.aside:
        raise _set_aside(ledger.aside)
    _wait_until_seen(kept)


def _set_aside(aside: Sequence[Aside[AnyPortion]]) -> InputError:
    from fastism.io.work import named

    names = [named(each.work) for each in aside]
    more = f" and {len(names) - _MOST_NAMED} more shards" if len(names) > _MOST_NAMED else ""
    return InputError(
        f"set aside: {', '.join(names[:_MOST_NAMED])}{more}",
        why=f"three workers failed over each; the last time: {aside[0].why}",
        attempt="--resume, which tries them again, with more memory for each worker; the rest is "
        "done",
    )


def _wait_until_seen(kept: Kept) -> None:
    """Parts that other machines wrote may be seen here a while later. Raises InputError if not."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while missing := kept.missing():
        if time.monotonic() > deadline:
            start, stop = missing[0]
            raise InputError(
                f"workers wrote the scores of {kept.unit} {start + 1:,} to {stop:,}, and "
                f"{kept.folder} does not have them",
                attempt="--resume, which computes them again",
            )
        time.sleep(1.0)
