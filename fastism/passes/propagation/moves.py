"""Deltas moved from one layout to another, added up there, and masked outside the value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fastism.ir.program import EDIT
from fastism.passes.propagation.draft import SITE, Draft
from fastism.passes.propagation.layout import Layout


class Moves:
    """Writes the ops that bring deltas to the layout on which they are wanted."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def fit(self, name: str, delta: str, found: Layout, wanted: Layout) -> str:
        """Move a delta of value ``name`` from one layout to another, zero outside the value."""
        if found == wanted and not found.hangs(self._draft.length(name)):
            return delta
        key = (delta, found, wanted)
        return self._draft.once(key, lambda: self._move(name, delta, found, wanted))

    def _move(self, name: str, delta: str, found: Layout, wanted: Layout) -> str:
        draft, length = self._draft, self._draft.length(name)
        shift = wanted.start - found.start
        if np.all(shift == shift[0]) and not wanted.hangs(length):
            attributes = {"offset": int(shift[0]), "width": wanted.width}
            return draft.add("pick", [delta], f"{name}.delta", attributes)
        return draft.add(
            "place",
            [delta, SITE],
            f"{name}.delta",
            {"width": wanted.width, "length": length},
            {
                "shift": draft.table(f"{name}.shift", shift),
                "start": draft.table(name, wanted.start),
            },
        )

    def total(self, name: str, pieces: Sequence[str], layout: Layout) -> str:
        """The sum of deltas of value ``name`` on one layout; zero for none."""
        if len(pieces) == 1:
            return pieces[0]
        if pieces:
            return self._draft.add("add", pieces, f"{name}.delta")
        return self._zero(name, layout)

    def _zero(self, name: str, layout: Layout) -> str:
        draft, type_ = self._draft, self._draft.source.values[name].type
        extents = tuple(map(int, type_.shape[2:]))
        attributes = {"width": layout.width, "channels": math.prod(extents)}
        zero = draft.add("zero_window", [EDIT], f"{name}.zero", attributes)
        if draft.builder.values[zero].type.dtype != type_.dtype:
            zero = draft.add("cast", [zero], zero, {"dtype": type_.dtype})
        shape = (layout.width, *extents)
        return zero if len(extents) == 1 else draft.add("reshape", [zero], zero, {"shape": shape})

    def masked(self, name: str, current: str, layout: Layout, label: str) -> str:
        """A window with zeros outside the value; the window itself where it lies inside."""
        length = self._draft.length(name)
        if not layout.hangs(length):
            return current
        return self._draft.add(
            "mask_outside",
            [current, SITE],
            label,
            {"length": length, "fill": 0.0},
            {"start": self._draft.table(name, layout.start)},
        )
