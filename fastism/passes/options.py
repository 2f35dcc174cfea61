"""The options of a pass: its dataclass fields, read from text and written back.

An option is an int, float, bool or str, a tuple of these, or any of those or None. In a pipeline
string it is spelled ``stop-layers=dense_1,dense_2``: kebab-case, items between commas.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from fastism.errors import PassError

OptionScalar: TypeAlias = bool | int | float | str
OptionValue: TypeAlias = OptionScalar | tuple[OptionScalar, ...] | None

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = ("none", "true", "false")
_MEANINGS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


@dataclass(frozen=True)
class Word:
    """One item of an option's value, as written."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Kind:
    """What an option may hold: ``items`` for a tuple (``many`` of the first), else one scalar."""

    items: tuple[type, ...]
    is_tuple: bool = False
    many: bool = False
    optional: bool = False

    def __str__(self) -> str:
        names = [_MEANINGS[item] for item in self.items]
        text = f"any number of items, each {names[0]}" if self.many else ", then ".join(names)
        return f"{text}, or none" if self.optional else text

    @classmethod
    def of(cls, hint: object) -> Kind:
        """The kind a type annotation asks for. Raises ValueError for one no text can spell."""
        parts = typing.get_args(hint)
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            (inner,) = (part for part in parts if part is not type(None))
            return dataclasses.replace(cls.of(inner), optional=type(None) in parts)
        if typing.get_origin(hint) is tuple:
            items = tuple(part for part in parts if part is not Ellipsis)
            kind = cls(items, is_tuple=True, many=Ellipsis in parts)
        else:
            kind = cls((typing.cast(type, hint),))
        if not kind.items or not all(item in _MEANINGS for item in kind.items):
            raise ValueError(
                "not an int, float, bool, str, a tuple of these, or one of them | None"
            )
        return kind

    def accepts(self, value: object) -> bool:
        """Whether a Python value fits."""
        if value is None:
            return self.optional
        if isinstance(value, tuple) is not self.is_tuple:
            return False
        held = value if isinstance(value, tuple) else (value,)
        kinds = self.items * len(held) if self.many else self.items
        return len(held) == len(kinds) and all(map(_fits, kinds, held))

    def read(self, words: Sequence[Word]) -> OptionValue:
        """The value some words spell. Raises ValueError, saying what would fit."""
        if self.optional and list(words) == [Word("none")]:
            return None
        kinds = self.items * len(words) if self.many else self.items
        if len(words) != len(kinds):
            raise ValueError(f"expected {self}; got {len(words)} items")
        held = tuple(map(_scalar, kinds, words))
        return held if self.is_tuple else held[0]


def _fits(kind: type, value: object) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _scalar(kind: type, word: Word) -> OptionScalar:
    if kind is str:
        return word.text
    try:
        if word.quoted:
            raise ValueError
        if kind is bool:
            return {"true": True, "false": False}[word.text]
        return int(word.text) if kind is int else float(word.text)
    except (KeyError, ValueError):
        raise ValueError(f"expected {_MEANINGS[kind]}; got {word.text!r}") from None


def write(value: OptionValue) -> str:
    """Spell a value so that :meth:`Kind.read` returns it."""
    if isinstance(value, tuple):
        return ",".join(write(item) for item in value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return repr(value)


@cache
def kinds(pass_type: type) -> Mapping[str, Kind]:
    """The kind of every option of a pass, by field name.

    Raises PassError, written for the pass's author, where the fields are not declared as options.
    """
    what = f"the pass class {pass_type.__name__} does not declare its options properly"
    own = inspect.get_annotations(pass_type)
    loose = [field for field, hint in own.items() if "ClassVar" not in str(hint)]
    if loose and "__dataclass_fields__" not in vars(pass_type):
        raise PassError(
            what,
            why=f"{', '.join(loose)} would be ignored: the class is not a dataclass",
            attempt="put @dataclass(frozen=True) right above the class, below @register_pass",
        )
    hints = typing.get_type_hints(pass_type)
    table: dict[str, Kind] = {}
    for field in dataclasses.fields(pass_type):
        try:
            table[field.name] = Kind.of(hints[field.name])
        except ValueError as error:
            raise PassError(what, where=f"{field.name}: {field.type}", why=str(error)) from None
    return types.MappingProxyType(table)
