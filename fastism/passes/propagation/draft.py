"""The graph being written: its nodes, its site tables, and what it saves of the reference."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from fastism.ir.builder import GraphBuilder, complete, infer
from fastism.ir.graph import Attribute, Node, Value
from fastism.ir.module import Constant, Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT, INDICES
from fastism.ir.ranges import IntArray
from fastism.ir.types import TensorType

SEQUENCE, SITE = INDICES
"""Inputs of every propagation graph: each pair's sequence and site; EDIT is each item's delta.

The slash in them keeps them apart from Keras names, which have none."""


class Draft:
    """Collects the nodes of one propagation graph for a group of sites.

    ``constants`` receives the site tables. ``source`` is the segmented graph.
    """

    def __init__(
        self, name: str, module: Module, constants: dict[str, Constant], sites: IntArray
    ) -> None:
        assert module.sites is not None
        self.source = module.main
        self.sites = sites
        self.builder = GraphBuilder(name, constants)
        self.saved: dict[str, TensorType] = {}
        self.derived: dict[str, Node] = {}
        self._made: dict[Hashable, str] = {}
        self.builder.reserve(self.source.values)
        edited = self.source.values[module.seq_input].type
        index = TensorType("i32", ("P",))
        self.builder.input(SEQUENCE, index)
        self.builder.input(SITE, index)
        self.builder.input(EDIT, edited.with_batch("M").with_length(module.sites.width))

    def length(self, name: str) -> int:
        """Positions of a value of the source."""
        return self.source.values[name].type.length

    def relation(self, node: Node, position: int) -> object:
        """The window relation of one input of a source node."""
        types = self.source.types(node.inputs)
        return definition(node.op).relation(node, types)[position]

    def once(self, key: Hashable, make: Callable[[], str]) -> str:
        """What ``make`` writes for a key, written when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, str] | None = None,
        like: Node | None = None,
    ) -> str:
        """Append a node; its origin is that of ``like``."""
        return self.builder.add(
            op,
            inputs,
            name=name,
            attributes=attributes,
            constants=constants,
            origin=like.origin if like else None,
        )

    def copy(
        self, node: Node, inputs: Sequence[str], name: str, *, without: Sequence[str] = ()
    ) -> str:
        """Append a source node on other inputs, leaving out constants in some roles."""
        constants = {role: key for role, key in node.constants if role not in without}
        results = [value.type.with_batch("M") for value in node.results]
        return self.builder.add(
            node.op,
            inputs,
            name=name,
            attributes=node.attributes,
            constants=constants,
            origin=node.origin,
            results=results,
        )

    def table(self, name: str, start: IntArray) -> str:
        """An i32 constant with one entry a site; equal tables are stored once."""
        array = np.ascontiguousarray(start, dtype=np.int32)
        label = f"{self.builder.name}/{name}.start"
        return self.once(array.tobytes(), lambda: self.builder.constant(label, array))

    def save(self, name: str, type_: TensorType) -> str:
        """Ask the intout graph for a value; returns its name, the same in both graphs."""
        if name not in self.saved:
            self.saved[name] = type_
            self.builder.input(name, type_, exact=True)
        return name

    def derive(
        self,
        op: str,
        sources: Sequence[str],
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> str:
        """Ask the intout graph for what an op makes of reference activations.

        All groups of sites ask under the same ``name`` for the same thing.
        """
        while name in self.source.values:
            name += "'"
        maker = self.source.producers.get(sources[-1])
        given = complete(op, attributes or {})
        node = Node(name, op, tuple(sources), (), given, tuple((constants or {}).items()))
        roles = {role: self.builder.constants[key].type for role, key in node.constants}
        (type_,) = infer(node, self.source.types(sources), roles)
        self.derived[name] = node.replace(
            results=(Value(name, type_),), origin=maker.origin if maker else None
        )
        return self.save(name, type_)
