"""Move ops in front of the meeting with a pooled vector, where that comes to the same."""

from __future__ import annotations

from collections.abc import Callable

from fastism.ir.analysis import EVERYWHERE
from fastism.ir.graph import Attribute, Node, Rewritten
from fastism.ir.ops.convolution import padding, window
from fastism.passes.canonicalization.pooled.spread import Spread, never_negative, spread
from fastism.passes.canonicalization.scope import Scope


def spread_last(node: Node, scope: Scope) -> Rewritten:
    """``max_pool(x * s)`` becomes ``max_pool(x) * s``, for what treats each channel by itself.

    Before::

        %gate : f32[N,60,8] = multiply(%x, %excite)
        %relu : f32[N,60,8] = relu(%gate)
        %pool : f32[N,20,8] = max_pool(%relu) {size=3, stride=3}

    After::

        %relu.unscaled : f32[N,60,8] = relu(%x)
        %pool.unscaled : f32[N,20,8] = max_pool(%relu.unscaled) {size=3, stride=3}
        %pool          : f32[N,20,8] = multiply(%pool.unscaled, %excite)

    Factors pass linear ops that keep channels apart, and, where they are never negative, relu and
    the largest of positions. Terms pass whatever is linear: of a convolution over padded ends they
    become different terms there (`_convolved`). Only what the edit changes on a window moves, and
    only a vector that it changes.
    """
    nodes: list[Node] = []
    _write(node, scope, nodes)
    return node if nodes == [node] else tuple(nodes)


def _write(node: Node, scope: Scope, nodes: list[Node]) -> None:
    """Append a node, in front of all vectors spread over its input that it can pass."""
    found = spread(node.inputs[0], scope) if len(node.inputs) == 1 else None
    passes = _passes(node, found, scope) if found else None
    if found is None or passes is None:
        nodes.append(node)
        return
    shift = dict(node.constants).get(_SHIFTS.get(node.op, "")) if found.scales else None
    plain = tuple((role, key) for role, key in node.constants if key != shift)
    name = scope.unique(f"{node.name}.{'unscaled' if found.scales else 'unshifted'}")
    inner = scope.node(node.op, [found.local], name, node, node.attributes, dict(plain))
    _write(inner, scope, nodes)
    vector = passes(node, found, scope, nodes)
    like = scope.producer(node.inputs[0]) or node
    outer = scope.unique(f"{node.name}.scaled") if shift else node.name
    nodes.append(scope.node(found.op, [name, vector], outer, like))
    if shift:
        nodes.append(scope.node("scale_shift", [outer], node.name, node, {}, {"shift": shift}))


_SHIFTS = {"conv1d": "bias", "scale_shift": "shift"}
"""Roles of what an op adds in the end."""

Passes = Callable[[Node, Spread, Scope, list[Node]], str]
"""(node, what is spread over its input, scope, nodes to append to) to the vector behind the node"""


def _passes(node: Node, found: Spread, scope: Scope) -> Passes | None:
    """How the vector passes a node; None if it does not."""
    channels = scope.type(found.vector).channels
    if node.op in ("crop", "slice", "upsample", "average_pool"):
        return _same
    if node.op == "slice_channels":
        return _same if channels == 1 else _sliced
    if not found.scales:
        return _term_passes(node, channels, scope)
    if node.op == "zero_pad" or (node.op == "scale_shift" and node.constant("scale")):
        return _same
    if node.op == "conv1d":
        apart = node.integer("groups") == scope.type(found.local).channels == node.type.channels
        return _same if channels == 1 or apart else None
    if node.op == "relu":
        bent_at_zero = node.number("threshold") == 0.0 and node["max_value"] is None
        positive = bent_at_zero and never_negative(found.vector, scope)
    else:
        grows = node.op in ("prelu", "absolute", "max_pool")
        positive = grows and never_negative(found.vector, scope)
    return _same if positive else None


def _term_passes(node: Node, channels: int, scope: Scope) -> Passes | None:
    if node.op == "max_pool":
        return _same
    if channels == 1 < scope.type(node.inputs[0]).channels:
        return None
    if node.op == "conv1d":
        return _convolved if is_alike_inside(node, scope) else None
    return _rescaled if node.op == "scale_shift" else None


def _same(node: Node, found: Spread, scope: Scope, nodes: list[Node]) -> str:
    return found.vector


def _sliced(node: Node, found: Spread, scope: Scope, nodes: list[Node]) -> str:
    name = scope.unique(f"{node.name}.vector")
    nodes.append(scope.node(node.op, [found.vector], name, node, node.attributes))
    return name


def _rescaled(node: Node, found: Spread, scope: Scope, nodes: list[Node]) -> str:
    """A term times the factor of a scale and shift."""
    scale = node.constant("scale")
    if scale is None:
        return found.vector
    name = scope.unique(f"{node.name}.vector")
    nodes.append(scope.node("scale_shift", [found.vector], name, node, {}, {"scale": scale}))
    return name


def _convolved(node: Node, found: Spread, scope: Scope, nodes: list[Node]) -> str:
    return convolved(node, found.vector, dict(node.constants)["kernel"], scope, nodes)


def is_alike_inside(node: Node, scope: Scope) -> bool:
    """Whether most outputs of a convolution read no padding, so that one of them stands for all."""
    return 2 * _ends(node, scope)[2] > node.type.length


def convolved(node: Node, vector: str, kernel: str, scope: Scope, nodes: list[Node]) -> str:
    """What a convolution, with this kernel, makes of a vector that stands at all its positions.

    That is the same at all outputs but those that read the padding. So the convolution runs on as
    few positions as have both ends and one output between them, which is copied::

        %c.ends   : f32[N,5,8]  = upsample(%vector) {factor=5}
        %c.few    : f32[N,5,9]  = conv1d(%c.ends) {width=5, pad=same}    // L L m R R
        %c.vector : f32[N,60,9] = concatenate(L L, 56 times m, R R) {axis=1}
    """
    pads, first, copies, few = _ends(node, scope)

    def add(op: str, inputs: list[str], what: str, **attributes: Attribute) -> str:
        name = scope.unique(f"{node.name}.{what}")
        nodes.append(scope.node(op, inputs, name, node, attributes))
        scope.reach[name] = EVERYWHERE
        return name

    vector = add("upsample", [vector], "ends", factor=few) if few > 1 else vector
    name, attributes = scope.unique(f"{node.name}.few"), {**node.attributes, "pad": pads}
    nodes.append(scope.node("conv1d", [vector], name, node, attributes, {"kernel": kernel}))
    outputs = scope.type(name).length
    if outputs == 1:
        return name
    middle = add("slice", [name], "inner", start=first, stop=first + 1)
    pieces = [add("upsample", [middle], "inner", factor=copies)]
    if first:
        pieces.insert(0, add("slice", [name], "left", stop=first))
    if outputs > first + 1:
        pieces.append(add("slice", [name], "right", start=first + 1))
    return add("concatenate", pieces, "vector", axis=1)


def _ends(node: Node, scope: Scope) -> tuple[tuple[int, int], int, int, int]:
    """The padding of a convolution, its first output that reads none of it, how many such outputs
    there are, and on how many positions there is one.
    """
    length = scope.type(node.inputs[0]).length
    relation, pads = window(node, length), padding(node, length)
    first = -(-pads[0] // relation.stride)
    copies = (length - relation.reach + pads[0]) // relation.stride + 1 - first
    return pads, first, copies, length - (copies - 1) * relation.stride
