"""Whether what one program keeps of the reference serves another, so that it is computed once."""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.module import Module


def serves(one: Module, other: Module) -> bool:
    """Whether the intout graph of ``one`` returns all that the one of ``other`` does.

    By the same operations on the same inputs and constants, under the same names.
    """
    alike = {value.name for value in one.main.inputs if value in other.main.inputs}
    for node in other.main.nodes:
        found = one.main.producers.get(node.results[0].name)
        if found is not None and alike.issuperset(node.inputs) and _same(one, found, other, node):
            alike.update(value.name for value in node.results)
    return alike.intersection(one.main.outputs).issuperset(other.main.outputs)


def _same(one: Module, found: Node, other: Module, node: Node) -> bool:
    def done(module: Module, node: Node) -> object:
        constants = {role: module.constants[name].digest for role, name in node.constants}
        results = [(value.name, value.type) for value in node.results]
        return node.op, node.inputs, dict(node.attributes), constants, results

    return done(one, found) == done(other, node)
