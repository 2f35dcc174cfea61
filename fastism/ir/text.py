"""Names and attribute values of the text form: how each is written, and the grammar they follow."""

from __future__ import annotations

import json
import re

from fastism.errors import VerifyError
from fastism.ir.graph import Attribute

STRING = r'"(?:[^"\\]|\\.)*"'
_LETTERS = "[A-Za-z0-9_./!-]"
NAME = f"{_LETTERS}+(?::{_LETTERS}+)*"
BARE_NAME = re.compile(NAME)
BARE_WORD = re.compile(f"[A-Za-z_]{_LETTERS}*(?::{_LETTERS}+)*")
NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?(?:e[-+]?\d+)?|inf)|nan")
SPELLED: dict[str, Attribute] = {"true": True, "false": False, "none": None}


def name_text(name: str) -> str:
    """A name that follows ``%`` or ``@``: bare where that reads back, else quoted (ASCII)."""
    return name if BARE_NAME.fullmatch(name) else json.dumps(name)


def word_text(word: str) -> str:
    """A string that stands alone: bare where nothing else could be meant, else quoted (ASCII)."""
    reserved = word in SPELLED or NUMBER.fullmatch(word)
    return word if BARE_WORD.fullmatch(word) and not reserved else json.dumps(word)


def attribute_text(value: Attribute) -> str:
    """An attribute's value. Raises VerifyError for a value of another kind (an array, a list)."""
    if isinstance(value, str):
        return word_text(value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, tuple):
        inside = ", ".join(map(attribute_text, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    raise VerifyError(
        f"{value!r} cannot be an attribute",
        why=f"it is a {type(value).__name__}; attributes are numbers, bools, strings, None, tuples",
    )
