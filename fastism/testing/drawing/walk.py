"""How a random model is drawn: part by part, each part from draws of its own.

Every part has a path (``t.2.way1.0``), and its draws depend on the seed and that path alone. So any
part can be left out, and the rest is drawn as before: that is how a failing model is made smaller.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np

Tensor: TypeAlias = Any
Step: TypeAlias = Callable[["Walk", Tensor], Tensor]
"""Takes a value (N, L, C) to another."""

_T = TypeVar("_T")

SHORTEST: Final = 4
"""Steps that shorten a value leave at least so many positions."""
LONGEST: Final = 120
"""Steps that lengthen a value leave at most so many positions."""
WIDEST: Final = 12
"""Steps that add channels leave at most so many of these, unless there were more already."""

KINDS: dict[str, list[Step]] = {"local": [], "branching": [], "mixing": []}
"""Every step there is: single layers that stay on windows, steps of several layers, and steps
behind which every position is changed."""


def drawn(kind: str, weight: int = 1) -> Callable[[Step], Step]:
    """Register a step; one of weight 2 is drawn twice as often as one of weight 1."""

    def register(step: Step) -> Step:
        KINDS[kind].extend([step] * weight)
        return step

    return register


@dataclass
class Sketch:
    """What is known of a model while it is drawn.

    without: the parts to leave out, by path. parts: those taken, and what was drawn there.
    live: layers that fastism is expected to run live. plain: whether to draw nothing behind which
    every position is changed but the heads. masked: whether masks are about, which make layers live
    that otherwise are not. coarse: whether the model computes in half precision.
    """

    seed: int
    without: frozenset[str] = frozenset()
    parts: dict[str, str] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    plain: bool = False
    masked: bool = False
    coarse: bool = False


class Walk:
    """Draws for one part of a model, and layer names that are the same for the same part."""

    def __init__(self, sketch: Sketch, path: str) -> None:
        self.sketch = sketch
        self.path = path
        self.random = np.random.default_rng((sketch.seed, zlib.crc32(path.encode())))
        self._names: dict[str, int] = {}

    def choice(self, options: Sequence[_T]) -> _T:
        """One of some options."""
        return options[int(self.random.integers(len(options)))]

    def call(self, options: Sequence[Callable[..., Any]], *given: Any) -> Any:
        """What one of some functions returns."""
        return self.choice(options)(*given)

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included; ``low`` where ``high`` is below it."""
        return int(self.random.integers(low, max(low, high) + 1))

    def chance(self, share: float) -> bool:
        """True so often."""
        return bool(self.random.random() < share)

    def name(self, kind: str, *, live: bool = False) -> str:
        """A layer name nobody has yet; ``live`` for a layer without window rules."""
        count = self._names[kind] = self._names.get(kind, 0) + 1
        name = "_".join([kind, *self.path.split("."), *([str(count)] if count > 1 else [])])
        if live:
            self.sketch.live.add(name)
        return name

    def part(self, name: str, what: str = "") -> Walk | None:
        """A part of this one with draws of its own; None where it is left out.

        what: what it is, where that is known before its draws are.
        """
        path = f"{self.path}.{name}" if self.path else name
        if path in self.sketch.without:
            return None
        if what:
            self.sketch.parts[path] = what
        return Walk(self.sketch, path)

    def step(self, name: str, x: Tensor, *kinds: str) -> Tensor:
        """One step of some kinds, or ``x`` itself where the part is left out."""
        part = self.part(name)
        if part is None:
            return x
        whole = not (self.sketch.plain or self.sketch.coarse)  # rounding adds up over positions
        usable = [kind for kind in kinds if kind != "mixing" or whole]
        chosen = part.choice(KINDS[part.choice(usable)])
        self.sketch.parts[part.path] = chosen.__name__
        return chosen(part, x)

    def steps(self, name: str, count: int, x: Tensor, *kinds: str) -> Tensor:
        """Several steps, one after the other."""
        for index in range(count):
            x = self.step(f"{name}{index}", x, *kinds)
        return x


__all__ = ["KINDS", "LONGEST", "SHORTEST", "WIDEST", "Sketch", "Step", "Tensor", "Walk", "drawn"]
