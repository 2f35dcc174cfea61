"""How each kind of op passes a change on: linear ops take deltas, the others values.

A rule reads what carries the node's inputs, deltas or mutated values, and leaves one of the two for
its result, on the layout of one of the result's strips. `RULES` holds the ops that need one of
their own; every other local op takes `windowed`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fastism.ir.graph import Node
from fastism.ir.ops import definition
from fastism.ir.ops.convolution import padding, window
from fastism.ir.types import NUMPY_DTYPES
from fastism.ir.windows import POINTWISE, Window
from fastism.passes.propagation.demands import pulled, pulls
from fastism.passes.propagation.draft import SITE
from fastism.passes.propagation.layout import Layout
from fastism.passes.propagation.live import live
from fastism.passes.propagation.mutated import runs_on_values
from fastism.passes.propagation.state import Propagation
from fastism.passes.weights import weight


def runs_on_windows(node: Node) -> bool:
    """Whether a local op can run on windows of its inputs."""
    return node.op in RULES or definition(node.op).pull is not None


def apply(state: Propagation, node: Node) -> None:
    """Pass the change through one node, to every strip of its result."""
    rule = RULES.get(node.op, windowed)
    for strip in range(len(state.layouts[node.result.name])):
        rule(state, node, strip)


def windowed(state: Propagation, node: Node, strip: int) -> None:
    """Any op that can run on a window of its inputs: on deltas if linear, else on values."""
    _leave(state, node, strip, *_run(state, node, strip))


def _leave(state: Propagation, node: Node, strip: int, made: str, is_value: bool) -> None:
    leave = state.leave_value if is_value else state.leave_delta
    leave(node.result.name, strip, made)


def _run(state: Propagation, node: Node, strip: int) -> tuple[str, bool]:
    """The node on windows of its inputs, and whether it made a mutated value or a delta."""
    op, name = definition(node.op), node.result.name
    assert op.pull is not None
    result = state.layouts[name][strip]
    layouts = [_read(state, node, position, result) for position in range(len(node.inputs))]
    if op.linear and not _on_values(state, node, layouts):
        inputs = [state.delta_at(*pair) for pair in zip(node.inputs, layouts, strict=True)]
        delta = state.draft.copy(op.pull(node), inputs, f"{name}.delta", without=("bias", "shift"))
        # A pointwise op keeps the zeros outside the value; one that reads flanks may not.
        pointwise = all(layout == result for layout in layouts)
        return (delta if pointwise else state.moves.fit(name, delta, result, result)), False
    pairs = list(zip(node.inputs, layouts, strict=True))
    inputs = [state.value_at(source, layout, op.fill) for source, layout in pairs]
    if any(layout != result for layout in layouts) and op.linear:  # it adds what lies outside
        inputs = [
            state.moves.masked(source, value, layout, f"{source}.value")
            for value, (source, layout) in zip(inputs, pairs, strict=True)
        ]
    return state.draft.copy(op.pull(node), inputs, f"{name}.value"), True


def _on_values(state: Propagation, node: Node, layouts: Sequence[Layout]) -> bool:
    """Whether a linear op runs on values: see `fastism.passes.propagation.mutated`.

    Also where all of them have been made already, on the very windows it reads.
    """
    if node.name in state.mutated.on_values:
        return True
    pairs = zip(node.inputs, layouts, strict=True)
    made = (not state.follows(name) or state.has_value(name, layout) for name, layout in pairs)
    wanted = node.result.name in state.mutated.wanted
    return wanted and runs_on_values(state.source, node) and all(made)


def _read(state: Propagation, node: Node, position: int, result: Layout) -> Layout:
    """The layout on which a node reads one of its inputs: all of one spread over positions."""
    relation = state.draft.relation(node, position)
    if not isinstance(relation, Window):  # and unchanged: the segment pass sees to that
        length = state.draft.length(node.inputs[position])
        return Layout.full(len(state.sites), length)
    return result if relation == POINTWISE else pulled(relation, result)


def convolution(state: Propagation, node: Node, strip: int) -> None:
    """Spread the deltas over every output they reach, or run on the inputs the result reads."""
    source, name = node.inputs[0], node.result.name
    relation = window(node, state.draft.length(source))
    result, flank = state.layouts[name][strip], relation.reach - 1
    reached = {
        index: Layout(found.start + relation.pad - flank, found.width + flank)
        for index, found in enumerate(state.layouts[source])
    }
    met = [index for index, there in reached.items() if state.touches(source, there, result)]
    if pulls(relation, sum(state.layouts[source][i].width for i in met), result.width):
        windowed(state, node, strip)
        return
    kernel, made = _scaled_after(state, node) or (dict(node.constants)["kernel"], name)
    pieces = [
        state.moves.fit(made, _spread(state, node, index, kernel), reached[index], result)
        for index in met
    ]
    state.leave_delta(made, strip, state.moves.total(made, pieces, result))


def _spread(state: Propagation, node: Node, strip: int, kernel: str) -> str:
    """Everything that one strip of a convolution's input reaches, once for all who ask."""
    label = f"{node.result.name}.spread"
    return state.draft.once(
        (label, strip),
        lambda: state.draft.add(
            "conv1d_spread",
            [state.delta(node.inputs[0], strip)],
            label,
            {key: node[key] for key in ("width", "dilation", "groups")},
            {"kernel": kernel},
            node,
        ),
    )


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
    factors = weight(state.module, users[0], scale)
    weights = weight(state.module, node, kernel)
    scaled = np.asarray(np.multiply(weights, factors), weights.dtype)
    return state.draft.builder.constant(f"{kernel}.scaled", scaled), value


def scale(state: Propagation, node: Node, strip: int) -> None:
    """A number a channel; the convolution before it may have done it already."""
    if not state.has_delta(node.result.name, strip):
        windowed(state, node, strip)


def average_pool(state: Propagation, node: Node, strip: int) -> None:
    """Linear; at a padded edge the average is over fewer positions, so the result is scaled."""
    made, is_value = _run(state, node, strip)
    if padding(node, state.draft.length(node.inputs[0])) != (0, 0):
        made = _rescaled(state, node, strip, made, is_value)
    _leave(state, node, strip, made, is_value)


def _rescaled(state: Propagation, node: Node, strip: int, made: str, is_value: bool) -> str:
    """An average over as many positions as lie inside, from one over the whole width."""
    name, length = node.result.name, state.draft.length(node.inputs[0])
    relation = window(node, length)
    dtype = NUMPY_DTYPES[node.type.dtype]
    first = np.arange(node.type.length) * relation.stride - relation.pad
    inside = np.minimum(first + relation.width, length) - np.maximum(first, 0)
    factor = state.draft.builder.constant(f"{name}.factor", (relation.width / inside).astype(dtype))
    start = state.draft.table(name, state.layouts[name][strip].start)
    return state.draft.add(
        "scale_positions",
        [made, SITE],
        f"{name}.{'value' if is_value else 'delta'}",
        constants={"factor": factor, "start": start},
        like=node,
    )


def move(state: Propagation, node: Node, strip: int) -> None:
    """Crop, zero padding, concatenation of positions: the same deltas at other positions."""
    name = node.result.name
    relations = [state.draft.relation(node, position) for position in range(len(node.inputs))]
    shifts = [relation.pad if isinstance(relation, Window) else 0 for relation in relations]
    moved = state.moved(name, node.inputs, shifts, state.layouts[name][strip])
    state.leave_delta(name, strip, moved)


def concatenate(state: Propagation, node: Node, strip: int) -> None:
    """Channels side by side, or positions one after the other."""
    channels = all(state.draft.relation(node, i) == POINTWISE for i in range(len(node.inputs)))
    (windowed if channels else move)(state, node, strip)


def upsample(state: Propagation, node: Node, strip: int) -> None:
    """Each changed position becomes several: copies of it, or, in a reshape, parts."""
    source, name = node.inputs[0], node.result.name
    relation, result = state.draft.relation(node, 0), state.layouts[name][strip]
    assert isinstance(relation, Window)
    pieces = []
    for index, found in enumerate(state.layouts[source]):
        natural = Layout(found.start * relation.factor, found.width * relation.factor)
        if state.touches(source, natural, result):
            local = _of_width(node, natural.width) if node.op == "reshape" else node
            parts = state.draft.copy(local, [state.delta(source, index)], f"{name}.delta")
            pieces.append(state.moves.fit(name, parts, natural, result))
    state.leave_delta(name, strip, state.moves.total(name, pieces, result))


def reshape(state: Propagation, node: Node, strip: int) -> None:
    """Of the channels alone, or positions split or joined: the delta in another shape."""
    source, name = node.inputs[0], node.result.name
    relation, result = state.draft.relation(node, 0), state.layouts[name][strip]
    assert isinstance(relation, Window)
    if relation.factor > 1:
        upsample(state, node, strip)
        return
    delta = state.delta_at(source, pulled(relation, result))
    local = _of_width(node, result.width)
    state.leave_delta(name, strip, state.draft.copy(local, [delta], f"{name}.delta"))


def _of_width(reshape: Node, width: int) -> Node:
    """The reshape as it runs on a window."""
    return reshape.with_attributes(shape=(width, *map(int, reshape.type.shape[2:])))


RULES: dict[str, Callable[[Propagation, Node, int], None]] = {
    "conv1d": convolution,
    "scale_shift": scale,
    "average_pool": average_pool,
    "concatenate": concatenate,
    "crop": move,
    "zero_pad": move,
    "upsample": upsample,
    "reshape": reshape,
    "windowed_opaque": live,
}
