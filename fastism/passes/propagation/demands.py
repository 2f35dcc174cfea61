"""Choose the layouts of every value's windows, from the outputs back.

A pool or a strided convolution wants its input aligned to its grid, a dilated convolution a width
that is a multiple of its dilation, a pointwise op the layout of its result. A value takes its
consumers' wish where that costs little, so that windows need not be moved between ops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.ranges import Range
from fastism.ir.windows import POINTWISE, Window
from fastism.passes.propagation.layout import FRUGAL, Layout, Strips, crowded, strips
from fastism.passes.propagation.live import inside

GENEROUS = 1.6
"""How many times wider than its change a window may be made to please a consumer; only ``FRUGAL``
times for one that reads other values as well, to which the window can be moved instead."""
SLACK = 8
"""How many positions wider than its change a window may be made in any case."""


def choose_layouts(graph: Graph, tight: Mapping[str, Range]) -> dict[str, Strips]:
    """The layouts of every value whose change is followed on windows.

    ``tight`` holds change ∩ need over the group's sites for those values. A value has several
    strips where their layouts do not meet at any site, else one over the hull.
    """
    layouts: dict[str, Strips] = {}
    for name in reversed(list(graph.values)):
        if name not in tight:
            continue
        found = tuple(_layout(graph, name, strip, layouts) for strip in strips(tight[name]))
        if crowded(found, tight[name]):
            found = (_layout(graph, name, tight[name].hull, layouts),)
        layouts[name] = found
    return layouts


def _layout(graph: Graph, name: str, tight: Range, layouts: Mapping[str, Strips]) -> Layout:
    """The widest affordable wish of the consumers of one strip, or the narrowest layout."""
    wishes = [
        wish
        for node in graph.users[name]
        if node.mode == "delta" and node.results[0].name in layouts
        for result in layouts[node.result.name]
        for wish in [_wish(graph, node, name, result, tight)]
        if wish is not None and _affordable(node, wish, tight)
    ]
    return max([*wishes, Layout.covering(tight)], key=lambda layout: layout.width)


def _affordable(node: Node, wish: Layout, tight: Range) -> bool:
    # Where several values meet, the widest decides the result; much narrower ones are moved there.
    alone = len(node.inputs) == 1
    limit = GENEROUS * tight.width + SLACK if alone else FRUGAL * tight.width
    return wish.width <= limit and wish.covers(tight)


def _wish(graph: Graph, node: Node, name: str, result: Layout, tight: Range) -> Layout | None:
    relation = relations(graph, node)[node.inputs.index(name)]
    assert isinstance(relation, Window)
    if node.op in WISHES:
        return WISHES[node.op](relation, result, tight)
    if relation == POINTWISE:
        return result
    return pulled(relation, result) if relation.factor == 1 else None


def _convolution(relation: Window, result: Layout, tight: Range) -> Layout:
    if relation == POINTWISE:
        return result
    if pulls(relation, tight.width, result.width):
        return pulled(relation, result)
    return Layout.covering(tight, multiple=relation.dilation)


def _live(relation: Window, result: Layout, tight: Range) -> Layout:
    return inside(relation, result, tight.length)


WISHES: dict[str, Callable[[Window, Layout, Range], Layout]] = {
    "conv1d": _convolution,
    "windowed_opaque": _live,
}
"""The wishes of ops that do not simply read what their result's window asks for: see `RULES`."""


def pulls(relation: Window, before: int, after: int) -> bool:
    """Whether a convolution is cheaper run on the inputs its result's window reads.

    The alternative, spreading a delta of ``before`` positions, needs stride 1, and loses where only
    few of the results (``after``) are needed.
    """
    return relation.stride > 1 or after < before


def pulled(relation: Window, result: Layout) -> Layout:
    """The inputs that the positions of a result's layout read."""
    first = result.start if relation.stride > 0 else result.stop - 1
    span = (result.width - 1) * abs(relation.stride)
    return Layout(first * relation.stride - relation.pad, span + relation.reach)
