"""A run that is under way: its outputs claimed, its workers at hand, what is done of it kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from fastism.cli.cluster import Machines
from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.cluster.crew import Crew
    from fastism.cluster.orders import Asked
    from fastism.io.kept import Kept, Record

Parts = TypeVar("Parts", bound="Kept")
Prepared = TypeVar("Prepared", bound="_Prepared")


class _Prepared(Protocol):
    """A run that can begin: what workers take up, and its record in one process."""

    @property
    def asked(self) -> Asked: ...

    @property
    def record(self) -> Record: ...


@contextmanager
def underway(
    session: Session,
    job: Prepared,
    kind: type[Parts],
    outputs: Sequence[Path],
    machines: Machines,
    spread: Callable[[Prepared, Crew], Record],
    *,
    resume: bool,
    force: bool,
) -> Iterator[tuple[Parts, Crew | None, list[Path]]]:
    """What is done of a run, the workers that do the rest, if any, and the claimed folders.

    Where it is stopped, what is done is kept, and said; at its end nothing of that is left.
    spread: the record of a run that begins with these workers.

    Raises InputError where an output is another run's, or one that was stopped cannot go on.
    """
    from fastism.io.writers.publish import claims

    with claims(outputs) as folders:
        stopped = kind.stopped(
            folders[0], outputs[0], job.record.identity, resume=resume, force=force
        )
        with machines.crew(session, job.asked) as crew:
            record = job.record if crew is None else spread(job, crew)
            parts = stopped or kind.begin(folders[0], record)
            with parts.kept_if_stopped(session.note):
                if parts.left < parts.record.end - parts.record.start:
                    session.note(f"going on: {parts.describe()}")
                yield parts, crew, folders
            parts.clear()
