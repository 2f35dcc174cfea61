"""The lines above the graphs: the header, sites, inputs, outputs, and the constants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastism.errors import FastismError
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Constant, Sites
from fastism.ir.parsing.places import Places
from fastism.ir.parsing.reader import Reader, Token

_HEADER = re.compile(
    r'// fastism 1\s+stage=(?P<stage>"(?:[^"\\]|\\.)*"|\S+)'
    r'\s+after=(?P<after>"(?:[^"\\]|\\.)*"|\S+)'
    r'(?:\s+model=(?P<model>"(?:[^"\\]|\\.)*"|\S+))?'
    r"(?:\s+sha256:(?P<sha256>\S+))?\s*"
)
MOST_SITES = 10_000_000
"""More than any sequence has: text that asks for more is no module of ours."""


def read_header(reader: Reader, places: Places) -> dict[str, str]:
    """The fields of the first line, by name."""
    first = reader.lines[0]
    match = _HEADER.fullmatch(first)
    if match is None:
        expected = "the header '// fastism 1  stage=...  after=...  model=... sha256:...'"
        why = "the text is empty" if not "".join(reader.lines).strip() else None
        raise reader.error(expected, Token("", "", 1, 0), why)
    places.mark(Token("", "", 1, match.start("stage")), part="stage:")
    found: dict[str, str] = {}
    for key, text in match.groupdict().items():
        if text is None:
            continue
        token = Token("", "", 1, match.start(key))
        try:
            word = Reader(text)
            found[key] = word.word(f"a {key}")
            word.end()
        except FastismError as error:
            raise reader.error(f"a {key}, as a word or a quoted string", token) from error
    return found


def read_sites(reader: Reader) -> Sites:
    """``[0,30) step=2 width=1``, or starts between commas."""
    token, step = reader.accept("interval"), 1
    if token is not None:
        start, stop = _ends(reader, token)
        if reader.accept("word", "step"):
            reader.mark("=")
            step = reader.integer("the distance between sites")
        if step < 1:
            raise reader.error("a step of 1 or more", token)
        if (stop - start) // step > MOST_SITES:
            raise reader.error(f"at most {MOST_SITES:,} sites", token)
        starts = tuple(range(start, stop, step))
    else:
        starts = reader.separated(lambda: reader.integer("where a site starts"))
    reader.expect("word", "'width='", "width")
    reader.mark("=")
    return Sites(starts, reader.integer("the width of the sites"))


def _ends(reader: Reader, token: Token) -> tuple[int, int]:
    try:
        start, stop = (int(end) for end in token.text[1:-1].split(","))
    except ValueError as error:
        raise reader.error("positions, as [start,stop)", token, str(error)) from error
    return start, stop


INPUT_FIELDS = {
    "shape": "the model's own, without the batch axis",
    "tokens": "true where the model takes token numbers, and the graph one-hot rows",
    "turned": "true where the model has the channels before the positions",
    "layer": "the input layer's name, where the input has another",
}
"""What an input's line may say of how the model takes it."""


def read_input(reader: Reader) -> ModelInput:
    """``%name {shape=(600,), tokens=true}``: how the model takes an input."""
    name = reader.name_of("value", "an input that the model takes otherwise, as %name")
    whole, given = reader.token, dict[str, Any]()
    reader.mark("{")
    while not reader.accept("mark", "}"):
        token = reader.token
        key = reader.word("a field, or '}'")
        if key not in INPUT_FIELDS or key in given:
            raise reader.error(f"one of {', '.join(INPUT_FIELDS)}, each once", token)
        reader.mark("=")
        given[key] = reader.attribute()
        if not reader.at("mark", "}"):
            reader.mark(",")
    result = ModelInput(name, **{"shape": None, **given})
    if not result.typed:
        fields = "{shape=(600,)}, and tokens=true, turned=true, layer=name where they hold"
        raise reader.error(fields, whole)
    return result


class Constants:
    """The constants a text lists, with their content where it is given.

    given: constants by the names of the text. held: content by hash; with it, every constant that
    the text lists must be there.
    """

    def __init__(
        self, given: Mapping[str, Constant], held: Mapping[str, Constant] | None = None
    ) -> None:
        self.given = given
        self.held = held
        self.listed: dict[str, Constant] = {}

    def read(self, reader: Reader) -> None:
        """``@conv.kernel#30e7253af6ae89ae : f32[5,4,8]``."""
        token = reader.token
        name = reader.name_of("constant", "a constant, as @name")
        digest = reader.expect("hash", "the constant's hash, as #0123456789abcdef")
        reader.mark(":")
        constant = self._with_content(
            reader, token, digest, name, Constant(reader.type(), digest.text[1:])
        )
        if name in self.listed:
            raise reader.error("a constant that is not listed yet", token)
        self.listed[name] = constant

    def _with_content(
        self, reader: Reader, token: Token, digest: Token, name: str, constant: Constant
    ) -> Constant:
        found = self.given.get(name, constant)
        if self.held is not None:
            if constant.digest not in self.held:
                why = f"the weights given hold nothing with the hash {digest.text}"
                raise reader.fault(f"@{name} has no content", digest, why)
            found = self.held[constant.digest]
        if found != constant:
            why = f"the content given for it is a {found.type} with hash {found.digest}"
            raise reader.error("the constant the text was printed with", token, why)
        return found
