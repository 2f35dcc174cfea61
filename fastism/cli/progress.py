"""Progress on standard error, for work of more than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from fastism.cli.session import Session

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Part = TypeVar("Part", bound=Sized)

_PATIENCE = 2.0
"""Seconds before anything is shown."""
_BETWEEN_LINES = 10.0
"""Seconds between two lines where standard error is not a terminal."""


class Progress:
    """Counts work done and shows it with the rate and the time left: a bar on a terminal.

    Elsewhere there are lines, with ``-v`` alone; nothing is shown under ``--quiet``. total: how
    much work there is, in ``unit`` (plural).
    """

    def __init__(self, session: Session, total: float, unit: str) -> None:
        self._session = session
        self._total = total
        self._unit = unit
        self._bar: Bar | None = None
        self._start = time.monotonic()
        self._shown = self._start + _PATIENCE - _BETWEEN_LINES

    def update(self, done: float, by: str = "") -> None:
        """``done`` of ``total`` is done. by: a few words on who is at it."""
        now = time.monotonic()
        if self._session.quiet or now - self._start < _PATIENCE:
            return
        if sys.stderr.isatty():
            self._draw(done, by)
        elif now - self._shown >= _BETWEEN_LINES:
            self._shown = now
            line = self._line(done, now - self._start)
            self._session.detail(f"{line}; {by}" if by else line)

    def within(self, before: float, size: float) -> Callable[[int, int], None]:
        """A callback for a part of the work: ``size`` of it, after ``before`` is done."""

        def update(done: int, total: int) -> None:
            self.update(before + size * done / total)

        return update

    def _line(self, done: float, seconds: float) -> str:
        rate = done / seconds
        left = f", {(self._total - done) / rate:.0f} s left" if rate else ""
        return f"{done:,.1f} of {self._total:,} {self._unit}, {rate:,.2f} a second{left}"

    def _draw(self, done: float, by: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                BarColumn(),
                TextColumn("{task.completed:,.1f} of {task.total:,.0f} {task.description}"),
                TextColumn("{task.fields[rate]:,.2f} a second"),
                TimeRemainingColumn(),
                TextColumn("left"),
                TextColumn("{task.fields[by]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task(self._unit, total=self._total, rate=0.0, by="")
            self._bar.start()
        rate = done / (time.monotonic() - self._start)
        self._bar.update(self._bar.task_ids[0], completed=done, rate=rate, by=by)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def counted(parts: Iterable[Part], progress: Progress) -> Iterator[Part]:
    """The same parts; each counts as done, with all that is in it, when the next is asked for."""
    done = 0
    for part in parts:
        yield part
        done += len(part)
        progress.update(done)
