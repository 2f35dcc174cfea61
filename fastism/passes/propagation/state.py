"""How far the change has come: what each value of the source is in the propagation graph.

A value followed on windows is carried by its *delta* (M, width, C), by its mutated *value*
(M, width, C), which is the delta plus the reference's window (P, width, C), or by both: a rule
leaves one, and the other is made when it is first asked for. Linear ops work on deltas, unless they
stand between non-linear ones, which work on values. Each strip of a value is carried by itself;
since strips do not meet, their deltas add up. Behind an exit a value is *whole* (M, ...).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fastism.ir.graph import Graph
from fastism.ir.module import Constant, Module
from fastism.ir.program import EDIT
from fastism.ir.ranges import IntArray, Range
from fastism.passes.propagation.draft import Draft
from fastism.passes.propagation.layout import Layout, Strips, covering
from fastism.passes.propagation.moves import Moves
from fastism.passes.propagation.mutated import MutatedValues
from fastism.passes.propagation.references import References


class Propagation:
    """What carries the change of each value, for a group of sites.

    Rules read with `delta`, `value`, `whole` and their kin, write nodes through ``draft``,
    ``references`` and ``moves``, and leave what they made with `leave_delta`, `leave_value` or
    `leave_whole`.

    tight: change ∩ need over the group's sites of every value followed on windows; layouts: where
    its windows lie.
    """

    def __init__(
        self,
        name: str,
        module: Module,
        constants: dict[str, Constant],
        tight: Mapping[str, Range],
        layouts: Mapping[str, Strips],
        sites: IntArray,
        mutated: MutatedValues,
    ) -> None:
        self.module = module
        self.source: Graph = module.main
        self.tight = tight
        self.layouts = layouts
        self.sites = sites
        self.mutated = mutated
        self.draft = Draft(name, module, constants, sites)
        self.references = References(self.draft)
        self.moves = Moves(self.draft)
        self._deltas: dict[tuple[str, int], str] = {(module.seq_input, 0): EDIT}
        self._values: dict[tuple[str, int], str] = {}
        self._wholes: dict[str, str] = {}

    def leave_delta(self, name: str, strip: int, delta: str) -> None:
        """Carry one strip of a value by this delta, which is on the strip's layout."""
        self._deltas[name, strip] = delta

    def leave_value(self, name: str, strip: int, value: str) -> None:
        """Carry one strip of a value by this mutated value, which is on the strip's layout."""
        self._values[name, strip] = value

    def leave_whole(self, name: str, whole: str) -> None:
        """Carry a value by its mutated value in full."""
        self._wholes[name] = whole

    def follows(self, name: str) -> bool:
        """Whether a value is followed on windows in this graph."""
        return name in self.layouts

    def has_delta(self, name: str, strip: int) -> bool:
        """Whether the delta is at hand on the layout of a strip."""
        return (name, strip) in self._deltas

    def has_value(self, name: str, layout: Layout) -> bool:
        """Whether the mutated value is at hand on a layout."""
        own = self.layouts.get(name, ())
        return layout in own and (name, own.index(layout)) in self._values

    def delta(self, name: str, strip: int) -> str:
        """The delta of a value on the layout of one of its strips."""
        key = name, strip
        if key not in self._deltas:
            layout, label = self.layouts[name][strip], f"{name}.delta"
            reference = self.references.window(name, layout)
            delta = self.draft.add("subtract_reference", [self._values[key], reference], label)
            self._deltas[key] = self.moves.masked(name, delta, layout, label)
        return self._deltas[key]

    def value(self, name: str, strip: int) -> str:
        """The mutated value on the layout of one of its strips."""
        key = name, strip
        if key not in self._values:
            reference = self.references.window(name, self.layouts[name][strip])
            inputs = [self._deltas[key], reference]
            self._values[key] = self.draft.add("add_reference", inputs, f"{name}.value")
        return self._values[key]

    def whole(self, name: str) -> str:
        """The mutated value in full, (M, ...)."""
        if name not in self._wholes:
            if self.follows(name):
                full = Layout.full(len(self.sites), self.draft.length(name))
                self._wholes[name] = self.value_at(name, full)
            else:
                inputs = [self.references.whole(name), EDIT]
                self._wholes[name] = self.draft.add("expand", inputs, f"{name}.whole")
        return self._wholes[name]

    def delta_at(self, name: str, layout: Layout) -> str:
        """The delta of a value on another layout: zero where nothing changes."""
        return self.moved(name, [name], [0], layout)

    def value_at(self, name: str, layout: Layout, fill: float = 0.0) -> str:
        """The mutated value on another layout, ``fill`` outside the input."""
        own = self.layouts.get(name, ())
        filled = fill != 0.0 and layout.hangs(self.draft.length(name))
        if layout in own and not filled:
            return self.value(name, own.index(layout))
        reference = self.references.window(name, layout, fill)
        if not self.follows(name):
            return self.draft.add("expand", [reference, EDIT], f"{name}.value")
        placed = self.delta_at(name, layout)
        return self.draft.add("add_reference", [placed, reference], f"{name}.value")

    def moved(
        self, name: str, sources: Sequence[str], shifts: Sequence[int], layout: Layout
    ) -> str:
        """What the deltas of some values, each so many positions further to the right, come to.

        The result is a delta of value ``name`` on ``layout``; values not followed add nothing.
        """
        pieces: list[str] = []
        for source, shift in zip(sources, shifts, strict=True):
            for strip, found in enumerate(self.layouts.get(source, ())):
                there = found.shifted(shift)
                if self.touches(source, there, layout):
                    pieces.append(self.moves.fit(name, self.delta(source, strip), there, layout))
        return self.moves.total(name, pieces, layout)

    def touches(self, source: str, found: Layout, wanted: Layout) -> bool:
        """Whether a strip of a value, once moved, meets a window at any site of the group."""
        if len(self.layouts[source]) == 1:
            return True
        return bool(np.any(found.meets(wanted) & self.tight[source].occupied))

    def inside(self, name: str) -> Strips:
        """The value's own layouts, or others if one of them hangs over an edge."""
        length = self.draft.length(name)
        hangs = any(layout.hangs(length) for layout in self.layouts[name])
        return covering(self.tight[name]) if hangs else self.layouts[name]
