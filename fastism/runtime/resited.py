"""One model's programs for sites of several widths, and which of them scores an edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fastism.ir.stages import reached
from fastism.runtime.alike import serves
from fastism.runtime.compiled import Compiled
from fastism.runtime.execute import Executor
from fastism.runtime.items import IntArray

WIDTHS = (1, 4, 16, 64)
"""Sites that programs are made for, beside a plan's own; wider edits are predicted whole.

An edit of a width in between is written into a wider site, whose other rows stay as they are: no
difference reaches out of it, and a few programs do for all widths.
"""

FEW = 32
"""So many edits are predicted whole sooner than a program for their width is made and traced."""


@dataclass(frozen=True, eq=False)
class Share:
    """Some edits, by number, and what scores them.

    executor: has sites that hold them; the edits are predicted whole if None. sites: (m,), which.
    """

    chosen: IntArray
    sites: IntArray
    executor: Executor | None = None

    def take(self, which: npt.NDArray[np.bool_]) -> Share:
        """Those of its edits that are so marked, (m,)."""
        return replace(self, chosen=self.chosen[which], sites=self.sites[which])


class Resited:
    """A plan, and the same for other sites, which are made when they are first worth it."""

    def __init__(self, plan: Compiled) -> None:
        self.plan = plan
        self._made: dict[int, Executor] = {}
        self._serves: dict[tuple[int, int], bool] = {}

    def shares(self, position: IntArray, width: IntArray) -> list[Share]:
        """Edits at ``[position, position + width)``, shared out among programs.

        First those whose programs keep most of the reference, which may serve the others.
        """
        own, steps = self.plan.executor, _steps(width, self.plan.length)
        sites = _covering(own, position, width)
        here = (sites >= 0) & (own.width <= steps)
        found = [Share(np.flatnonzero(here), sites[here], own)]
        left = ~here
        for step in WIDTHS:
            chosen = np.flatnonzero(left & (steps == step))
            executor = self._program(step, len(chosen))
            if executor is not None:
                sites = _covering(executor, position[chosen], width[chosen])
                found.append(Share(chosen, sites, executor))
                left[chosen] = False
        whole = np.flatnonzero(left)
        found.append(Share(whole, np.full(len(whole), -1)))
        kept = [0 if each.executor is None else len(each.executor.intout.outputs) for each in found]
        return [found[index] for index in np.argsort(kept)[::-1] if len(found[index].chosen)]

    def worth(self, edits: Mapping[tuple[int, int], int]) -> tuple[int, ...]:
        """Widths that programs are worth making for, of so many edits by (position, width)."""
        if not edits:
            return ()
        position, width = (np.array(axis, int) for axis in zip(*edits, strict=True))
        count, steps = np.array(list(edits.values())), _steps(width, self.plan.length)
        own = self.plan.executor
        left = (_covering(own, position, width) < 0) | (own.width > steps)
        sums = {step: int(count[left & (steps == step)].sum()) for step in WIDTHS}
        return tuple(step for step, edits_of in sums.items() if edits_of >= FEW)

    def make(self, widths: Iterable[int]) -> None:
        """Make programs for sites of some widths now, and use them however few edits need them.

        So what scores an edit does not depend on the calls before.
        """
        for width in widths:
            self._program(width, FEW)

    def serves(self, one: Executor, other: Executor) -> bool:
        """Whether what one program keeps of the reference is all that another reads of it."""
        pair = id(one), id(other)
        if pair not in self._serves:
            self._serves[pair] = one is other or serves(one.module, other.module)
        return self._serves[pair]

    def _program(self, width: int, edits: int) -> Executor | None:
        """What scores sites of a width; None where it is not worth making, or cannot be made."""
        late = reached(self.plan.stages[0].stage, "annotated") or self.plan.compiled is None
        if not edits or (width not in self._made and (edits < FEW or late)):
            return None
        if width not in self._made:
            self._made[width] = self.plan.with_sites(width=width).executor
        return self._made[width]


def _steps(width: IntArray, length: int) -> IntArray:
    """The least of the widths that holds each edit; 0 for one that none does."""
    known = np.array([step for step in WIDTHS if step <= length])
    index = np.searchsorted(known, width)
    return np.where(index < len(known), known[np.minimum(index, len(known) - 1)], 0)


def _covering(executor: Executor, position: IntArray, width: IntArray) -> IntArray:
    """The site of a program that holds each edit and begins last; -1 where there is none."""
    order = np.argsort(executor.starts)
    starts = executor.starts[order]
    index = np.searchsorted(starts, position, side="right") - 1
    inside = (index >= 0) & (starts[index] + executor.width >= position + width)
    return np.where(inside, order[index], -1)
