"""The graph as plain frozen data: values, nodes, and the tuple of nodes that is a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from fastism.ir.origin import Origin
from fastism.ir.ranges import Interval, Range
from fastism.ir.types import TensorType

if TYPE_CHECKING:
    import networkx as nx

Scalar: TypeAlias = bool | int | float | str | None
Attribute: TypeAlias = Scalar | tuple["Attribute", ...]
"""What an attribute may hold; a tuple may nest."""

Rewritten: TypeAlias = "Node | str | tuple[Node, ...]"
"""What a rewrite returns for a node: a node, the value that takes its place, or several nodes."""


@dataclass(frozen=True)
class Value:
    """A named tensor. ``change`` and ``need`` are filled in by the annotate pass."""

    name: str
    type: TensorType
    change: Range | None = None
    need: Interval | None = None

    @property
    def window(self) -> Range:
        """change ∩ need of an annotated value: what an edit alters and some output can see."""
        assert self.change is not None
        assert self.need is not None
        return self.change.intersect(self.need)


@dataclass(frozen=True)
class Node:
    """One operation: ``results = op(inputs) {attributes} @constants``.

    ``constants`` pairs a role of the op (``kernel``) with the name of a constant of the module.
    ``segment``, ``mode`` and ``stop`` are filled in by the segment pass: the run the node executes
    in, how (``reference``, ``delta``, ``exit`` or ``whole``), and, where locality ends, why.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    results: tuple[Value, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    constants: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None
    segment: int | None = None
    mode: str | None = None
    stop: str | None = None

    def __post_init__(self) -> None:
        ordered = dict(sorted(self.attributes.items()))
        object.__setattr__(self, "attributes", MappingProxyType(ordered))

    def __getitem__(self, attribute: str) -> Attribute:
        return self.attributes[attribute]

    def integer(self, attribute: str, default: int = 0) -> int:
        """An attribute that is an int. Raises ValueError if it is not."""
        value = self.attributes.get(attribute, default)
        if not isinstance(value, int):
            raise ValueError(f"{attribute}={value!r} is not a whole number")
        return value

    def count(self, attribute: str, default: int = 1, *, least: int = 1) -> int:
        """An attribute that counts something. Raises ValueError if it is below ``least``."""
        value = self.integer(attribute, default)
        if value < least:
            raise ValueError(f"{attribute}={value} is below {least}")
        return value

    def number(self, attribute: str, default: float = 0.0) -> float:
        """An attribute that is a number. Raises ValueError if it is not."""
        value = self.attributes.get(attribute, default)
        if not isinstance(value, (int, float)):
            raise ValueError(f"{attribute}={value!r} is not a number")
        return float(value)

    @property
    def result(self) -> Value:
        """The only result of a node that has one."""
        (value,) = self.results
        return value

    @property
    def labels(self) -> frozenset[str]:
        """What it may be called by: its name, its layer's, and those of the models around that."""
        parts = self.origin.layer.split("/") if self.origin else []
        paths = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        return frozenset((self.name, *paths))

    @property
    def type(self) -> TensorType:
        """The type of the only result."""
        return self.result.type

    def constant(self, role: str) -> str | None:
        """The name of the constant in a role, if the node has it."""
        return dict(self.constants).get(role)

    def replace(self, **changes: object) -> Node:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_attributes(self, **attributes: Attribute) -> Node:
        """A copy with some attributes set."""
        return self.replace(attributes={**self.attributes, **attributes})

    def __hash__(self) -> int:
        return hash((self.name, self.op, self.inputs))


@dataclass(frozen=True)
class Graph:
    """Nodes in an order where every value is defined before it is used.

    ``attributes`` and ``constants`` (pairs of a role and a constant's name) belong to the graph as
    a whole: the split and schedule passes note there which sites a propagation graph is for.
    """

    name: str
    inputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    constants: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        ordered = dict(sorted(self.attributes.items()))
        object.__setattr__(self, "attributes", MappingProxyType(ordered))

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """Every value by name, inputs included."""
        table = {value.name: value for value in self.inputs}
        for node in self.nodes:
            table.update((value.name, value) for value in node.results)
        return MappingProxyType(table)

    @cached_property
    def producers(self) -> Mapping[str, Node]:
        """The node that defines each value; graph inputs have none."""
        return MappingProxyType({v.name: node for node in self.nodes for v in node.results})

    @cached_property
    def users(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that read each value, in order, each once."""
        table: dict[str, list[Node]] = {name: [] for name in self.values}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                table[name].append(node)
        return MappingProxyType({name: tuple(nodes) for name, nodes in table.items()})

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """Every node by its own name."""
        return MappingProxyType({node.name: node for node in self.nodes})

    def types(self, names: Iterable[str]) -> tuple[TensorType, ...]:
        """The types of some values."""
        return tuple(self.values[name].type for name in names)

    def to_networkx(self) -> nx.DiGraph:
        """Nodes and graph inputs as vertices (by name), an edge from producer to user.

        Vertices carry ``op``; edges carry ``value``, the value that flows along them.
        """
        import networkx as nx  # a tenth of a second, which running a plan can do without

        graph = nx.DiGraph(name=self.name)
        for value in self.inputs:
            graph.add_node(value.name, op="input")
        for node in self.nodes:
            graph.add_node(node.name, op=node.op)
            for name in node.inputs:
                source = self.producers.get(name)
                graph.add_edge(source.name if source else name, node.name, value=name)
        return graph

    def replace(self, **changes: object) -> Graph:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def rewrite(self, rule: Callable[[Node], Rewritten]) -> Graph:
        """Apply ``rule`` to every node, in order.

        The rule returns the node (changed or not), the name of the value that takes its place, or
        a tuple of nodes to stand in its stead; uses of a replaced value follow.
        """
        renamed: dict[str, str] = {}
        nodes: list[Node] = []
        for node in self.nodes:
            inputs = tuple(renamed.get(name, name) for name in node.inputs)
            outcome = rule(node if inputs == node.inputs else node.replace(inputs=inputs))
            if isinstance(outcome, str):
                renamed[node.result.name] = outcome
            else:
                nodes.extend((outcome,) if isinstance(outcome, Node) else outcome)
                if isinstance(outcome, tuple) and outcome and len(node.results) == 1:
                    renamed[node.result.name] = outcome[-1].results[0].name
        outputs = tuple(renamed.get(name, name) for name in self.outputs)
        return self.replace(nodes=tuple(nodes), outputs=outputs)

    def prune(self) -> Graph:
        """Drop the nodes no output depends on. Graph inputs stay."""
        used = set(self.outputs)
        kept: list[Node] = []
        for node in reversed(self.nodes):
            if any(value.name in used for value in node.results):
                kept.append(node)
                used.update(node.inputs)
        return self.replace(nodes=tuple(reversed(kept)))
