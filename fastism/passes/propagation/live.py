"""A live layer with a declared window: it runs on windows that end inside the sequence.

              [ results wanted ]
    [ . . . . window of the input . . . . ]
    [ x x x   results of the layer  x x x ]    x: it padded the window there; dropped

Where the sequence itself ends with the window, the layer's padding is the model's own.
"""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.ops.live import inputs_inside
from fastism.ir.windows import Window
from fastism.passes.propagation.layout import Layout
from fastism.passes.propagation.state import Propagation


def inside(relation: Window, result: Layout, length: int) -> Layout:
    """The windows of an input of ``length`` positions on which a layer makes a result's layout."""
    return Layout(*inputs_inside(relation, result.start, result.width, length))


def live(state: Propagation, node: Node, strip: int) -> None:
    """Run the layer on windows of its inputs, on deltas if it is linear; keep what is right."""
    name, linear = node.result.name, bool(node["linear"])
    result = made = state.layouts[name][strip]
    inputs: list[str] = []
    for position, source in enumerate(node.inputs):
        relation, length = state.draft.relation(node, position), state.draft.length(source)
        if isinstance(relation, Window):
            read = inside(relation, result, length)
            made = Layout(read.start // relation.stride, 0)
        else:  # and unchanged: the segment pass sees to that
            read = Layout.full(len(state.sites), length)
        inputs.append(state.delta_at(source, read) if linear else state.value_at(source, read))
    label, leave = ("delta", state.leave_delta) if linear else ("value", state.leave_value)
    ran = state.draft.copy(node.with_attributes(delta=linear), inputs, f"{name}.{label}")
    width = state.draft.builder.values[ran].type.length
    leave(name, strip, state.moves.fit(name, ran, Layout(made.start, width), result))
