"""Values of more axes as rows: what an op leaves alone beside the positions is channels to it."""

from __future__ import annotations

from collections.abc import Set

from fastism.backends.native.moving import is_by_rows, wanted
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module
from fastism.ir.types import TensorType
from fastism.passes.fuse import REFERENCE


def as_rows(module: Module, graph: Graph) -> Graph:
    """The graph in which such ops, and element-wise ones, have positions and channels alone.

    Before::

        %heads : f32[M,4,2,6] = reshape(%x) {shape=(4,2,6)}
        %moved : f32[M,9,2,6] = place(%heads, %site) {width=9}
        %turn  : f32[M,2,9,6] = permute(%moved) {order=(2,1,3)}

    After::

        %heads      : f32[M,4,2,6] = reshape(%x) {shape=(4,2,6)}
        %heads.rows : f32[M,4,12]  = reshape(%heads) {shape=(4,12)}
        %moved.rows : f32[M,9,12]  = place(%heads.rows, %site) {width=9}
        %moved      : f32[M,9,2,6] = reshape(%moved.rows) {shape=(9,2,6)}
        %turn       : f32[M,2,9,6] = permute(%moved) {order=(2,1,3)}

    References that only such ops read are given as rows.
    """
    asked = wanted(module, graph)
    names = {node.name for node in graph.nodes if node.name in asked and is_by_rows(graph, node)}
    given = {value.name: _given(graph, value, names) for value in graph.inputs}
    rows = {name: name for name, value in given.items() if value is not graph.values[name]}
    nodes: list[Node] = []

    def named(name: str) -> str:
        name += ".rows"
        while name in graph.values or name in graph.by_name:
            name += "_"
        return name

    def read(name: str) -> str:
        type = graph.values[name].type
        if type.rank > 3 and name not in rows:
            rows[name] = named(name)
            nodes.append(_reshape(name, Value(rows[name], _merged(type))))
        return rows.get(name, name)

    for node in graph.nodes:
        if node.name not in names:
            nodes.append(node)
            continue
        inputs = tuple(map(read, node.inputs))
        made = Value(named(node.result.name), _merged(node.type))
        nodes.append(node.replace(name=made.name, inputs=inputs, results=(made,)))
        nodes.append(_reshape(made.name, node.result).replace(name=node.name, origin=node.origin))
        rows[node.result.name] = made.name
    return graph.replace(inputs=tuple(given.values()), nodes=tuple(nodes))


def _merged(type: TensorType) -> TensorType:
    """The type in which all axes behind the positions are one."""
    return type.with_shape(type.shape[0], type.length, type.elements // type.length)


def _reshape(source: str, made: Value) -> Node:
    shape = tuple(int(extent) for extent in made.type.shape[1:])
    return Node(made.name, "reshape", (source,), (made,), {"shape": shape})


def _given(graph: Graph, value: Value, names: Set[str]) -> Value:
    """An input, as rows if that is all it is read for."""
    users = graph.users[value.name]
    by_rows = all(user.op in REFERENCE and user.name in names for user in users)
    many = value.type.rank > 3 and value.name not in graph.outputs
    return Value(value.name, _merged(value.type)) if many and by_rows else value
