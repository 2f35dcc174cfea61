"""Build a graph node by node, with types inferred and attributes filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy.typing as npt

from fastism.errors import VerifyError
from fastism.ir.graph import Attribute, Graph, Node, Value
from fastism.ir.module import Constant
from fastism.ir.ops.registry import REQUIRED, definition
from fastism.ir.origin import Origin
from fastism.ir.types import TensorType

RULE_FAULTS = (ValueError, TypeError, LookupError, AssertionError, ArithmeticError)
"""What an op's rule may raise on attributes and types that it was not written for."""


def complete(op: str, attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Attributes with the op's defaults filled in. Raises VerifyError where they do not fit."""
    declared = definition(op).attributes
    unknown = sorted(set(attributes) - set(declared))
    if unknown:
        raise VerifyError(f"op {op!r} has no attribute {', '.join(unknown)}")
    merged = {**declared, **attributes}
    missing = sorted(name for name, value in merged.items() if value == REQUIRED)
    if missing:
        raise VerifyError(f"op {op!r} needs the attribute {', '.join(missing)}")
    return merged


def infer(
    node: Node, types: Sequence[TensorType], roles: Mapping[str, TensorType]
) -> tuple[TensorType, ...]:
    """The result types of a node. Raises VerifyError, naming the node, where they do not fit."""
    try:
        return definition(node.op).infer(node, tuple(types), roles)
    except RULE_FAULTS as error:
        where = f"layer {node.origin.layer!r}" if node.origin else f"node %{node.name}"
        raise VerifyError(
            f"{node.op} %{node.name} does not type-check",
            where=where,
            why=str(error) or type(error).__name__,
        ) from error


class GraphBuilder:
    """Collects nodes of one graph, and constants shared by the graphs of one module.

    >>> constants = {}
    >>> builder = GraphBuilder("main", constants)
    >>> x = builder.input("seq", TensorType.parse("f32[N,600,4]"))
    >>> y = builder.add("relu", [x], name="act")
    >>> graph = builder.finish([y])
    """

    def __init__(self, name: str, constants: dict[str, Constant]) -> None:
        self.name = name
        self.constants = constants
        self.values: dict[str, Value] = {}
        self._inputs: list[Value] = []
        self._nodes: list[Node] = []
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """``name``, or ``name:2``, ``name:3``... where it is taken."""
        if name not in self._taken and name not in self.values:
            return name
        count = 2
        while f"{name}:{count}" in self._taken or f"{name}:{count}" in self.values:
            count += 1
        return f"{name}:{count}"

    @property
    def last(self) -> Node:
        """The node appended last."""
        return self._nodes[-1]

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names from being given to nodes; only an exact input may take one."""
        self._taken.update(names)

    def input(self, name: str, type: TensorType, *, exact: bool = False) -> str:
        """Declare a graph input; returns its value's name, which is ``name`` itself if exact."""
        value = Value(name if exact else self.unique(name), type)
        self._inputs.append(value)
        self.values[value.name] = value
        return value.name

    def constant(self, name: str, array: npt.ArrayLike) -> str:
        """Store an array under a name. The same name and content are stored once."""
        constant = Constant.of(array)
        key, count = name, 2
        while key in self.constants and self.constants[key] != constant:
            key, count = f"{name}:{count}", count + 1
        self.constants.setdefault(key, constant)
        return key

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        *,
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        results: Sequence[TensorType] | None = None,
    ) -> str:
        """Append a node and return the name of its (first) result.

        ``constants`` maps roles to names returned by :meth:`constant`. ``results`` gives the result
        types of ops that cannot infer them (``call``, ``opaque``). A node with several results
        names them ``name!0``, ``name!1``...
        """
        name = self.unique(name)
        self._taken.add(name)
        node = Node(
            name=name,
            op=op,
            inputs=tuple(inputs),
            results=self._named(name, results or ()),
            attributes=complete(op, attributes or {}),
            constants=tuple((constants or {}).items()),
            origin=origin,
        )
        types = [self.values[source].type for source in node.inputs]
        roles = {role: self.constants[key].type for role, key in node.constants}
        node = node.replace(results=self._named(name, infer(node, types, roles)))
        return self.append(node)

    def append(self, node: Node) -> str:
        """Append a finished node; returns the name of its first result."""
        self._taken.add(node.name)
        self._nodes.append(node)
        self.values.update((value.name, value) for value in node.results)
        return node.results[0].name

    @staticmethod
    def _named(name: str, types: Sequence[TensorType]) -> tuple[Value, ...]:
        if len(types) == 1:
            return (Value(name, types[0]),)
        return tuple(Value(f"{name}!{index}", type) for index, type in enumerate(types))

    def finish(self, outputs: Sequence[str]) -> Graph:
        """The graph."""
        return Graph(self.name, tuple(self._inputs), tuple(self._nodes), tuple(outputs))
