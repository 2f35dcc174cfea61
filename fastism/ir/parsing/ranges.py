"""Change and need ranges of the text: read, and held against what sites and ops give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastism.errors import FastismError
from fastism.ir.analysis import annotated
from fastism.ir.builder import RULE_FAULTS
from fastism.ir.graph import Graph
from fastism.ir.module import Module, Sites
from fastism.ir.parsing.reader import Reader, Token
from fastism.ir.printer import change_text, interval_text, need_text

_POSITIONS = "positions, as [start,stop)"


@dataclass
class Note:
    """The ranges printed for a value, where they stand, and the worked site if there is one."""

    token: Token
    change: str | None = None
    worked: tuple[int, str] | None = None
    need: str | None = None


def read_ranges(reader: Reader, sites: Sites | None) -> Note:
    """``change=19 @300:[291,310) need=all``, or any of that."""
    note = Note(reader.token)
    if reader.accept("word", "change"):
        reader.mark("=")
        note.change = reader.word("a width, all or none")
        if reader.at("constant"):
            token = reader.token
            site = reader.name_of("constant", "a site")
            reader.mark(":")
            interval = _intervals(reader)
            if not site.isdecimal() or sites is None or int(site) not in sites.starts:
                raise reader.error("the start of a site that is listed above", token)
            note.worked = (int(site), interval)
    if reader.accept("word", "need"):
        reader.mark("=")
        interval_token = reader.accept("interval")
        note.need = interval_token.text if interval_token else reader.word("all or none")
    return note


def _intervals(reader: Reader) -> str:
    """One interval, or several with ``+`` between them."""
    text = reader.expect("interval", _POSITIONS).text
    while plus := reader.accept("word", "+"):
        text += plus.text + reader.expect("interval", _POSITIONS).text
    return text


def with_ranges(reader: Reader, graph: Graph, notes: Mapping[str, Note], module: Module) -> Graph:
    """The graph with ranges recomputed, if its text has any; each must say the same."""
    printed = [note for note in notes.values() if note.change or note.need]
    if not printed:
        return graph
    try:
        result = annotated(graph, module)
    except (FastismError, *RULE_FAULTS) as error:
        expected = "ranges that can be recomputed"
        raise reader.error(expected, printed[0].token, str(error)) from error
    for value in result.values.values():
        assert value.change is not None
        assert value.need is not None
        note = notes[value.name]
        says = [note.change, note.need]
        gives = [change_text(value.change), need_text(value.need, value.type.length)]
        if note.worked is not None and module.sites is not None:
            site, interval = note.worked
            says.append(f"@{site}:{interval}")
            there = value.change.at(module.sites.starts.index(site))
            gives.append(f"@{site}:{interval_text(*there)}")
        if says != gives:
            texts = [f"change={gives[0]}", *gives[2:], f"need={gives[1]}"]
            why = "that is what the sites and the ops' rules give"
            raise reader.error(" ".join(texts), note.token, why)
    return result
