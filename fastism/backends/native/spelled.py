"""Ops that native loops do as several others."""

from __future__ import annotations

from fastism.ir.builder import complete, infer
from fastism.ir.graph import Attribute, Graph, Node, Value


def spelled_out(graph: Graph) -> Graph:
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
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _softmax_pool(graph, node) if node.op == "softmax_pool" else [node]
    return graph.replace(nodes=tuple(nodes))


def _softmax_pool(graph: Graph, node: Node) -> list[Node]:
    scores, values = node.inputs
    nodes: list[Node] = []
    types = {name: graph.values[name].type for name in node.inputs}

    def then(label: str, op: str, *inputs: str, **attributes: Attribute) -> str:
        name = f"{node.name}.{label}"
        while name in graph.values or name in graph.by_name:
            name += "_"
        made = Node(name, op, inputs, (), complete(op, attributes), origin=node.origin)
        (types[name],) = infer(made, [types[each] for each in inputs], {})
        nodes.append(made.replace(results=(Value(name, types[name]),)))
        return name

    most = then("most", "global_max_pool", scores, keepdims=True)
    power = then("power", "exponential", then("less", "subtract", scores, most))
    total = then("total", "global_sum_pool", power, keepdims=True)
    parts = then("parts", "multiply", values, power)
    mean = then("mean", "divide", then("sum", "global_sum_pool", parts, keepdims=True), total)
    then("pool", "reshape", mean, shape=(types[values].channels,))
    last = nodes.pop()
    return [*nodes, last.replace(name=node.name, results=node.results)]
