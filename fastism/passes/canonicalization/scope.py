"""What a rule works with: the graph and weights it reads, and new names and constants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fastism.ir.analysis import reach
from fastism.ir.builder import complete, infer
from fastism.ir.graph import Attribute, Graph, Node, Rewritten, Value
from fastism.ir.module import Constant, Module
from fastism.ir.ops import definition
from fastism.ir.types import TensorType
from fastism.passes.weights import weight

Array: TypeAlias = npt.NDArray[np.generic]
Rule: TypeAlias = "Callable[[Node, Scope], Rewritten]"


class Scope:
    """One application of one rule to the main graph of a module.

    ``graph`` is the graph before the rule; ``constants`` collects what the rule adds.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.graph: Graph = module.main
        self.constants: dict[str, Constant] = dict(module.constants)
        self._names = {*self.graph.values, *self.graph.by_name}
        self._derived: dict[tuple[object, str, Constant], str] = {}
        self._made: dict[str, Node] = {}

    def note(self, outcome: Rewritten) -> None:
        """Remember what the rule returned for a node, for the nodes behind it."""
        nodes = (outcome,) if isinstance(outcome, Node) else outcome
        self._made.update((v.name, n) for n in nodes if isinstance(n, Node) for v in n.results)

    def producer(self, name: str) -> Node | None:
        """The node that makes a value, as the rule left it; None for a graph input."""
        return self._made.get(name) or self.graph.producers.get(name)

    def type(self, name: str) -> TensorType:
        """The type of a value that a node reads, whether the rule made it or not."""
        made = self._made.get(name)
        values = made.results if made else (self.graph.values[name],)
        return next(value.type for value in values if value.name == name)

    def unique(self, name: str) -> str:
        """``name``, or ``name:2``, ``name:3``... where the graph has it; taken from now on."""
        free = _free(name, self._names)
        self._names.add(free)
        return free

    @cached_property
    def reach(self) -> dict[str, str]:
        """How far an edit reaches, by value: see `fastism.ir.analysis.reach`."""
        return dict(reach(self.graph, self.module.seq_input))

    def alone(self, name: str) -> bool:
        """Whether one node reads a value, and it is no output."""
        return name not in self.graph.outputs and len(self.graph.users.get(name, (None,))) == 1

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        like: Node,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> Node:
        """A new node of the layer of ``like``, its type inferred; the rule has to return it."""
        node = Node(
            name,
            op,
            tuple(inputs),
            (),
            complete(op, attributes or {}),
            tuple((constants or {}).items()),
            origin=like.origin,
        )
        roles = {role: self.constants[key].type for role, key in node.constants}
        (type_,) = infer(node, [self.type(source) for source in inputs], roles)
        node = node.replace(results=(Value(name, type_),))
        self._made[name] = node
        return node

    def data(self, node: Node, role: str) -> Array | None:
        """A weight of ``node``, or None if it has none in that role.

        Raises PassError if the module was read from text and holds no weights.
        """
        name = node.constant(role)
        return None if name is None else weight(self.module, node, name)

    def constant(self, node: Node, suffix: str, array: Array) -> str:
        """Store what was worked out from a node's weights as ``<node>.<suffix>``; returns the name.

        Nodes that share their weights share the result.
        """
        constant = Constant.of(array)
        key = (node.constants, suffix, constant)
        if key not in self._derived:
            self._derived[key] = _free(f"{node.name}.{suffix}", self.constants)
            self.constants[self._derived[key]] = constant
        return self._derived[key]


def is_function(node: Node) -> bool:
    """Whether a node is a function of each element of its one input, whatever the shape."""
    return definition(node.op).elementwise and len(node.inputs) == len(node.results) == 1


def applied(rule: Rule, module: Module) -> Module:
    """The module with ``rule`` applied to every node, and what nobody reads any more dropped."""
    scope = Scope(module)

    def noted(node: Node) -> Rewritten:
        outcome = rule(node, scope)
        scope.note(outcome)
        return outcome

    module = module.rewrite(noted)
    return module.replace(constants=scope.constants).used_constants()


def _free(name: str, taken: Container[str]) -> str:
    candidates = itertools.chain([name], (f"{name}:{count}" for count in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)
