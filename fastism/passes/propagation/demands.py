"""Choose the layout of every value's window, from the outputs back.

A pool or a strided convolution wants its input aligned to its grid, a dilated convolution a width
that is a multiple of its dilation, a pointwise op the layout of its result. A value takes its
consumers' wish where that costs little, so that windows need not be moved between ops.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.ranges import Range
from fastism.ir.windows import POINTWISE, Window
from fastism.passes.propagation.layout import Layout

GENEROUS = 1.6
"""How many times wider than its change a window may be made to please a consumer..."""
FRUGAL = 1.25
"""...or one that reads other values as well, to which the window can be moved instead..."""
SLACK = 8
"""...and how many positions wider in any case."""


def choose_layouts(graph: Graph, tight: Mapping[str, Range]) -> dict[str, Layout]:
    """The layout of every value whose change is followed on windows.

    ``tight`` holds change ∩ need over the group's sites for those values.
    """
    layouts: dict[str, Layout] = {}
    for name in reversed(list(graph.values)):
        if name not in tight:
            continue
        wishes = [
            wish
            for node in graph.users[name]
            if node.mode == "delta" and node.results[0].name in tight
            for wish in [_wish(graph, node, name, layouts[node.result.name], tight[name])]
            if wish is not None and _affordable(node, wish, tight[name])
        ]
        own = Layout.covering(tight[name])
        layouts[name] = max([*wishes, own], key=lambda layout: layout.width)
    return layouts


def _affordable(node: Node, wish: Layout, tight: Range) -> bool:
    # Where several values meet, the widest decides the result; much narrower ones are moved there.
    alone = len(node.inputs) == 1
    limit = GENEROUS * tight.width + SLACK if alone else FRUGAL * tight.width
    return wish.width <= limit and wish.covers(tight)


def _wish(graph: Graph, node: Node, name: str, result: Layout, tight: Range) -> Layout | None:
    relation = relations(graph, node)[node.inputs.index(name)]
    assert isinstance(relation, Window)
    if relation == POINTWISE:
        return result
    if relation.factor > 1:
        return None
    if node.op != "conv1d" or pulls(relation, tight.width, result.width):
        return pulled(relation, result)
    return Layout.covering(tight, multiple=relation.dilation)


def pulls(relation: Window, before: int, after: int) -> bool:
    """Whether a convolution is cheaper run on the inputs its result's window reads.

    The alternative, spreading a delta of ``before`` positions, needs stride 1, and loses where only
    few of the results (``after``) are needed.
    """
    return relation.stride > 1 or after < before


def pulled(relation: Window, result: Layout) -> Layout:
    """The inputs that the positions of a result's layout read."""
    start = result.start * relation.stride - relation.pad
    return Layout(start, (result.width - 1) * relation.stride + relation.reach)
