"""The propagation graph under construction: forms of values, windows of the reference, tables.

A value followed on windows has two forms, each made when first asked for: its *delta* (M, width, C)
and its mutated *value* (M, width, C), which is the delta plus the reference's window (P, width, C).
Linear ops work on deltas, unless they stand between non-linear ones, which work on values.
Each strip of a value has forms of its own; since strips do not meet, their deltas add up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Attribute, Graph, Node
from fastism.ir.module import Constant, Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT, INDICES
from fastism.ir.ranges import IntArray, Range
from fastism.ir.types import TensorType
from fastism.ir.windows import POINTWISE
from fastism.passes.propagation.forms import Forms
from fastism.passes.propagation.layout import Layout, Strips, covering

SEQUENCE, SITE = INDICES
"""Inputs of every propagation graph: each pair's sequence and site; EDIT is each item's delta.

The slash in them keeps them apart from Keras names, which have none."""


class Propagation:
    """Collects the nodes of one propagation graph for a group of sites."""

    def __init__(
        self,
        name: str,
        module: Module,
        constants: dict[str, Constant],
        tight: Mapping[str, Range],
        layouts: Mapping[str, Strips],
        sites: IntArray,
        forms: Forms,
    ) -> None:
        assert module.sites is not None
        self.module = module
        self.source: Graph = module.main
        self.tight = tight
        self.layouts = layouts
        self.sites = sites
        self.forms = forms
        self.builder = GraphBuilder(name, constants)
        self.saved: dict[str, TensorType] = {}
        self.running: dict[str, tuple[str, bool]] = {}
        self.deltas: dict[tuple[str, int], str] = {}
        self.values: dict[tuple[str, int], str] = {}
        self.spreads: dict[tuple[str, int], str] = {}
        self.wholes: dict[str, str] = {}
        self._references: dict[tuple[str, Layout, float], str] = {}
        self._placed: dict[tuple[str, Layout, Layout], str] = {}
        self._tables: dict[bytes, str] = {}
        self.builder.reserve(self.source.values)
        edited = self.source.values[module.seq_input].type
        index = TensorType("i32", ("P",))
        self.builder.input(SEQUENCE, index)
        self.builder.input(SITE, index)
        self.builder.input(EDIT, edited.with_batch("M").with_length(module.sites.width))
        self.deltas[module.seq_input, 0] = EDIT

    # -- building ---------------------------------------------------------------------------

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, Attribute] | None = None,
        constants: Mapping[str, str] | None = None,
        like: Node | None = None,
    ) -> str:
        """Append a node; its origin is that of ``like``."""
        return self.builder.add(
            op,
            inputs,
            name=name,
            attributes=attributes,
            constants=constants,
            origin=like.origin if like else None,
        )

    def copy(
        self, node: Node, inputs: Sequence[str], name: str, *, without: Sequence[str] = ()
    ) -> str:
        """Append a source node on other inputs, leaving out constants in some roles."""
        constants = {role: key for role, key in node.constants if role not in without}
        results = [value.type.with_batch("M") for value in node.results]
        return self.builder.add(
            node.op,
            inputs,
            name=name,
            attributes=node.attributes,
            constants=constants,
            origin=node.origin,
            results=results if node.op == "opaque" else None,
        )

    def table(self, name: str, start: IntArray) -> str:
        """An i32 constant with one entry a site; equal tables are stored once."""
        array = np.ascontiguousarray(start, dtype=np.int32)
        key = array.tobytes()
        if key not in self._tables:
            label = f"{self.builder.name}/{name}.start"
            self._tables[key] = self.builder.constant(label, array)
        return self._tables[key]

    def saved_value(self, name: str) -> str:
        """A reference activation as an input of the graph."""
        return self.save(name, self.source.values[name].type)

    def save(self, name: str, type_: TensorType) -> str:
        """Ask the intout graph for a value; returns its name, the same in both graphs."""
        if name not in self.saved:
            self.saved[name] = type_
            self.builder.input(name, type_, exact=True)
        return name

    def running_max(self, source: str, suffix: str, *, reverse: bool) -> str:
        """Ask the intout graph for the running maxima of a reference activation."""
        name, type_ = f"{source}{suffix}", self.source.values[source].type
        while name in self.source.values:
            name += "'"
        self.running[name] = (source, reverse)
        return self.save(name, type_.with_length(type_.length + 1))

    # -- the reference ----------------------------------------------------------------------

    def reference(self, name: str, layout: Layout, fill: float = 0.0) -> str:
        """A window of a reference activation, (P, width, C); ``fill`` outside the input.

        The result of a pointwise op is computed from its input's window where that is at hand:
        cheaper than saving and gathering one more activation. One that may not be finite is saved,
        so that the runtime can see whether it is.
        """
        key = (name, layout, fill)
        if key not in self._references:
            node = self.source.producers.get(name)
            derived = node is not None and self._derivable(node, layout) and fill == 0.0
            if derived and node is not None:
                window = self._references[(node.inputs[0], layout, 0.0)]
                self._references[key] = self.copy(node, [window], f"{name}.reference")
            else:
                self._references[key] = self._gather(name, layout, fill)
        return self._references[key]

    def _derivable(self, node: Node, layout: Layout) -> bool:
        return (
            len(node.inputs) == 1
            and definition(node.op).total
            and definition(node.op).pull is not None
            and self.relation(node, 0) == POINTWISE
            and (node.inputs[0], layout, 0.0) in self._references
        )

    def _gather(self, name: str, layout: Layout, fill: float) -> str:
        length = self.source.values[name].type.length
        self.saved_value(name)
        if layout == Layout.full(len(self.sites), length):
            return self.add("gather_reference", [name, SEQUENCE], f"{name}.reference")
        return self.add(
            "window",
            [name, SEQUENCE, SITE],
            f"{name}.reference",
            {"width": layout.width, "fill": fill},
            {"start": self.table(name, layout.start)},
        )

    def relation(self, node: Node, position: int) -> object:
        """The window relation of one input of a source node."""
        types = self.source.types(node.inputs)
        return definition(node.op).relation(node, types)[position]

    def whole_reference(self, name: str) -> str:
        """A reference activation of each pair in full, (P, ...)."""
        length = self.source.values[name].type.length
        return self.reference(name, Layout.full(len(self.sites), length))

    # -- forms ------------------------------------------------------------------------------

    def follows(self, name: str) -> bool:
        """Whether a value is followed on windows in this graph."""
        return name in self.layouts

    def delta(self, name: str, strip: int) -> str:
        """The delta of a value on the layout of one of its strips."""
        key = name, strip
        if key not in self.deltas:
            layout = self.layouts[name][strip]
            reference = self.reference(name, layout)
            delta = self.add("subtract_reference", [self.values[key], reference], f"{name}.delta")
            self.deltas[key] = self.masked(name, delta, layout, 0.0, f"{name}.delta")
        return self.deltas[key]

    def has_value(self, name: str, layout: Layout) -> bool:
        """Whether the mutated value is at hand on a layout."""
        own = self.layouts.get(name, ())
        return layout in own and (name, own.index(layout)) in self.values

    def value(self, name: str, strip: int) -> str:
        """The mutated value on the layout of one of its strips."""
        key = name, strip
        if key not in self.values:
            reference = self.reference(name, self.layouts[name][strip])
            self.values[key] = self.add(
                "add_reference", [self.deltas[key], reference], f"{name}.value"
            )
        return self.values[key]

    def delta_at(self, name: str, layout: Layout) -> str:
        """The delta of a value on another layout: zero where nothing changes."""
        return self.moved(name, [name], [0], layout)

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
                    pieces.append(self.fit(name, self.delta(source, strip), there, layout))
        return self.total(name, pieces, layout)

    def touches(self, source: str, found: Layout, wanted: Layout) -> bool:
        """Whether a strip of a value, once moved, meets a window at any site of the group."""
        if len(self.layouts[source]) == 1:
            return True
        return bool(np.any(found.meets(wanted) & self.tight[source].occupied))

    def total(self, name: str, pieces: Sequence[str], layout: Layout) -> str:
        """The sum of deltas of value ``name`` on one layout; zero for none."""
        if len(pieces) == 1:
            return pieces[0]
        if pieces:
            return self.add("add", pieces, f"{name}.delta")
        type_ = self.source.values[name].type
        extents = tuple(map(int, type_.shape[2:]))
        attributes = {"width": layout.width, "channels": math.prod(extents)}
        zero = self.add("zero_window", [EDIT], f"{name}.zero", attributes)
        if self.builder.values[zero].type.dtype != type_.dtype:
            zero = self.add("cast", [zero], zero, {"dtype": type_.dtype})
        shape = (layout.width, *extents)
        return zero if len(extents) == 1 else self.add("reshape", [zero], zero, {"shape": shape})

    def value_at(self, name: str, layout: Layout, fill: float = 0.0) -> str:
        """The mutated value on another layout, ``fill`` outside the input."""
        length = self.source.values[name].type.length
        own = self.layouts.get(name, ())
        if layout in own and not self._fills(layout, length, fill):
            return self.value(name, own.index(layout))
        reference = self.reference(name, layout, fill)
        if not self.follows(name):
            return self.add("expand", [reference, EDIT], f"{name}.value")
        placed = self.delta_at(name, layout)
        return self.add("add_reference", [placed, reference], f"{name}.value")

    @staticmethod
    def _fills(layout: Layout, length: int, fill: float) -> bool:
        return fill != 0.0 and layout.hangs(length)

    def whole(self, name: str) -> str:
        """The mutated value in full, (M, ...)."""
        if name not in self.wholes:
            length = self.source.values[name].type.length
            if self.follows(name):
                full = Layout.full(len(self.sites), length)
                self.wholes[name] = self.value_at(name, full)
            else:
                reference = self.whole_reference(name)
                self.wholes[name] = self.add("expand", [reference, EDIT], f"{name}.whole")
        return self.wholes[name]

    def inside(self, name: str) -> Strips:
        """The value's own layouts, or others if one of them hangs over an edge."""
        length = self.source.values[name].type.length
        hangs = any(layout.hangs(length) for layout in self.layouts[name])
        return covering(self.tight[name]) if hangs else self.layouts[name]

    def masked(self, name: str, current: str, layout: Layout, fill: float, label: str) -> str:
        """A window with ``fill`` outside the value; the window itself where it lies inside."""
        length = self.source.values[name].type.length
        if not layout.hangs(length):
            return current
        return self.add(
            "mask_outside",
            [current, SITE],
            label,
            {"length": length, "fill": fill},
            {"start": self.table(name, layout.start)},
        )

    def fit(self, name: str, delta: str, found: Layout, wanted: Layout) -> str:
        """Move a delta of value ``name`` from one layout to another, zero outside the value."""
        length = self.source.values[name].type.length
        key = (delta, found, wanted)
        if found == wanted and not found.hangs(length):
            return delta
        if key not in self._placed:
            self._placed[key] = self._move(name, delta, found, wanted, length)
        return self._placed[key]

    def _move(self, name: str, delta: str, found: Layout, wanted: Layout, length: int) -> str:
        shift = wanted.start - found.start
        if np.all(shift == shift[0]) and not wanted.hangs(length):
            attributes = {"offset": int(shift[0]), "width": wanted.width}
            return self.add("pick", [delta], f"{name}.delta", attributes)
        return self.add(
            "place",
            [delta, SITE],
            f"{name}.delta",
            {"width": wanted.width, "length": length},
            {
                "shift": self.table(f"{name}.shift", shift),
                "start": self.table(name, wanted.start),
            },
        )
