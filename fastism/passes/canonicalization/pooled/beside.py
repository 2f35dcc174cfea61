"""A pooled vector that stands beside every position's channels: what is made of it is added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.ir.analysis import EVERYWHERE, NOWHERE
from fastism.ir.graph import Node, Rewritten
from fastism.passes.canonicalization.pooled.last import convolved, is_alike_inside
from fastism.passes.canonicalization.pooled.spread import follows, once
from fastism.passes.canonicalization.scope import Scope


def vector_apart(node: Node, scope: Scope) -> Rewritten:
    """A convolution of ``[x, vector]`` becomes one of x, plus what it makes of the vector.

    Before::

        %rows : f32[N,60,3] = upsample(%vector) {factor=60}
        %both : f32[N,60,7] = concatenate(%x, %rows) {axis=2}
        %conv : f32[N,60,5] = conv1d(%both) {width=1} @conv.kernel @conv.bias

    After::

        %conv.local : f32[N,60,5] = conv1d(%x) {width=1} @conv.kernel.local @conv.bias
        %conv.few   : f32[N,1,5]  = conv1d(%vector) {width=1} @conv.kernel.vector
        %conv       : f32[N,60,5] = add(%conv.local, %conv.few)

    The vector's term is the same at all positions but those at padded ends. Only a vector that an
    edit changes is taken apart, and only from values that it changes on windows.
    """
    joined = scope.producer(node.inputs[0]) if node.op == "conv1d" else None
    if joined is None or joined.op != "concatenate" or joined["axis"] != 2:
        return node
    vectors = [name for name in joined.inputs if _is_vector(name, scope)]
    local = [name for name in joined.inputs if name not in vectors]
    still = [scope.reach.get(name) == NOWHERE for name in local]
    followed = [follows(name, scope) for name in local]
    if not vectors or not any(followed) or not all(map(max, still, followed)):
        return node
    mixed = node["groups"] == 1 and scope.alone(node.inputs[0])
    if not mixed or not is_alike_inside(node, scope):
        return node
    nodes: list[Node] = []
    own = scope.unique(f"{node.name}.local")
    constants = {**dict(node.constants), "kernel": _kernel(node, joined, local, "local", scope)}
    source = _joined(node, local, "local", scope, nodes)
    nodes.append(scope.node("conv1d", [source], own, node, node.attributes, constants))
    vector = _joined(node, [once(name, scope) for name in vectors], "vector", scope, nodes)
    scope.reach[vector] = EVERYWHERE
    kernel = _kernel(node, joined, vectors, "vector", scope)
    term = convolved(node, vector, kernel, scope, nodes)
    nodes.append(scope.node("add", [own, term], node.name, node))
    return tuple(nodes)


def _is_vector(name: str, scope: Scope) -> bool:
    """Whether a value is copies of one vector that an edit changes."""
    vector = once(name, scope)
    return vector != name and scope.reach.get(vector, EVERYWHERE) != NOWHERE


def _joined(node: Node, names: Sequence[str], what: str, scope: Scope, nodes: list[Node]) -> str:
    """One value with the channels of some."""
    if len(names) == 1:
        return names[0]
    name = scope.unique(f"{node.name}.{what}.joined")
    nodes.append(scope.node("concatenate", names, name, node, {"axis": 2}))
    return name


def _kernel(node: Node, joined: Node, names: Sequence[str], what: str, scope: Scope) -> str:
    """The rows of a convolution's kernel for some of the values it reads, joined."""
    kernel = scope.data(node, "kernel")
    assert kernel is not None
    ends = np.cumsum([scope.type(name).channels for name in joined.inputs])
    parts = np.split(kernel, ends[:-1], axis=1)
    kept = [part for name, part in zip(joined.inputs, parts, strict=True) if name in names]
    return scope.constant(node, f"kernel.{what}", np.concatenate(kept, axis=1))
