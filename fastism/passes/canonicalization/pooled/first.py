"""Pool before channels are mixed, scaled or shifted: that is done once, not at all positions."""

from __future__ import annotations

import numpy as np

from fastism.ir.analysis import EVERYWHERE
from fastism.ir.graph import Node, Rewritten
from fastism.ir.types import NUMPY_DTYPES
from fastism.passes.canonicalization.pooled.spread import (
    SHIFTS,
    Spread,
    follows,
    never_negative,
    spread,
)
from fastism.passes.canonicalization.scope import Scope

SUMS = ("global_average_pool", "global_sum_pool")


def pool_first(node: Node, scope: Scope) -> Rewritten:
    """``mean(conv(x) * s + b)`` becomes ``conv(mean(x)) * s + b``, for convolutions of width 1.

    Before::

        %gate : f32[N,60,8] = multiply(%x, %excite)
        %conv : f32[N,60,5] = conv1d(%gate) {width=1} @conv.kernel @conv.bias
        %mean : f32[N,5]    = global_average_pool(%conv)

    After::

        %mean.2 : f32[N,8] = global_average_pool(%x)
        %mean.1 : f32[N,8] = multiply(%mean.2, %excite')
        %mean   : f32[N,5] = dense(%mean.1) @conv.kernel' @conv.bias

    A sum takes what is added as often as there are positions. Of the largest, a factor comes out
    that is never negative, and any term.
    """
    if node.op not in (*SUMS, "global_max_pool"):
        return node
    pools = _Pools(node, scope)
    pools.write(node.inputs[0], node.name)
    return tuple(pools.nodes)


class _Pools:
    """One global pool, written in front of what stands before it.

    ``nodes``: what has been written, in an order that runs.
    """

    def __init__(self, pool: Node, scope: Scope) -> None:
        self.nodes: list[Node] = []
        self._pool, self._scope = pool, scope
        length = scope.type(pool.inputs[0]).length
        self._times = length if pool.op == "global_sum_pool" else 1

    def write(self, name: str, label: str | None = None) -> str:
        """Append what makes the pool of a value; returns its name, ``label`` if given."""
        made = label or self._scope.unique(f"{self._pool.name}.pool")
        before, found = self._scope.producer(name), spread(name, self._scope)
        largest = self._pool.op == "global_max_pool"
        if found is not None and before is not None:
            if not largest or not found.scales or never_negative(found.vector, self._scope):
                self._add(found.op, [self.write(found.local), self._vector(found)], made, before)
                return made
        elif before is not None and not largest and self._scope.alone(name):
            if before.op == "scale_shift":
                self._add(before.op, [self.write(before.inputs[0])], made, before, "shift")
                return made
            if before.op == "conv1d" and _is_dense(before):
                self._dense(before, made)
                return made
            if before.op in SHIFTS and _meets(before, self._scope):
                self._add(before.op, [self.write(each) for each in before.inputs], made, before)
                return made
        attributes = self._pool.attributes
        self.nodes.append(self._scope.node(self._pool.op, [name], made, self._pool, attributes))
        return made

    def _add(self, op: str, inputs: list[str], name: str, like: Node, added: str = "") -> None:
        """Append an op on pools, whose constant ``added`` is taken as often as the pool says."""
        constants = self._taken(like, added) if added else {}
        self.nodes.append(self._scope.node(op, inputs, name, like, {}, constants))

    def _dense(self, conv: Node, name: str) -> None:
        """A convolution of width 1 over the pool: a dense layer, if the pool has no positions."""
        source, constants = self.write(conv.inputs[0]), self._taken(conv, "bias")
        if self._pool["keepdims"]:
            node = self._scope.node("conv1d", [source], name, conv, conv.attributes, constants)
        else:
            kernel = self._scope.data(conv, "kernel")
            assert kernel is not None
            constants["kernel"] = self._scope.constant(conv, "kernel.pooled", kernel[0])
            node = self._scope.node("dense", [source], name, conv, {}, constants)
        self.nodes.append(node)

    def _taken(self, node: Node, role: str) -> dict[str, str]:
        """The constants of a node, the one in a role times what the pool takes it."""
        constants, data = dict(node.constants), self._scope.data(node, role)
        if data is not None and self._times > 1:
            times = np.asarray(data * self._times, data.dtype)
            constants[role] = self._scope.constant(node, f"{role}.pooled", times)
        return constants

    def _vector(self, found: Spread) -> str:
        """The spread vector as the pool has it: without positions, as often as the pool says."""
        vector, scope = found.vector, self._scope
        like = scope.producer(vector) or self._pool
        if not found.scales and self._times > 1:
            data = np.asarray(self._times, NUMPY_DTYPES[scope.type(vector).dtype])
            times = {"scale": scope.constant(self._pool, "positions", data)}
            name = scope.unique(f"{self._pool.name}.vector")
            self.nodes.append(scope.node("scale_shift", [vector], name, like, {}, times))
            vector = name
        if self._pool["keepdims"]:
            return vector
        name, shape = scope.unique(f"{self._pool.name}.vector"), (scope.type(vector).channels,)
        self.nodes.append(scope.node("reshape", [vector], name, like, {"shape": shape}))
        return name


def _is_dense(conv: Node) -> bool:
    """Whether a convolution is the same product at every position, which none is left out of."""
    alone = conv["width"] == conv["stride"] == conv["groups"] == 1
    return alone and conv["pad"] in ("valid", "same", "causal", (0, 0))


def _meets(node: Node, scope: Scope) -> bool:
    """Whether a sum joins what is followed on windows and what is changed everywhere."""
    types = [scope.type(name) for name in node.inputs]
    followed = [follows(name, scope) for name in node.inputs]
    spreads = [spread(name, scope) is not None for name in node.inputs]
    whole = [scope.reach.get(name) == EVERYWHERE for name in node.inputs]
    return all(type_ == node.type for type_ in types) and any(followed) and any(spreads + whole)
