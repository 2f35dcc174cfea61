"""Errors and warnings that a person can act on: what happened, where, why, and what to try."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable


class FastismError(Exception):
    """Base of every error fastism raises on purpose.

    The message reads as prose in up to four parts: ``what`` happened, ``where`` (the layer by its
    Keras name, or the file), ``why``, and what to ``attempt`` next. ``context`` holds extra lines
    shown verbatim, such as the neighbourhood of a node in an IR dump.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        attempt: str | None = None,
        context: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.why = why
        self.attempt = attempt
        self.context = context
        super().__init__(self.render())

    def render(self) -> str:
        """The whole message, one part a line."""
        lines = [self.what]
        if self.where:
            lines.append(f"  in {self.where}")
        if self.context:
            lines.extend(self.context.splitlines())
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.attempt:
            lines.append(f"  try: {self.attempt}")
        return "\n".join(lines)


class InputError(FastismError):
    """The user's arguments, sequences or files do not fit."""


class ModelError(FastismError):
    """The model file cannot be loaded, or is not a model over sequences."""


class LoweringError(FastismError):
    """A layer of the model cannot be expressed in the IR."""


class MixingError(LoweringError):
    """What a layer gives for a sequence depends on the others of its batch, or on their number."""


class VerifyError(FastismError):
    """A module breaks a rule of its stage.

    graph, node: numbers of the graph in the module and of the node in the graph that break it;
    None where no single one does. part: what of it (``op``, ``type``, ``inputs``, the name of an
    attribute or of a constant's role; a line above the graphs, as ``sites:``), empty for the whole.
    """

    graph: int | None = None
    node: int | None = None
    part: str = ""


class ParseError(FastismError):
    """IR text, or a pipeline string, that cannot be read.

    line, column: where in the text, counted from 1; None in a pipeline string.
    """

    line: int | None = None
    column: int | None = None


class PassError(FastismError):
    """A pass that is unknown, misconfigured, or broke its contract."""


class PlanError(FastismError):
    """A plan folder that cannot be written, read or trusted."""


class MismatchError(FastismError):
    """The compiled program and the model disagree."""


class FastismWarning(UserWarning):
    """Something a user should know of scores that are right all the same."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``did you mean 'conv1d'?``, where some known name is near this one."""
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else None


def reason(error: BaseException) -> str:
    """What an error says, in words: the system's own without numbers, a codec's without its terms.

    A path that the system names is left to the sentence around it.
    """
    if isinstance(error, UnicodeDecodeError):
        return f"it is not text in UTF-8: byte 0x{error.object[error.start]:02x}"
    if isinstance(error, OSError) and error.errno:
        said = os.strerror(error.errno)  # libraries put sentences of their own into strerror
        return said[:1].lower() + said[1:]
    return str(error) or type(error).__name__


def require_file(path: str | os.PathLike[str], kind: str, *, why: str | None = None) -> None:
    """Raises InputError where a path is no file that can be read.

    kind: what file it should be, as "BED file". why: said where there is none.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"there is no {kind} {os.fspath(path)}", why=why) from None
    except OSError as error:
        raise InputError(f"{os.fspath(path)} cannot be read", why=reason(error)) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{os.fspath(path)} is a folder, and a {kind} is to be read there")
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{os.fspath(path)} is a pipe or a device, and a {kind} is to be read there",
            why="it is read more than once",
            attempt="write what comes through it to a file first",
        )
    if not os.access(path, os.R_OK):
        raise InputError(f"{os.fspath(path)} cannot be read", why="no right to read it")


def require_extra(extra: str, purpose: str, *packages: str) -> None:
    """Raises InputError, with the line to type, where a package of ``fastism[extra]`` is missing.

    purpose: what asks for them, as the subject of a sentence.
    """
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise InputError(
            f"{purpose} needs {' and '.join(missing)}, not installed here",
            attempt=f"pip install 'fastism[{extra}]'",
        )
