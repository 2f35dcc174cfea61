"""Names, attribute values and tokens of the text form: how each is written, and read again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastism.errors import ParseError, VerifyError
from fastism.ir.graph import Attribute

_STRING = r'"(?:[^"\\]|\\.)*"'
_LETTERS = "[A-Za-z0-9_./!-]"
_NAME = f"{_LETTERS}+(?::{_LETTERS}+)*"
_BARE_NAME = re.compile(_NAME)
_BARE_WORD = re.compile(f"[A-Za-z_]{_LETTERS}*(?::{_LETTERS}+)*")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?(?:e[-+]?\d+)?|inf)|nan")
_CONSTANTS: dict[str, Attribute] = {"true": True, "false": False, "none": None}
_TOKEN = re.compile(
    rf"(?P<comment>//.*)|(?P<value>%(?:{_NAME}|{_STRING}))|(?P<constant>@(?:{_NAME}|{_STRING}))"
    rf"|(?P<hash>\#[0-9a-z]+)|(?P<type>[a-z]\w*\[[^\][()]*\])|(?P<interval>\[-?\d+,-?\d+\))"
    rf"|(?P<string>{_STRING})|(?P<word>[\w./!+-]+(?::[\w./!+-]+)*)|(?P<mark>[(){{}}=,:])",
    re.ASCII,
)


def name_text(name: str) -> str:
    """A name that follows ``%`` or ``@``: bare where that reads back, else quoted (ASCII)."""
    return name if _BARE_NAME.fullmatch(name) else json.dumps(name)


def word_text(word: str) -> str:
    """A string that stands alone: bare where nothing else could be meant, else quoted (ASCII)."""
    reserved = word in _CONSTANTS or _NUMBER.fullmatch(word)
    return word if _BARE_WORD.fullmatch(word) and not reserved else json.dumps(word)


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


@dataclass(frozen=True)
class Token:
    """A piece of one line; ``kind`` is a group of the grammar above, ``end`` or ``eof``."""

    kind: str
    text: str
    line: int
    column: int


class Reader:
    """The tokens of a text, one after the other, and errors that point at them.

    Comments and blank lines are skipped; every other line ends in a token of kind ``end``.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.tokens = list(self._scan())
        self.position = 0

    def _scan(self) -> Iterator[Token]:
        for number, line in enumerate(self.lines, start=1):
            column, filled = 0, False
            while column < len(line):
                if line[column].isspace():
                    column += 1
                    continue
                match = _TOKEN.match(line, column)
                if match is None:
                    raise self.error("a name, a number or a mark", Token("", "", number, column))
                kind = str(match.lastgroup)
                if kind != "comment":
                    filled = True
                    yield Token(kind, match[0], number, column)
                column = match.end()
            if filled:
                yield Token("end", "", number, len(line))
        yield Token("eof", "", max(len(self.lines), 1), 0)

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def error(
        self, expected: str, token: Token | None = None, why: str | None = None
    ) -> ParseError:
        """The error that ``expected`` is not what stands at a token (the next one by default)."""
        token = token or self.token
        line = self.lines[token.line - 1] if self.lines else ""
        prefix = f"  {token.line} | "
        return ParseError(
            f"line {token.line}: expected {expected}",
            context=f"{prefix}{line}\n{' ' * (len(prefix) + token.column)}^",
            why=why,
        )

    def at(self, kind: str, text: str | None = None) -> bool:
        """Whether the next token is of a kind (and reads so)."""
        return self.token.kind == kind and text in (None, self.token.text)

    def accept(self, kind: str, text: str | None = None) -> Token | None:
        """Take the next token if it fits."""
        if not self.at(kind, text):
            return None
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, kind: str, expected: str, text: str | None = None) -> Token:
        """Take the next token. Raises ParseError if it does not fit."""
        token = self.accept(kind, text)
        if token is None:
            raise self.error(expected)
        return token

    def mark(self, mark: str) -> None:
        """Take a mark such as ``=``. Raises ParseError if something else comes next."""
        self.expect("mark", f"'{mark}'", mark)

    def name(self, kind: str, expected: str) -> str:
        """Take a ``%value`` or an ``@constant`` and return its name."""
        token = self.expect(kind, expected)
        return self._unquoted(token, token.text[1:])

    def word(self, expected: str) -> str:
        """Take a bare word or a quoted string."""
        token = self.accept("string") or self.expect("word", expected)
        return self._unquoted(token, token.text)

    def integer(self, expected: str) -> int:
        """Take an integer."""
        token = self.expect("word", expected)
        if not re.fullmatch(r"-?\d+", token.text):
            raise self.error(expected, token)
        return int(token.text)

    def attribute(self) -> Attribute:
        """Take an attribute's value. NaN is ``math.nan`` itself, so that equal stays equal."""
        if self.accept("mark", "("):
            values: list[Attribute] = []
            while not self.accept("mark", ")"):
                values.append(self.attribute())
                if not self.at("mark", ")"):
                    self.mark(",")
            return tuple(values)
        if self.at("string"):
            return self.word("a string")
        token = self.expect("word", "an attribute's value")
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if re.fullmatch(r"-?\d+", token.text):
            return int(token.text)
        if _NUMBER.fullmatch(token.text):
            return math.nan if token.text == "nan" else float(token.text)
        if _BARE_WORD.fullmatch(token.text):
            return token.text
        raise self.error("an attribute's value", token)

    def _unquoted(self, token: Token, text: str) -> str:
        if not text.startswith('"'):
            return text
        try:
            return str(json.loads(text))
        except ValueError as error:
            raise self.error("a quoted string", token, str(error)) from error
