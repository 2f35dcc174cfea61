"""A graph of the text: its inputs, its nodes, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastism.errors import did_you_mean
from fastism.ir.graph import Attribute, Graph, Node, Value
from fastism.ir.module import Constant, Sites
from fastism.ir.ops.registry import REQUIRED, definition, names
from fastism.ir.origin import Origin
from fastism.ir.parsing.places import Places
from fastism.ir.parsing.ranges import Note, read_ranges
from fastism.ir.parsing.reader import Reader, Token
from fastism.ir.printer import usual_name

NODE_FIELDS = {
    "segment": "the number of the segment it runs in",
    "mode": "how it runs once a mutation",
    "stop": "why locality ends there",
    "layer": "the layer of the model it comes from, where that is called otherwise",
    "kind": "the class of that layer",
    "node": "the node's own name, where that is not its first result's",
}
"""What a node's line may say behind its op, attributes and constants."""


@dataclass
class GraphReader:
    """Reads the graph of number ``index`` in the module; notes where its pieces stand.

    strict: refuse a second definition of a value at once, not leave it to the verifier.
    notes: what is printed of the ranges of its values, by name.
    """

    reader: Reader
    places: Places
    index: int
    constants: Mapping[str, Constant]
    sites: Sites | None
    strict: bool
    notes: dict[str, Note] = field(default_factory=dict)

    def read(self) -> Graph:
        """From the graph's name to its closing brace."""
        reader = self.reader
        self.places.mark(reader.token, self.index)
        name = reader.name_of("constant", "the graph's name, as @name")
        reader.ends().mark("(")
        inputs: list[Value] = []
        known: dict[str, Token] = {}
        while not reader.ends().accept("mark", ")"):
            self.places.mark(reader.token, self.index, part=f"input {len(inputs)}")
            value = self._defined(known, known, "an input, as %name, or ')'")
            reader.mark(":")
            inputs.append(self._value(value))
            if not reader.ends().at("mark", ")"):
                reader.mark(",")
        body = reader.at("mark", "{") and reader.tokens[reader.position + 1].kind == "end"
        attributes = {} if body else self._attributes(None, None)
        constants, _ = self._extras((), None)
        reader.mark("{")
        reader.end()
        nodes: list[Node] = []
        while True:
            self.places.mark(reader.token, self.index, part="outputs")
            if reader.accept("word", "return"):
                break
            nodes.append(self._node(known, len(nodes)))
            reader.end()
        outputs = () if reader.at("end") else reader.separated(lambda: self._use(known))
        reader.end()
        reader.mark("}")
        return Graph(name, tuple(inputs), tuple(nodes), outputs, attributes, constants)

    def _defined(self, known: dict[str, Token], made: dict[str, Token], expected: str) -> str:
        """The name of a value that is defined here, noted in ``made``."""
        token = self.reader.token
        name = self.reader.name_of("value", expected)
        before = known.get(name) or made.get(name)
        if self.strict and before is not None:
            why = f"line {before.line} defines it already"
            raise self.reader.fault(f"%{name} is defined twice", token, why)
        made[name] = token
        return name

    def _value(self, name: str) -> Value:
        value = Value(name, self.reader.type())
        self.notes[name] = read_ranges(self.reader, self.sites)
        return value

    def _use(self, known: Mapping[str, Token]) -> str:
        token = self.reader.token
        name = self.reader.name_of("value", "a value, as %name")
        if name not in known:
            attempt = did_you_mean(f"%{name}", (f"%{each}" for each in known))
            raise self.reader.error("a value defined above", token, attempt=attempt)
        return name

    def _node(self, known: dict[str, Token], number: int) -> Node:
        reader = self.reader
        self.places.mark(reader.token, self.index, number)
        expected, made = "a node, as %name : ..., or return", dict[str, Token]()
        defined = reader.separated(lambda: self._defined(known, made, expected))
        reader.mark(":")
        self.places.mark(reader.token, self.index, number, "type")
        results = [self._value(defined[0])]
        for name in defined[1:]:
            reader.mark(",")
            results.append(self._value(name))
        reader.mark("=")
        op_token = reader.token
        self.places.mark(op_token, self.index, number, "op")
        op = reader.word("an op")
        reader.mark("(")
        self.places.mark(reader.token, self.index, number, "inputs")
        inputs = () if reader.at("mark", ")") else reader.separated(lambda: self._use(known))
        reader.mark(")")
        known.update(made)
        attributes = self._completed(op, op_token, number)
        constants, fields = self._extras(tuple(NODE_FIELDS), number)
        name = str(fields.pop("node", usual_name(results)))
        origin = None
        if "layer" in fields or "kind" in fields:
            origin = Origin(str(fields.pop("layer", name)), str(fields.pop("kind", "")))
        return Node(name, op, inputs, tuple(results), attributes, constants, origin, **fields)  # type: ignore[arg-type]

    def _completed(self, op: str, token: Token, number: int) -> dict[str, Attribute]:
        """A node's attributes with the op's defaults filled in."""
        reader = self.reader
        if op not in names():
            near = did_you_mean(op, names())
            why = f"there is no op {op!r}; examples/custom_op.py registers one"
            what = f"unknown op {op!r}"
            raise reader.fault(f"{what}: {near}" if near else what, token, why)
        declared = definition(op).attributes
        attributes = self._attributes(op, number)
        missing = sorted(
            key
            for key, default in declared.items()
            if default == REQUIRED and attributes.get(key, REQUIRED) == REQUIRED
        )
        if missing:
            what = f"op {op!r} needs the attribute {', '.join(missing)}"
            raise reader.fault(what, token, attempt=f"{op}(...) {{{missing[0]}=...}}")
        return {**declared, **attributes}

    def _attributes(self, op: str | None, number: int | None) -> dict[str, Attribute]:
        """``{width=5, pad=same}``: of a node with this op, or of the graph."""
        reader, attributes = self.reader, dict[str, Attribute]()
        if not reader.accept("mark", "{"):
            return attributes
        while not reader.accept("mark", "}"):
            token = reader.token
            key = reader.word("an attribute, or '}'")
            if key in attributes:
                raise reader.error("each attribute once", token)
            if op is not None and key not in definition(op).attributes:
                raise self._unknown_attribute(op, key, token)
            self.places.mark(token, self.index, number, key)
            reader.mark("=")
            attributes[key] = reader.attribute()
            if not reader.at("mark", "}"):
                reader.mark(",")
        return attributes

    def _unknown_attribute(self, op: str, key: str, token: Token) -> Exception:
        known = definition(op).attributes
        near, what = did_you_mean(key, known), f"unknown attribute {key!r}"
        why = f"op {op!r} has no attribute {key}; it has {', '.join(known) or 'none'}"
        return self.reader.fault(f"{what}: {near}" if near else what, token, why)

    def _extras(
        self, known: tuple[str, ...], number: int | None
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
                self.places.mark(token, self.index, number, constants[-1][0])
                continue
            key = reader.word(expected)
            reader.mark("=")
            self.places.mark(token, self.index, number, key)
            if reader.at("constant"):
                constants.append((key, self._reference()))
            elif key not in known or key in fields:
                attempt = did_you_mean(key, known) if key not in known else None
                raise reader.error(f"{expected}, each once", token, attempt=attempt)
            elif key == "segment":
                fields[key] = reader.integer("the number of a segment", least=0)
            else:
                fields[key] = reader.word(key)
        return tuple(constants), fields

    def _reference(self) -> str:
        reader, token = self.reader, self.reader.token
        name = reader.name_of("constant", "a constant")
        digest = reader.expect("hash", "the first digits of the constant's hash, as #01ab")
        if name not in self.constants:
            attempt = did_you_mean(f"@{name}", (f"@{each}" for each in self.constants))
            raise reader.error("a constant listed above the graphs", token, attempt=attempt)
        if not self.constants[name].digest.startswith(digest.text[1:]):
            why = f"@{name} is listed with #{self.constants[name].digest}"
            raise reader.error("the hash of the constant listed above", digest, why)
        return name
