"""How each kind of op passes a change on: linear ops take deltas, the others values.

A rule reads the forms of the node's inputs and leaves one form of its result, on the result's
layout. `RULES` holds the ops that need one of their own; every other local op takes `windowed`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastism.ir.graph import Node
from fastism.ir.ops import definition
from fastism.ir.ops.convolution import padding, window
from fastism.ir.windows import POINTWISE, Window
from fastism.passes.propagation.demands import pulled, pulls
from fastism.passes.propagation.layout import Layout
from fastism.passes.propagation.state import SITE, Propagation


def runs_on_windows(node: Node) -> bool:
    """Whether a local op can run on windows of its inputs."""
    return node.op in RULES or definition(node.op).pull is not None


def apply(state: Propagation, node: Node) -> None:
    """Pass the change through one node."""
    RULES.get(node.op, windowed)(state, node)


def windowed(state: Propagation, node: Node) -> None:
    """Any op that can run on a window of its inputs: on deltas if linear, else on values."""
    op, name = definition(node.op), node.result.name
    assert op.pull is not None
    result = state.layouts[name]
    if op.linear:
        layouts = [_read(state, node, position) for position in range(len(node.inputs))]
        inputs = [state.delta_at(*pair) for pair in zip(node.inputs, layouts, strict=True)]
        delta = state.copy(op.pull(node), inputs, f"{name}.delta", without=("bias", "shift"))
        # A pointwise op keeps the zeros outside the value; one that reads flanks may not.
        pointwise = all(layout == result for layout in layouts)
        state.deltas[name] = delta if pointwise else state.fit(name, delta, result, result)
        return
    inputs = []
    for i, source in enumerate(node.inputs):
        inputs.append(state.value_at(source, _read(state, node, i), op.fill))
    state.values[name] = state.copy(op.pull(node), inputs, f"{name}.value")


def _read(state: Propagation, node: Node, position: int) -> Layout:
    """The layout on which a node reads one of its inputs: all of one spread over positions."""
    relation = state.relation(node, position)
    if not isinstance(relation, Window):  # and unchanged: the segment pass sees to that
        length = state.source.values[node.inputs[position]].type.length
        return Layout.full(len(state.sites), length)
    result = state.layouts[node.result.name]
    return result if relation == POINTWISE else pulled(relation, result)


def convolution(state: Propagation, node: Node) -> None:
    """Spread the delta over every output it reaches, or run on the inputs the result reads."""
    source, name = node.inputs[0], node.result.name
    relation = window(node, state.source.values[source].type.length)
    found, result = state.layouts[source], state.layouts[name]
    if pulls(relation, found.width, result.width):
        windowed(state, node)
        return
    kernel, made = dict(node.constants)["kernel"], name
    scaled = _scaled_after(state, node)
    if scaled is not None:
        kernel, made = scaled
    attributes = {key: node[key] for key in ("width", "dilation", "groups")}
    spread = state.add(
        "conv1d_spread",
        [state.delta(source)],
        f"{name}.spread",
        attributes,
        {"kernel": kernel},
        node,
    )
    flank = relation.reach - 1
    natural = Layout(found.start + relation.pad - flank, found.width + flank)
    state.deltas[made] = state.fit(made, spread, natural, result)


def _scaled_after(state: Propagation, node: Node) -> tuple[str, str] | None:
    """Fold a scale that alone reads a convolution into the kernel: one pass over memory less.

    Returns the scaled kernel and the value that is then made, or None where it does not apply.
    """
    name = node.result.name
    users = state.source.users[name]
    if len(users) != 1 or users[0].op != "scale_shift" or name in state.source.outputs:
        return None
    scale, value = users[0].constant("scale"), users[0].result.name
    if users[0].mode != "delta" or state.layouts[name] != state.layouts[value]:
        return None
    if scale is None:
        return None
    kernel = dict(node.constants)["kernel"]
    factors = state.module.constants[scale].data
    weights = state.module.constants[kernel].data
    if factors is None or weights is None:  # read from text without its weights
        return None
    scaled = np.asarray(np.multiply(weights, factors), weights.dtype)
    return state.builder.constant(f"{kernel}.scaled", scaled), value


def scale(state: Propagation, node: Node) -> None:
    """A number a channel; the convolution before it may have done it already."""
    if node.result.name not in state.deltas:
        windowed(state, node)


def average_pool(state: Propagation, node: Node) -> None:
    """Linear; at a padded edge the average is over fewer positions, so the delta is scaled."""
    windowed(state, node)
    length, name = state.source.values[node.inputs[0]].type.length, node.result.name
    if padding(node, length) == (0, 0):
        return
    relation = window(node, length)
    first = np.arange(node.type.length) * relation.stride - relation.pad
    inside = np.minimum(first + relation.width, length) - np.maximum(first, 0)
    factor = state.builder.constant(f"{name}.factor", (relation.width / inside).astype(np.float32))
    start = state.table(name, state.layouts[name].start)
    state.deltas[name] = state.add(
        "scale_positions",
        [state.deltas[name], SITE],
        f"{name}.delta",
        constants={"factor": factor, "start": start},
        like=node,
    )


def move(state: Propagation, node: Node) -> None:
    """Crop and zero padding: the same delta at other positions."""
    source, name = node.inputs[0], node.result.name
    relation = state.relation(node, 0)
    assert isinstance(relation, Window)
    found = state.layouts[source].shifted(relation.pad)
    state.deltas[name] = state.fit(name, state.delta(source), found, state.layouts[name])


def upsample(state: Propagation, node: Node) -> None:
    """Each changed position becomes ``factor`` of them."""
    source, name = node.inputs[0], node.result.name
    factor, found = node.integer("factor"), state.layouts[source]
    repeated = state.copy(node, [state.delta(source)], f"{name}.delta")
    natural = Layout(found.start * factor, found.width * factor)
    state.deltas[name] = state.fit(name, repeated, natural, state.layouts[name])


def reshape(state: Propagation, node: Node) -> None:
    """A reshape of the channels alone."""
    source, name = node.inputs[0], node.result.name
    layout = state.layouts[name]
    shape = (layout.width, *(int(dim) for dim in node.type.shape[2:]))
    local = node.with_attributes(shape=shape)
    state.deltas[name] = state.copy(local, [state.delta_at(source, layout)], f"{name}.delta")


RULES: dict[str, Callable[[Propagation, Node], None]] = {
    "conv1d": convolution,
    "scale_shift": scale,
    "average_pool": average_pool,
    "crop": move,
    "zero_pad": move,
    "upsample": upsample,
    "reshape": reshape,
}
