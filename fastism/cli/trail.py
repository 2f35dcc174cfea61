"""The command that makes a text, and from it the one that makes the next stage.

Every text the command line prints ends in that command. A text that is read again and was not
altered hands its trail on, so that ``opt`` prints what ``compile --dump-ir`` wrote, to the byte; an
altered one begins a trail of its own.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fastism.cli.reductions import NAMES

if TYPE_CHECKING:
    from fastism.ir.module import Module
    from fastism.passes.base import Pass

_END = re.compile(r"\n// text (\w+)\n// next: fastism opt (.+)\n\Z")
_TAKEN: Final = (
    *("seq_input", "length", "sites", "width", "outputs", *NAMES),
    *("custom_objects", "unsafe", "architecture", "signature", "passes_from", "weights"),
)
"""Options of `compile` and `opt` that decide what a model's module is, or that passes are there."""


@dataclass(frozen=True)
class Trail:
    """``fastism opt`` and ``words``, with the passes that were run so far, as text.

    No words stand for text on standard input, of which nobody knows where it came from.
    """

    words: tuple[str, ...]
    passes: str = ""

    @classmethod
    def of(cls, source: Path, context: click.Context) -> Trail:
        """Of what was given on the command line."""
        return cls((str(source),)).given(context, _TAKEN)

    def given(self, context: click.Context, names: Iterable[str]) -> Trail:
        """The trail with some options as they stand on the command line, in place of its own."""
        words, names = list(self.words), tuple(names) if self.words else ()
        for flag in (f"--{name.replace('_', '-')}" for name in names):
            while flag in words:
                del words[words.index(flag) : words.index(flag) + 2]
        for name in names:
            given = context.params.get(name)
            if given in (None, False, ()) or not was_given(context, name):
                continue
            flag = f"--{name.replace('_', '-')}"
            if given is True:
                words.append(flag)
            for each in given if isinstance(given, tuple) else () if given is True else (given,):
                words.extend((flag, str(each)))
        return Trail(tuple(words), self.passes)

    @classmethod
    def in_text(cls, text: str) -> Trail | None:
        """The trail a text ends in; None where there is none, or the text was altered since."""
        match = _END.search(text)
        if match is None or match[1] != _digest(text[: match.start()]):
            return None
        *words, flag, passes = shlex.split(match[2])
        return cls(tuple(words), passes.rpartition(",")[0]) if flag == "-p" else None

    def after(self, passes: Sequence[Pass]) -> Trail:
        """The trail once more passes were run."""
        done = ",".join(filter(None, (self.passes, *map(str, passes))))
        return Trail(self.words, done)

    def text(self, module: Module, at: int | None = None) -> str:
        """The module as text that ends in the trail."""
        from fastism.ir.printer import print_module
        from fastism.ir.stages import next_pass

        following = next_pass(module.stage)
        text = print_module(module, at=at)
        if following is None or not self.words:
            return text
        body, mark, _ = text.rpartition("\n// next: ")
        passes = ",".join(filter(None, (self.passes, following)))
        command = shlex.join(("fastism", "opt", *self.words, "-p", passes))
        return f"{body}\n// text {_digest(body)}{mark}{command}\n"


def dumped(trail: Trail) -> Callable[[Module, Sequence[Pass]], str]:
    """How a dump prints what some passes made."""
    return lambda module, passes: trail.after(passes).text(module)


def was_given(context: click.Context, name: str) -> Any:
    """Whether an option stands on the command line."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
