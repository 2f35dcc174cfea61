"""Read what `fastism.ir.printer` wrote: a module equal to the one that was printed.

Ranges are not taken on trust. Where a graph's text carries change and need, they are recomputed
from the sites and compared; a line that says otherwise is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fastism.errors import FastismError
from fastism.ir.analysis import annotated
from fastism.ir.builder import complete
from fastism.ir.graph import Attribute, Graph, Node, Value
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.origin import Origin
from fastism.ir.printer import change_text, interval_text, need_text, usual_name
from fastism.ir.text import Reader, Token
from fastism.ir.types import TensorType

_HEADER = re.compile(
    r'// fastism 1\s+stage=(?P<stage>"(?:[^"\\]|\\.)*"|\S+)'
    r'\s+after=(?P<after>"(?:[^"\\]|\\.)*"|\S+)'
    r'(?:\s+model=(?P<model>"(?:[^"\\]|\\.)*"|\S+))?'
    r"(?:\s+sha256:(?P<sha256>\S+))?\s*"
)
MOST_SITES = 10_000_000
"""More than any sequence has: text that asks for more is no module of ours."""

_FIELDS = ("segment", "mode", "stop", "layer", "kind", "node")
_Item = TypeVar("_Item")


def parse_module(text: str, constants: Mapping[str, Constant] | None = None) -> Module:
    """The module a text describes.

    ``constants`` gives the content of the weights and tables by name; those it lacks are left
    without content. Raises ParseError, naming the line, for anything that does not read, that
    contradicts ``constants``, or whose ranges are not those of its ops and sites.
    """
    return _ModuleParser(text, constants or {}).module()


@dataclass
class _Note:
    """The ranges printed for a value, where they stand, and the worked site if there is one."""

    token: Token
    change: str | None = None
    worked: tuple[int, str] | None = None
    need: str | None = None


class _ModuleParser:
    def __init__(self, text: str, given: Mapping[str, Constant]) -> None:
        self.reader = Reader(text)
        self.given = given
        self.constants: dict[str, Constant] = {}
        self.graphs: list[Graph] = []
        self.notes: list[dict[str, _Note]] = []
        self.sites: Sites | None = None
        self.seq_input = ""
        self.outputs: tuple[str, ...] = ()

    def module(self) -> Module:
        header = self._header()
        statements: dict[str, Callable[[], None]] = {
            "sites": self._sites,
            "seq_input": self._seq_input,
            "outputs": self._outputs,
            "constant": self._constant,
            "graph": self._graph,
        }
        while not self.reader.accept("eof"):
            keyword = self.reader.accept("word")
            if keyword is None or keyword.text not in statements:
                raise self.reader.error(f"one of {', '.join(statements)}", keyword)
            statements[keyword.text]()
            self.reader.expect("end", "the end of the line")
        module = Module(
            graphs=tuple(self.graphs),
            constants=self.constants,
            sites=self.sites,
            seq_input=self.seq_input,
            outputs=self.outputs,
            **header,
        )
        graphs = (
            self._annotated(graph, notes, module)
            for graph, notes in zip(self.graphs, self.notes, strict=True)
        )
        return module.with_graphs(graphs)

    def _header(self) -> dict[str, str]:
        first = self.reader.lines[0] if self.reader.lines else ""
        match = _HEADER.fullmatch(first)
        if match is None:
            expected = "the header '// fastism 1  stage=...  after=...  model=... sha256:...'"
            raise self.reader.error(expected, Token("", "", 1, 0))
        found = {key: text for key, text in match.groupdict().items() if text is not None}
        return {key: Reader(text).word(f"a {key}") for key, text in found.items()}

    def _sites(self) -> None:
        reader = self.reader
        token, step = reader.accept("interval"), 1
        if token is not None:
            start, stop = (int(end) for end in token.text[1:-1].split(","))
            if reader.accept("word", "step"):
                reader.mark("=")
                step = reader.integer("the distance between sites")
            if step < 1:
                raise reader.error("a step of 1 or more", token)
            sites = range(start, stop, step)
            if len(sites) > MOST_SITES:
                raise reader.error(f"at most {MOST_SITES:,} sites", token)
            starts = tuple(sites)
        else:
            starts = self._separated(lambda: reader.integer("where a site starts"))
        reader.expect("word", "'width='", "width")
        reader.mark("=")
        self.sites = Sites(starts, reader.integer("the width of the sites"))

    def _seq_input(self) -> None:
        self.seq_input = self.reader.name("value", "the value that is edited, as %name")

    def _outputs(self) -> None:
        self.outputs = self._separated(lambda: self.reader.word("the name of an output"))

    def _constant(self) -> None:
        reader, token = self.reader, self.reader.token
        name = reader.name("constant", "a constant, as @name")
        digest = reader.expect("hash", "the constant's hash, as #0123456789abcdef").text[1:]
        reader.mark(":")
        constant = Constant(self._type(), digest)
        given = self.given.get(name, constant)
        if given != constant:
            why = f"the content given for it is a {given.type} with hash {given.digest}"
            raise reader.error("the constant the text was printed with", token, why)
        if name in self.constants:
            raise reader.error("a constant that is not listed yet", token)
        self.constants[name] = given

    def _graph(self) -> None:
        reader = self.reader
        name = reader.name("constant", "the graph's name, as @name")
        self.notes.append({})
        self._lines()
        reader.mark("(")
        self._lines()
        inputs: list[Value] = []
        while not reader.accept("mark", ")"):
            value = reader.name("value", "an input, as %name, or ')'")
            reader.mark(":")
            inputs.append(self._value(value))
            if not self._lines().at("mark", ")"):
                reader.mark(",")
                self._lines()
        body = reader.at("mark", "{") and reader.tokens[reader.position + 1].kind == "end"
        attributes = {} if body else self._attributes()
        constants, _ = self._extras(())
        reader.mark("{")
        reader.expect("end", "the end of the line")
        nodes: list[Node] = []
        known = {value.name for value in inputs}
        while not reader.accept("word", "return"):
            nodes.append(self._node(known))
            known.update(value.name for value in nodes[-1].results)
            reader.expect("end", "the end of the line")
        outputs = () if reader.at("end") else self._separated(lambda: self._use(known))
        reader.expect("end", "the end of the line")
        reader.mark("}")
        self.graphs.append(Graph(name, tuple(inputs), tuple(nodes), outputs, attributes, constants))

    def _lines(self) -> Reader:
        while self.reader.accept("end"):
            pass
        return self.reader

    def _separated(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        items = [item()]
        while self.reader.accept("mark", ","):
            items.append(item())
        return tuple(items)

    def _type(self) -> TensorType:
        token = self.reader.expect("type", "a type such as f32[N,600,4]")
        try:
            return TensorType.parse(token.text)
        except ValueError as error:
            raise self.reader.error("a type", token, str(error)) from error

    def _use(self, known: set[str]) -> str:
        token = self.reader.token
        name = self.reader.name("value", "a value, as %name")
        if name not in known:
            raise self.reader.error("a value defined above", token)
        return name

    def _value(self, name: str) -> Value:
        """A type and, if they are there, the ranges: noted for :meth:`_annotated`."""
        reader = self.reader
        value, note = Value(name, self._type()), _Note(reader.token)
        if reader.accept("word", "change"):
            reader.mark("=")
            note.change = reader.word("a width, all or none")
            if reader.at("constant"):
                token = reader.token
                site = reader.name("constant", "a site")
                reader.mark(":")
                interval = self._intervals()
                if not site.isdigit() or not self.sites or int(site) not in self.sites.starts:
                    raise reader.error("the start of a site that is listed above", token)
                note.worked = (int(site), interval)
        if reader.accept("word", "need"):
            reader.mark("=")
            interval_token = reader.accept("interval")
            note.need = interval_token.text if interval_token else reader.word("all or none")
        self.notes[-1][name] = note
        return value

    def _node(self, known: set[str]) -> Node:
        reader = self.reader
        names = self._separated(lambda: reader.name("value", "a node, as %name : ..., or return"))
        reader.mark(":")
        results = [self._value(names[0])]
        for name in names[1:]:
            reader.mark(",")
            results.append(self._value(name))
        reader.mark("=")
        op_token = reader.token
        op = reader.word("an op")
        reader.mark("(")
        inputs = () if reader.at("mark", ")") else self._separated(lambda: self._use(known))
        reader.mark(")")
        attributes = self._attributes()
        try:
            attributes = complete(op, attributes)
        except FastismError as error:
            raise reader.error(
                "an op with the attributes it declares", op_token, str(error)
            ) from None
        constants, fields = self._extras(_FIELDS)
        name = str(fields.pop("node", usual_name(results)))
        origin = None
        if "layer" in fields or "kind" in fields:
            origin = Origin(str(fields.pop("layer", name)), str(fields.pop("kind", "")))
        node = Node(name, op, inputs, tuple(results), attributes, constants, origin)
        return node.replace(**fields)

    def _extras(
        self, known: tuple[str, ...]
    ) -> tuple[tuple[tuple[str, str], ...], dict[str, Attribute]]:
        """Constants with their roles, and fields of known names, up to the line's end or a body."""
        reader = self.reader
        constants: list[tuple[str, str]] = []
        fields: dict[str, Attribute] = {}
        expected = ", ".join(["a constant", *(f"{field}=" for field in known)])
        while not reader.at("end") and not reader.at("mark", "{"):
            token = reader.token
            if reader.at("constant"):
                name = self._reference()
                constants.append((name.rpartition(".")[2], name))
                continue
            key = reader.word(expected)
            reader.mark("=")
            if reader.at("constant"):
                constants.append((key, self._reference()))
            elif key not in known or key in fields:
                raise reader.error(f"{expected}, each once", token)
            else:
                fields[key] = reader.integer("a number") if key == "segment" else reader.word(key)
        return tuple(constants), fields

    def _attributes(self) -> dict[str, Attribute]:
        reader, attributes = self.reader, dict[str, Attribute]()
        if not reader.accept("mark", "{"):
            return attributes
        while not reader.accept("mark", "}"):
            token = reader.token
            key = reader.word("an attribute, or '}'")
            if key in attributes:
                raise reader.error("each attribute once", token)
            reader.mark("=")
            attributes[key] = reader.attribute()
            if not reader.at("mark", "}"):
                reader.mark(",")
        return attributes

    def _reference(self) -> str:
        reader, token = self.reader, self.reader.token
        name = reader.name("constant", "a constant")
        digest = reader.expect("hash", "the first digits of the constant's hash, as #01ab")
        if name not in self.constants:
            raise reader.error("a constant listed above the graphs", token)
        if not self.constants[name].digest.startswith(digest.text[1:]):
            why = f"@{name} is listed with #{self.constants[name].digest}"
            raise reader.error("the hash of the constant listed above", digest, why)
        return name

    def _intervals(self) -> str:
        """One interval, or several with ``+`` between them."""
        text = self.reader.expect("interval", "positions, as [start,stop)").text
        while plus := self.reader.accept("word", "+"):
            text += plus.text + self.reader.expect("interval", "positions, as [start,stop)").text
        return text

    def _annotated(self, graph: Graph, notes: Mapping[str, _Note], module: Module) -> Graph:
        """The graph with ranges recomputed, if its text has any; each must say the same."""
        printed = [note for note in notes.values() if note.change or note.need]
        if not printed:
            return graph
        try:
            result = annotated(graph, module)
        except (FastismError, ValueError, LookupError, AssertionError) as error:
            expected = "ranges that can be recomputed"
            raise self.reader.error(expected, printed[0].token, str(error)) from error
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
                raise self.reader.error(" ".join(texts), note.token, why)
        return result
