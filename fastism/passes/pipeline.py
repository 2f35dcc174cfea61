"""Pipeline strings: ``flatten,segment{stop-layers=dense_1,dense_2}`` to passes, and back.

pipeline = pass ("," pass)*
pass     = name ["{" [option (" " option)*] "}"]
option   = name "=" [item ("," item)*]
item     = word | JSON string in double quotes
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from fastism.errors import FastismError, ParseError, PassError, did_you_mean
from fastism.passes.base import Pass
from fastism.passes.options import OptionValue, Word, kinds
from fastism.passes.registry import lookup

_SPACE = re.compile(r"\s*")
_EQUALS = re.compile("=")
_WORD = re.compile(r'[^\s,{}="]+')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def parse_pipeline(text: str) -> tuple[Pass, ...]:
    """The passes a string spells; none for an empty string.

    Raises ParseError where the string does not follow the grammar, and PassError for an unknown
    pass or option, or a value of the wrong type; both show the place.
    """
    reader = _Reader(text)
    reader.skip()
    if reader.at_end:
        return ()
    passes = [_read_pass(reader)]
    while not reader.at_end:
        reader.expect(",", "between two passes")
        passes.append(_read_pass(reader))
    return tuple(passes)


def print_pipeline(passes: Iterable[Pass]) -> str:
    """The string that :func:`parse_pipeline` reads back to equal passes."""
    return ",".join(map(str, passes))


@dataclass
class _Reader:
    """A string, and how far it has been read."""

    text: str
    place: int = 0

    @property
    def at_end(self) -> bool:
        return self.place == len(self.text)

    def take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.place)
        if match is None:
            return None
        self.place = match.end()
        return match[0]

    def skip(self) -> None:
        self.take(_SPACE)

    def accept(self, mark: str) -> bool:
        """Read a punctuation mark and the space behind it, if it is next."""
        found = self.text.startswith(mark, self.place)
        if found:
            self.place += len(mark)
            self.skip()
        return found

    def expect(self, mark: str, why: str) -> None:
        if not self.accept(mark):
            self.fail(f"expected {mark!r} {why}")

    def word(self, meaning: str) -> str:
        """Read a word and the space behind it."""
        word = self.take(_WORD)
        if word is None:
            self.fail(f"expected {meaning}")
        self.skip()
        return word

    def fail(
        self,
        what: str,
        place: int | None = None,
        *,
        kind: type[FastismError] = ParseError,
        why: str | None = None,
        attempt: str | None = None,
    ) -> NoReturn:
        """Raise an error that points at a place; by default, where reading stopped."""
        place = self.place if place is None else place
        raise kind(
            what,
            where=f"the pipeline string, at character {place + 1}",
            context=f"    {self.text}\n    {' ' * place}^",
            why=why,
            attempt=attempt,
        )


def _read_pass(reader: _Reader) -> Pass:
    place, name = reader.place, reader.word("the name of a pass")
    try:
        pass_type = lookup(name)
    except PassError as error:
        reader.fail(error.what, place, kind=PassError, why=error.why, attempt=error.attempt)
    options: dict[str, OptionValue] = {}
    if reader.accept("{"):
        while not reader.accept("}"):
            start, (field, value) = reader.place, _read_option(reader, pass_type)
            if field in options:
                reader.fail(f"{name} is given the option {_spelled(field)} twice", start)
            options[field] = value
    required = [
        field.name
        for field in dataclasses.fields(pass_type)
        if field.default is field.default_factory is dataclasses.MISSING
    ]
    missing = [_spelled(field) for field in required if field not in options]
    if missing:
        reader.fail(f"{name} needs the option {', '.join(missing)}", place, kind=PassError)
    return pass_type(**options)


def _read_option(reader: _Reader, pass_type: type[Pass]) -> tuple[str, OptionValue]:
    place, key = reader.place, reader.word("an option, or '}'")
    fields = {_spelled(field): field for field in kinds(pass_type)}
    if key not in fields:
        reader.fail(
            f"{pass_type.name} has no option {key!r}",
            place,
            kind=PassError,
            why=f"its options: {', '.join(fields)}" if fields else "it has no options",
            attempt=did_you_mean(key, fields),
        )
    if not reader.take(_EQUALS):
        reader.fail(f"expected '=' after the option {key}")
    place, items = reader.place, _read_items(reader)
    try:
        return fields[key], kinds(pass_type)[fields[key]].read(items)
    except ValueError as error:
        what = f"{pass_type.name}: the value of {key} does not fit"
        reader.fail(what, place, kind=PassError, why=str(error))


def _read_items(reader: _Reader) -> list[Word]:
    """The items of a value, up to a space or the brace; there may be none."""
    if reader.take(_SPACE) or reader.text.startswith("}", reader.place):
        return []
    items = [_read_item(reader)]
    while reader.accept(","):
        items.append(_read_item(reader))
    reader.skip()
    return items


def _read_item(reader: _Reader) -> Word:
    place, quoted = reader.place, reader.take(_QUOTED)
    if quoted is None:
        word = reader.take(_WORD)
        return Word(word) if word else reader.fail("expected a value")
    try:
        return Word(json.loads(quoted), quoted=True)
    except ValueError as error:
        reader.fail("this string cannot be read", place, why=str(error))


def _spelled(field: str) -> str:
    return field.replace("_", "-")
