"""Chains of ops that put numbers in other places, as one such op: places of places are places."""

from __future__ import annotations

from fastism.backends.native.moving import is_link, wanted
from fastism.backends.native.rearranged import PERMUTED, REARRANGED, steps_of
from fastism.backends.native.support import PLAIN, has_native_form, is_rearranged
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module


def folded(module: Module, graph: Graph) -> Graph:
    """The graph with chains of such ops as one, so that values of more axes are never made.

    Before::

        %heads : f32[M,5,2,3] = reshape(%x) {shape=(5,2,3)}
        %turn  : f32[M,5,3,2] = permute(%heads) {order=(1,3,2)}
        %out   : f32[M,5,6]   = reshape(%turn) {shape=(5,6)}

    After::

        %out   : f32[M,5,6]   = permute(%x) {through=(all three)}
    """
    asked = wanted(module, graph)
    nodes = [_folded(module, graph, node) if node.name in asked else node for node in graph.nodes]
    return graph.replace(nodes=tuple(nodes)).prune()


def _folded(module: Module, graph: Graph, node: Node) -> Node:
    """A node that reads what the chain before it reads, where it ends one of two links or more."""
    if not is_link(node) or not _ends(graph, node):
        return node
    chain, source = [node], node.inputs[0]
    while (before := graph.producers.get(source)) is not None and is_link(before):
        chain.insert(0, before)
        source = before.inputs[0]
    made_here = before is None or has_native_form(module, graph, before)
    if len(chain) == 1 or not made_here or graph.values[source].type.rank > 3:
        return node
    if all(link.op in PLAIN for link in chain):
        shape = tuple(map(int, node.type.shape[1:]))
        return node.replace(op="reshape", inputs=(source,), attributes={"shape": shape})
    steps = tuple(step for link in chain for step in steps_of(link))
    return node.replace(op="permute", inputs=(source,), attributes={PERMUTED: steps})


def _ends(graph: Graph, node: Node) -> bool:
    """Whether what a node makes is of use where no other op of the kind reads it."""
    many = graph.values[node.inputs[0]].type.rank > 3 and node.op in REARRANGED
    return node.type.rank <= 3 and (many or is_rearranged(graph, node))
