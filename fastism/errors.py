"""Errors and warnings that a person can act on: what happened, where, why, and what to try."""

from __future__ import annotations

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
