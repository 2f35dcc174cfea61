"""The reference in a propagation graph: windows of saved activations, gathered or computed."""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.ops import definition
from fastism.ir.windows import POINTWISE
from fastism.passes.fuse import BY_CHANNEL
from fastism.passes.propagation.draft import SEQUENCE, SITE, Draft
from fastism.passes.propagation.layout import Layout


class References:
    """Windows of reference activations, each written when it is first asked for."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._windows: dict[tuple[str, Layout, float], str] = {}

    def window(self, name: str, layout: Layout, fill: float = 0.0) -> str:
        """A window of a reference activation, (P, width, C); ``fill`` outside the input.

        The result of an op on entries is computed from its input's window where that is at hand:
        cheaper than saving and gathering one more activation. What is made of all channels of a
        position is saved, and so is what may not be finite, that the runtime can see whether it is.
        """
        key = (name, layout, fill)
        if key not in self._windows:
            node = self._draft.source.producers.get(name)
            if node is not None and fill == 0.0 and self._derivable(node, layout):
                window = self._windows[(node.inputs[0], layout, 0.0)]
                self._windows[key] = self._draft.copy(node, [window], f"{name}.reference")
            else:
                self._windows[key] = self._gather(name, layout, fill)
        return self._windows[key]

    def whole(self, name: str) -> str:
        """A reference activation of each pair in full, (P, ...)."""
        return self.window(name, self._full(name))

    def _full(self, name: str) -> Layout:
        return Layout.full(len(self._draft.sites), self._draft.length(name))

    def _derivable(self, node: Node, layout: Layout) -> bool:
        op = definition(node.op)
        return (
            len(node.inputs) == 1
            and (op.elementwise or node.op in BY_CHANNEL)
            and op.total
            and op.pull is not None
            and self._draft.relation(node, 0) == POINTWISE
            and (node.inputs[0], layout, 0.0) in self._windows
        )

    def _gather(self, name: str, layout: Layout, fill: float) -> str:
        draft = self._draft
        draft.save(name, draft.source.values[name].type)
        if layout == self._full(name):
            return draft.add("gather_reference", [name, SEQUENCE], f"{name}.reference")
        return draft.add(
            "window",
            [name, SEQUENCE, SITE],
            f"{name}.reference",
            {"width": layout.width, "fill": fill},
            {"start": draft.table(name, layout.start)},
        )
