"""Ops that native loops do as several others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastism.ir.builder import complete, infer
from fastism.ir.graph import Attribute, Graph, Node, Value
from fastism.ir.module import Module
from fastism.ir.types import TensorType

CONSTANT: Final = "@"
"""Before the name of a constant: that of the graph's input which holds it, as a lone sequence."""


def spelled_out(module: Module, graph: Graph) -> Graph:
    """The graph without the ops that others are written for.

    Before::

        %pool : f32[M,8] = softmax_pool(%scores, %values)

    After::

        %pool.most  : f32[M,1,1] = global_max_pool(%scores) {keepdims=true}
        %pool.less  : f32[M,9,1] = subtract(%scores, %pool.most)
        %pool.power : f32[M,9,1] = exponential(%pool.less)
        %pool.total : f32[M,1,1] = global_sum_pool(%pool.power) {keepdims=true}
        %pool.parts : f32[M,9,8] = multiply(%values, %pool.power)
        %pool.sum   : f32[M,1,8] = global_sum_pool(%pool.parts) {keepdims=true}
        %pool.mean  : f32[M,1,8] = divide(%pool.sum, %pool.total)
        %pool       : f32[M,8]   = reshape(%pool.mean) {shape=(8)}
    """
    every = [_Spelling(module, graph, node) for node in graph.nodes if _is_spelled(node)]
    by_node = {each.node.name: each for each in every}
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += by_node[node.name].nodes if node.name in by_node else [node]
    held = {value.name: value for each in every for value in each.inputs}
    return graph.replace(inputs=(*graph.inputs, *held.values()), nodes=tuple(nodes))


def is_constant(value: Value) -> bool:
    """Whether an input of a spelled graph is a constant: a sequence that is the same for all."""
    return value.type.shape[0] == 1


def _is_spelled(node: Node) -> bool:
    return node.op in SPELLED and node.type.dtype == "f32" and node.type.shape[0] == "M"


class _Spelling:
    """The nodes that stand for one, the last of them under its name.

    inputs: of the graph, beside those that it has: constants.
    """

    def __init__(self, module: Module, graph: Graph, node: Node) -> None:
        self.node = node
        self.nodes: list[Node] = []
        self.inputs: list[Value] = []
        self._module = module
        self._graph = graph
        self._types = {name: graph.values[name].type for name in node.inputs}
        SPELLED[node.op](self, *node.inputs)
        last = self.nodes.pop()
        self.nodes.append(last.replace(name=node.name, results=node.results))

    def type(self, name: str) -> TensorType:
        """The type of a value that is read, or was made."""
        return self._types[name]

    def then(
        self,
        label: str,
        op: str,
        *inputs: str,
        constants: tuple[tuple[str, str], ...] = (),
        **attributes: Attribute,
    ) -> str:
        """One more node; the name of its result."""
        node, graph = self.node, self._graph
        name = f"{node.name}.{label}"
        while name in graph.values or name in graph.by_name:
            name += "_"
        made = Node(name, op, inputs, (), complete(op, attributes), constants, node.origin)
        types = [self._types[each] for each in inputs]
        (self._types[name],) = infer(made, types, self._module.constant_types(made))
        self.nodes.append(made.replace(results=(Value(name, self._types[name]),)))
        return name

    def positions(self, role: str) -> str:
        """A constant of a number a position, as a lone sequence with one channel."""
        constant = self.node.constant(role)
        assert constant is not None
        name = CONSTANT + constant
        (length,) = self._module.constants[constant].type.shape
        self._types[name] = TensorType("f32", (1, length, 1))
        self.inputs.append(Value(name, self._types[name]))
        return name


def _softmax_pool(spell: _Spelling, scores: str, values: str) -> None:
    most = spell.then("most", "global_max_pool", scores, keepdims=True)
    power = spell.then("power", "exponential", spell.then("less", "subtract", scores, most))
    total = spell.then("total", "global_sum_pool", power, keepdims=True)
    parts = spell.then("parts", "multiply", values, power)
    summed = spell.then("sum", "global_sum_pool", parts, keepdims=True)
    mean = spell.then("mean", "divide", summed, total)
    spell.then("pool", "reshape", mean, shape=(spell.type(values).channels,))


def _scale_positions(spell: _Spelling, delta: str, site: str) -> None:
    width = spell.type(delta).length
    start = tuple(each for each in spell.node.constants if each[0] == "start")
    factors = spell.positions("factor")
    window = spell.then(
        "window", "window", factors, site, site, constants=start, width=width, fill=1.0
    )
    spell.then("scaled", "multiply", delta, spell.then("factors", "expand", window, delta))


def _weigh_reference(spell: _Spelling, vector: str, reference: str) -> None:
    rows = spell.then("rows", "reshape", vector, shape=(spell.type(vector).channels, 1))
    each = spell.then("each", "expand", reference, vector)
    spell.then("sum", "global_sum_pool", spell.then("parts", "multiply", each, rows))


SPELLED: Final[dict[str, Callable[..., None]]] = {
    "softmax_pool": _softmax_pool,
    "scale_positions": _scale_positions,
    "weigh_reference": _weigh_reference,
}
"""Spellings by op: of a node's inputs, and what they are written with."""
