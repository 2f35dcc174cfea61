"""The tokens of a text, and errors that point at them: line, column, and a caret below."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from fastism.errors import ParseError
from fastism.ir.graph import Attribute
from fastism.ir.text import BARE_WORD, NAME, NUMBER, SPELLED, STRING
from fastism.ir.types import TensorType

_TOKEN = re.compile(
    rf"(?u:\s*)(?:(?P<comment>//.*)|(?P<value>%(?:{NAME}|{STRING}))|(?P<constant>@(?:{NAME}|{STRING}))"
    rf"|(?P<hash>\#[0-9a-z]+)|(?P<type>[a-z]\w*\[[^\][()]*\])|(?P<interval>\[-?\d+,-?\d+\))"
    rf"|(?P<string>{STRING})|(?P<word>[\w./!+-]+(?::[\w./!+-]+)*)|(?P<mark>[(){{}}=,:]))",
    re.ASCII,
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_INTEGER = re.compile(r"-?\d{1,4000}", re.ASCII)
"""Python reads no number of more digits than that."""
DEEPEST = 32
"""Levels of parentheses an attribute may nest."""
WIDEST = 240
"""Characters of a line that an error shows."""

_Item = TypeVar("_Item")


class Token(NamedTuple):
    """A piece of one line; ``kind`` is a group of the grammar above, ``end`` or ``eof``."""

    kind: str
    text: str
    line: int
    column: int


class Reader:
    """The tokens of a text, one after the other.

    Comments and blank lines are skipped; every other line ends in a token of kind ``end``. ``name``
    is the text's file, for errors.
    """

    def __init__(self, text: str, name: str = "") -> None:
        self.name = name
        self.lines = _LINE_END.split(text)
        self.tokens = list(self._scan())
        self.position = 0

    def _scan(self) -> Iterator[Token]:
        for number, line in enumerate(self.lines, start=1):
            column, filled, stop = 0, False, len(line.rstrip())
            while column < stop:
                match = _TOKEN.match(line, column)
                if match is None:
                    column = stop - len(line[column:stop].lstrip())
                    raise self.error("a name, a number or a mark", Token("", "", number, column))
                kind, column = str(match.lastgroup), match.end()
                if kind != "comment":
                    filled = True
                    yield Token(kind, match[kind], number, match.start(kind))
            if filled:
                yield Token("end", "", number, len(line))
        last = len(self.lines) - (len(self.lines) > 1 and not self.lines[-1])
        yield Token("eof", "", last, len(self.lines[last - 1]))

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def error(
        self,
        expected: str,
        token: Token | None = None,
        why: str | None = None,
        attempt: str | None = None,
    ) -> ParseError:
        """The error that ``expected`` is not what stands at a token (the next one by default)."""
        return self.fault(f"expected {expected}", token or self.token, why, attempt)

    def fault(
        self, what: str, token: Token, why: str | None = None, attempt: str | None = None
    ) -> ParseError:
        """An error that points at a token."""
        column = token.column + 1
        before, behind = self._around(token)
        prefix = f"  {token.line} | {before}"
        # Tabs before the caret stay tabs, so that it stands below its token all the same.
        indent = "".join(mark if mark == "\t" else " " for mark in prefix)
        error = ParseError(
            f"line {token.line}: {what}",
            where=f"{self.name}:{token.line}:{column}" if self.name else None,
            context=f"{prefix}{behind}\n{indent}^ column {column}",
            why=why,
            attempt=attempt,
        )
        error.line, error.column = token.line, column
        return error

    def _around(self, token: Token) -> tuple[str, str]:
        """What a token's line says before it, and from there on: of a long line, what is near."""
        line, at, near = self.lines[token.line - 1], token.column, WIDEST // 2
        before, behind = line[:at], line[at:]
        if len(line) > WIDEST:
            before = before if at <= near else f"...{line[at - near : at]}"
            behind = behind if len(behind) <= near else f"{behind[:near]}..."
        return before, behind

    def at(self, kind: str, text: str | None = None) -> bool:
        """Whether the next token is of a kind (and reads so)."""
        token = self.tokens[self.position]
        return token.kind == kind and (text is None or token.text == text)

    def accept(self, kind: str, text: str | None = None) -> Token | None:
        """Take the next token if it fits."""
        token = self.tokens[self.position]
        if token.kind != kind or (text is not None and token.text != text):
            return None
        self.position += 1
        return token

    def expect(self, kind: str, expected: str, text: str | None = None) -> Token:
        """Take the next token. Raises ParseError if it does not fit."""
        token = self.accept(kind, text)
        if token is None:
            raise self.error(expected)
        return token

    def mark(self, mark: str) -> None:
        """Take a mark such as ``=``. Raises ParseError if something else comes next."""
        self.expect("mark", f"'{mark}'", mark)

    def end(self) -> None:
        """Take the end of a line."""
        self.expect("end", "the end of the line")

    def ends(self) -> Reader:
        """Take the ends of any number of lines."""
        while self.accept("end"):
            pass
        return self

    def separated(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        """Take one item or more, commas between them."""
        items = [item()]
        while self.accept("mark", ","):
            items.append(item())
        return tuple(items)

    def name_of(self, kind: str, expected: str) -> str:
        """Take a ``%value`` or an ``@constant`` and return its name."""
        token = self.expect(kind, expected)
        return self._unquoted(token, token.text[1:])

    def word(self, expected: str) -> str:
        """Take a bare word or a quoted string."""
        token = self.accept("string") or self.expect("word", expected)
        return self._unquoted(token, token.text)

    def integer(self, expected: str, least: int | None = None) -> int:
        """Take an integer, not below ``least`` if that is given."""
        token = self.expect("word", expected)
        if not _INTEGER.fullmatch(token.text):
            raise self.error(expected, token)
        if least is not None and int(token.text) < least:
            raise self.error(f"{expected}, {least} or more", token)
        return int(token.text)

    def type(self) -> TensorType:
        """Take a type."""
        token = self.expect("type", "a type such as f32[N,600,4]")
        try:
            return TensorType.parse(token.text)
        except ValueError as error:
            raise self.error("a type", token, str(error)) from error

    def attribute(self, depth: int = 0) -> Attribute:
        """Take an attribute's value. NaN is ``math.nan`` itself, so that equal stays equal."""
        opening = self.accept("mark", "(")
        if opening:
            if depth == DEEPEST:
                raise self.error(f"at most {DEEPEST} levels of parentheses", opening)
            values: list[Attribute] = []
            while not self.accept("mark", ")"):
                values.append(self.attribute(depth + 1))
                if not self.at("mark", ")"):
                    self.mark(",")
            return tuple(values)
        if self.at("string"):
            return self.word("a string")
        token = self.expect("word", "an attribute's value")
        if token.text in SPELLED:
            return SPELLED[token.text]
        if _INTEGER.fullmatch(token.text):
            return int(token.text)
        if NUMBER.fullmatch(token.text):
            return math.nan if token.text == "nan" else float(token.text)
        if BARE_WORD.fullmatch(token.text):
            return token.text
        raise self.error("an attribute's value", token)

    def _unquoted(self, token: Token, text: str) -> str:
        if not text.startswith('"'):
            return text
        try:
            return str(json.loads(text))
        except ValueError as error:
            raise self.error("a quoted string", token, str(error)) from error
