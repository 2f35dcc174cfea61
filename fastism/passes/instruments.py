"""Watch a pipeline at work: dump every stage, time the passes, print what they made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol, TextIO

from fastism.ir.module import Module
from fastism.ir.printer import print_module
from fastism.passes.base import Pass


class Instrument(Protocol):
    """Called around every pass, with modules that are verified already."""

    def before(self, pass_: Pass, module: Module) -> None:
        """``pass_`` is about to run on ``module``."""

    def after(self, pass_: Pass, module: Module) -> None:
        """``pass_`` has made ``module``."""


class DumpStages:
    """Write every stage to ``folder``: ``000-import.fism``, ``001-flatten.fism``, ...

    The files read back with ``fastism.ir.parser.parse_module``. The folder is made if need be;
    numbers start over when the instrument watches another run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._last: Module | None = None
        self._count = 0

    def before(self, pass_: Pass, module: Module) -> None:
        if module is not self._last:
            self._count = 0
            self._write(module)

    def after(self, pass_: Pass, module: Module) -> None:
        self._write(module)

    def _write(self, module: Module) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self._count:03}-{module.after}.fism"
        path.write_text(print_module(module), encoding="utf-8")
        self._last, self._count = module, self._count + 1


class Timings:
    """Seconds of each pass, in order; ``str`` makes a table of them."""

    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []
        self._start = 0.0

    def before(self, pass_: Pass, module: Module) -> None:
        self._start = time.perf_counter()

    def after(self, pass_: Pass, module: Module) -> None:
        self.seconds.append((pass_.name, time.perf_counter() - self._start))

    @property
    def total(self) -> float:
        """Seconds of all passes together, their verification included."""
        return sum(seconds for _, seconds in self.seconds)

    def __str__(self) -> str:
        rows = [*self.seconds, ("total", self.total)]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}} {seconds:9.4f} s" for name, seconds in rows)


class PrintAfter:
    """Print the module to ``stream`` after the passes in ``names``; after every pass if None."""

    def __init__(self, stream: TextIO, names: tuple[str, ...] | None = None) -> None:
        self.stream = stream
        self.names = names

    def before(self, pass_: Pass, module: Module) -> None:
        """Nothing is printed before a pass."""

    def after(self, pass_: Pass, module: Module) -> None:
        if self.names is None or pass_.name in self.names:
            self.stream.write(print_module(module) + "\n")
