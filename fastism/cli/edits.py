"""``--sites``, ``--width`` and ``--alternatives``: what is edited, and what is written there."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.errors import InputError, reason, require_file

if TYPE_CHECKING:
    import numpy.typing as npt

    from fastism.runtime.plan import Plan

    Array = npt.NDArray[Any]

Command = TypeVar("Command", bound=Callable[..., Any])

_REGION = re.compile(r"(-?\d+)?:(-?\d+)?(?::(\d+))?")
_STARTS = re.compile(r"\d+(,\d+)*")
_SHUFFLE = re.compile(r"shuffle:(\d+)(?::(\d+))?")
_WORDS = re.compile(r"[A-Za-z]+(,[A-Za-z]+)*")


def site_options(command: Command) -> Command:
    """``--sites`` and ``--width``."""
    sites = click.option(
        "--sites",
        metavar="A:B[:STEP]",
        help="What is edited: 400:600, every:5, 3,17,40, or a BED file of regions within the "
        "sequences; default: every position.",
    )
    width = click.option(
        "--width",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Positions edited together: sites are all such intervals inside --sites.",
    )
    return sites(width(command))


def alternatives_options(command: Command) -> Command:
    """``--alternatives`` and ``--alphabet``."""
    alternatives = click.option(
        "--alternatives",
        metavar="TEXT",
        help="What is written at a site: letters (the default for sites of one position), words, "
        "zeros, uniform, words like TATAAA,GGGCCC, or rows (A, width, C) in a .npy file. It is "
        "part of a plan, and not of the text of a module.",
    )
    alphabet = click.option(
        "--alphabet",
        default="ACGT",
        show_default=True,
        help="The channels, to read --alternatives.",
    )
    return alternatives(alphabet(command))


def letters_option(command: Command) -> Command:
    """``--letters``."""
    return click.option(
        "--letters",
        metavar="A:B",
        help="The channels that hold the letters, as 0:4 or 0,1,2,3; the others, tracks beside "
        "the sequence, stay as they are. Default: all channels.",
    )(command)


def parse_channels(text: str | None) -> slice | list[int] | None:
    """Channels as `fastism.compile` takes ``letters``, of ``a:b`` or ``0,1,2,3``.

    Raises InputError for other text.
    """
    if text is None:
        return None
    if _STARTS.fullmatch(text):
        return [int(channel) for channel in text.split(",")]
    match = re.fullmatch(r"(\d*):(\d*)", text)
    if match is None:
        raise InputError(
            f"--letters {text} names no channels",
            why="it must be start:stop, counted from 0, stop not included, or a list, as 0,1,2,3",
            attempt="--letters 0:4",
        )
    start, stop = (int(part) if part else None for part in match.groups())
    return slice(start, stop)


def parse_sites(text: str | None, width: int) -> slice | list[int] | None:
    """Sites as `fastism.compile` takes them: of ``a:b``, ``a:b:step`` or ``every:step``, bounds
    below zero from the end; of starts, ``3,17,40``; or of the path of a BED file.

    Raises InputError for other text, an empty region, or a region narrower than a site.
    """
    if text is None:
        return None
    if text.lower().endswith(".bed"):
        return _inside(Path(text), width)
    if _STARTS.fullmatch(text):
        return [int(start) for start in text.split(",")]
    match = _REGION.fullmatch(re.sub(r"^every:", "::", text))
    start, stop, step = (int(p) if p else None for p in match.groups()) if match else (0, 0, 1)
    first = start or 0
    backwards = stop is not None and (first < 0) == (stop < 0) and stop <= first
    if step == 0 or backwards:
        raise InputError(
            f"--sites {text} names no positions",
            why="it must be start:stop or start:stop:step, 0-based, stop not included; "
            "every:step; starts, as 3,17,40; or the path of a .bed file",
            attempt="--sites 400:600",
        )
    return slice(start, stop, step)


def _inside(path: Path, width: int) -> list[int]:
    from fastism.io.intervals import read_intervals

    starts: dict[int, None] = {}
    for start, stop in read_intervals(path):
        if stop - start < width:
            raise InputError(f"[{start}, {stop}) in {path} is narrower than --width {width}")
        starts |= dict.fromkeys(range(start, stop - width + 1))
    return list(starts)


def check_width(width: int, alternatives: str | None) -> None:
    """Raises InputError if nothing says what is written at sites wider than one position."""
    if width > 1 and alternatives is None:
        raise InputError(
            f"--width {width} leaves open what is written at a site",
            attempt="--alternatives zeros",
        )


def parse_alternatives(text: str | None, alphabet: str) -> str | Array | None:
    """The name of alternatives, words of letters, or a .npy file of rows, (A, width, C) and so on.

    Raises InputError for anything else.
    """
    from fastism.runtime.alternatives import NAMED

    if text is None or text in NAMED:
        return text
    if text.lower().endswith(".npy"):
        return _rows(Path(text))
    if not _WORDS.fullmatch(text):
        raise InputError(
            f"--alternatives {text} cannot be read",
            why=f"it must be one of {', '.join(NAMED)}, words like TATAAA,GGGCCC, or a .npy file",
        )
    return _words(text.split(","), alphabet)


def _words(words: list[str], alphabet: str) -> Array:
    import numpy as np

    from fastism.io.alphabet import Alphabet

    ambiguous: Counter[str] = Counter()
    letters = Alphabet(alphabet)
    rows = [letters.one_hot(word, name="--alternatives", ambiguous=ambiguous) for word in words]
    if len({len(row) for row in rows}) != 1:
        raise InputError(f"--alternatives {','.join(words)}: the words are not of one length")
    if ambiguous:
        raise InputError(f"--alternatives: {min(ambiguous)} stands for more than one letter")
    return np.stack(rows)


def _rows(path: Path) -> Array:
    from fastism.io.array_files import open_npy

    require_file(path, "file of rows")
    try:
        rows = open_npy(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a .npy file of numbers", why=reason(error)) from error
    if rows.dtype.kind not in "biuf":
        raise InputError(f"{path} is not a .npy file of numbers")
    return rows


@dataclass(frozen=True, eq=False)
class Written:
    """What a run writes: the plan's own alternatives, others, or shuffles of every sequence.

    given: as `Plan.written` takes it. shuffles: orders a site, in place of ``given``, if any.
    """

    given: str | Array | None = None
    shuffles: int = 0
    seed: int = 0

    @classmethod
    def parse(cls, text: str | None, alphabet: str) -> Written:
        """As `parse_alternatives`, and ``shuffle:count`` or ``shuffle:count:seed``."""
        match = _SHUFFLE.fullmatch(text or "")
        if not match:
            return cls(parse_alternatives(text, alphabet))
        if not int(match[1]):
            raise InputError(f"--alternatives {text} writes nothing", attempt="shuffle:20")
        return cls(None, int(match[1]), int(match[2] or 0))

    @property
    def identity(self) -> str | None:
        """A hash of given rows; None where words say what is written."""
        import numpy as np

        if not isinstance(self.given, np.ndarray):
            return None
        rows = np.ascontiguousarray(self.given)
        described = f"{rows.dtype} {rows.shape} ".encode()
        return hashlib.sha256(described + rows.tobytes()).hexdigest()

    def layout(self, plan: Plan, sequences: int) -> Array:
        """The alternatives of a scores file: rows (A, width, C), or none yet, (0, S, A, width, C).

        Raises InputError where they do not fit the plan's sites or the number of sequences.
        """
        import numpy as np

        sites, width = len(plan.executor.starts), plan.executor.width
        if self.shuffles:
            return np.empty((0, sites, self.shuffles, width, plan.channels), np.int8)
        rows = plan.written(self.given, sequences)
        return rows if rows.ndim == 3 else np.empty((0, *rows.shape[1:]), rows.dtype)

    def rows(self, plan: Plan, x: Mapping[str, Array], first: int, sequences: int) -> Array:
        """What is written in a batch that begins at the ``first`` of so many sequences.

        x: every input by name.
        """
        from fastism.runtime.alternatives import of_sequences, shuffled

        if self.shuffles:
            return shuffled(plan.site_rows(x), self.shuffles, self.seed)
        rows = plan.written(self.given, sequences)
        last = first + len(next(iter(x.values())))
        return of_sequences(rows, slice(first, last))
