"""What the pages that are made from the code have in common."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

from fastism.ir.windows import POINTWISE, Relation, Unread, Window


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, and the line's end behind it."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cells(line)) + " |" for line in lines) + "\n"


def _cells(line: Sequence[str]) -> Iterable[str]:
    return (cell.replace("|", "\\|") for cell in line)


def code(*words: object) -> str:
    """Words in code font, commas between them."""
    return ", ".join(f"`{word}`" for word in words)


def prose(docstring: str) -> str:
    """A docstring as Markdown: its names in code font, and its indented blocks as they are."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", inspect.cleandoc(docstring).replace("``", "`"))
    return re.sub(r"::$", ":", text, flags=re.MULTILINE)


def first_sentence(documented: object) -> str:
    """What a docstring, or that of something, says first. Raises ValueError if there is none."""
    text = documented if isinstance(documented, str) else inspect.getdoc(documented)
    if not text:
        raise ValueError(f"{documented!r} has no docstring")
    return " ".join(prose(text).split("\n\n")[0].split())


def reads(relation: Relation) -> str:
    """Which positions of an input a relation makes a position of the result depend on."""
    if relation == POINTWISE:
        return "each position alone"
    if isinstance(relation, Unread):
        return "nothing"
    return "a window" if isinstance(relation, Window) else "all positions"
