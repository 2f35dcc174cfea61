"""Watch a pipeline at work: dump every stage, time the passes, print what they made."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TextIO, TypeAlias

from fastism.errors import PassError
from fastism.ir.module import Module
from fastism.ir.printer import print_module
from fastism.passes.base import Pass


class Before(Protocol):
    """What looks at the module before every pass."""

    def before(self, pass_: Pass, module: Module) -> None:
        """``pass_`` is about to run on ``module``, which is verified already."""


class After(Protocol):
    """What looks at the module after every pass."""

    def after(self, pass_: Pass, module: Module) -> None:
        """``pass_`` has made ``module``, which is verified already."""


Instrument: TypeAlias = Before | After
"""Any object with a method ``before`` or ``after``, or both."""


def check_instrument(instrument: object) -> None:
    """Raises PassError unless the object has one of the methods."""
    if not any(callable(getattr(instrument, name, None)) for name in ("before", "after")):
        raise PassError(
            f"{instrument!r} is no instrument",
            why="it has neither a method before(pass_, module) nor after(pass_, module)",
        )


Text: TypeAlias = Callable[[Module, Sequence[Pass]], str]
"""How a module is printed that some passes made, in order, since the pipeline began."""


def plain_text(module: Module, passes: Sequence[Pass]) -> str:
    """As `fastism.ir.printer.print_module` prints it."""
    return print_module(module)


class DumpStages:
    """Write every stage to ``folder``: ``000-import.fism``, ``001-flatten.fism``, ...

    The files read back with ``fastism.ir.parser.parse_module``. The folder is made if need be;
    numbers start over when the instrument watches another run.
    """

    def __init__(self, folder: str | Path, text: Text = plain_text) -> None:
        self.folder = Path(folder)
        self.text = text
        self._last: Module | None = None
        self._passes: list[Pass] = []

    def before(self, pass_: Pass, module: Module) -> None:
        if module is not self._last:
            self._passes = []
            self._write(module)

    def after(self, pass_: Pass, module: Module) -> None:
        self._passes.append(pass_)
        self._write(module)

    def _write(self, module: Module) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{len(self._passes):03}-{module.after}.fism"
        path.write_text(self.text(module, self._passes), encoding="utf-8")
        self._last = module


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

    def after(self, pass_: Pass, module: Module) -> None:
        if self.names is None or pass_.name in self.names:
            self.stream.write(print_module(module) + "\n")


class PrintChanged:
    """Print to ``stream`` what each pass changed, as a difference of lines of the text."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._before: Module | None = None

    def before(self, pass_: Pass, module: Module) -> None:
        self._before = module

    def after(self, pass_: Pass, module: Module) -> None:
        assert self._before is not None
        self.stream.write(changes(self._before, module, str(pass_)))


def changes(before: Module, after: Module, name: str) -> str:
    """The lines that differ, under a heading with the pass; how columns line up is no change."""
    old, new = (_unaligned(print_module(module)) for module in (before, after))
    lines = difflib.unified_diff(old, new, f"before {name}", f"after {name}", lineterm="", n=1)
    body = "\n".join(lines)
    return f"// {name}\n{body}\n" if body else f"// {name}: nothing changed\n"


def _unaligned(text: str) -> list[str]:
    """The lines but the header, which every pass changes, and the advice at the end."""
    lines = [re.sub(r"(?<=\S) +", " ", line) for line in text.splitlines()[1:]]
    return [line for line in lines if not line.startswith("// next:")]
