"""What is made of a model's outputs inside the graph, so that little of them leaves it.

Of an output some channels are taken (``target``), of these some positions (``over``), and of the
positions one number (``reduce``). Only what is asked for is computed: need ranges see the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, TypeAlias

from fastism.errors import InputError, PlanError, did_you_mean

Shape: TypeAlias = Sequence[int | None]
"""The shape of an output without the batch axis; None for an axis that the model leaves open."""

WAYS = {
    "sum": "the sum of z",
    "mean": "the mean of z",
    "max": "the largest of z",
    "l2": "sqrt(sum of z^2)",
    "logsumexp": "log(sum of exp(z))",
    "profile": "sum of softmax(z) (z - mean of z), for the logits of a profile",
}
"""The reductions by name, of the positions z of an output, each channel for itself."""

AXES = (
    "of an output (N, L, C) it is over the L positions, each channel for itself; of (N, D) over "
    "the D numbers"
)


@dataclass(frozen=True)
class Reduction:
    """What is made of one output, in this order.

    target: channels, of the last axis, in the order wanted; all of them if None.
    over: positions [start, stop), of the first axis after the batch; all of them if None.
    way: one of `WAYS`, over those positions; or the name of ``function``, which takes the output
        and returns another. None for neither.
    own: whether ``way`` names a function of the user's, which no plan holds.
    """

    target: tuple[int, ...] | None = None
    over: tuple[int, int | None] | None = None
    way: str | None = None
    own: bool = False
    function: Callable[[Any], Any] | None = dataclasses.field(default=None, compare=False)

    @property
    def record(self) -> dict[str, Any]:
        """Everything but the function, as JSON."""
        return {
            "target": None if self.target is None else list(self.target),
            "over": None if self.over is None else list(self.over),
            "way": self.way,
            "own": self.own,
        }

    def __str__(self) -> str:
        """``channels 0, 3; positions [400, 600); sum``."""
        said = [] if self.target is None else [f"channels {', '.join(map(str, self.target))}"]
        if self.over is not None:
            start, stop = self.over
            said.append(f"positions [{start}, {'end' if stop is None else stop})")
        if self.way is not None:
            said.append(f"{self.way}, a function of yours" if self.own else self.way)
        return "; ".join(said)

    @classmethod
    def of_record(cls, record: Any) -> Reduction:
        """What `record` gave. Raises PlanError for anything else."""
        try:
            target, over, way, own = (record[key] for key in ("target", "over", "way", "own"))
            found = cls(
                None if target is None else tuple(map(int, target)),
                None if over is None else (int(over[0]), None if over[1] is None else int(over[1])),
                way,
                own,
            )
        except (KeyError, IndexError, TypeError, ValueError):
            found = None
        if found is None or found.record != record or not (own or way is None or way in WAYS):
            raise PlanError(f"{record!r} is no reduction", attempt="compile the model again")
        return found


def parse_reductions(
    outputs: Mapping[str, Shape],
    wanted: Sequence[str] | None,
    *,
    target: Any = None,
    over: Any = None,
    reduce: Any = None,
) -> dict[str, Reduction]:
    """Reductions by the names of the outputs they are of; none where nothing is asked for.

    outputs: the shape of every output of the model. wanted: those that will be scored, None for
    all. target, over, reduce: as of `fastism.compile`; each for every wanted output, or a mapping
    by output.

    Raises InputError for what does not fit an output, saying which.
    """
    asked = {"target": target, "over": over, "reduce": reduce}
    names = [name for name in outputs if wanted is None or name in wanted]
    by_output: dict[str, dict[str, Any]] = {}
    for option, given in asked.items():
        each = given if isinstance(given, Mapping) else dict.fromkeys(names, given)
        for name, value in each.items():
            if name not in names:
                raise InputError(
                    f"{option} is given for the output {name!r}, which is not scored",
                    why=f"the outputs scored are {', '.join(names)}",
                )
            if value is not None:
                by_output.setdefault(name, {})[option] = value
    return {name: _reduction(name, outputs[name], **by_output[name]) for name in by_output}


def with_functions(reductions: Mapping[str, Reduction], reduce: Any) -> dict[str, Reduction]:
    """Reductions of a plan's record with the functions of the user's, which no record holds.

    reduce: the function, or a mapping by output; None for none. Raises InputError where it is not
    callable, or the plan was compiled without one.
    """
    if reduce is None:
        return dict(reductions)
    own = [name for name, reduction in reductions.items() if reduction.own]
    given = reduce if isinstance(reduce, Mapping) else dict.fromkeys(own, reduce)
    if not given or not set(given) <= set(own) or not all(map(callable, given.values())):
        raise InputError(
            f"reduce={reduce!r} fits no output of the plan",
            why=f"those reduced by a function of yours: {', '.join(own) or 'none'}",
        )
    return {
        name: dataclasses.replace(reduction, function=given.get(name, reduction.function))
        for name, reduction in reductions.items()
    }


def _reduction(
    name: str, shape: Shape, target: Any = None, over: Any = None, reduce: Any = None
) -> Reduction:
    if not shape:
        raise InputError(
            f"output {name!r} is one number a sequence: there is nothing to take or reduce",
            attempt=_others(name),
        )
    if len(shape) == 1 and target is not None and over is not None:
        raise InputError(
            f"output {name!r} has one axis, which target and over both take a part of",
            attempt="target alone, for numbers in any order",
        )
    found = Reduction(_target(name, shape[-1], target), _over(name, shape[0], over))
    if reduce is None:
        return found
    if callable(reduce):
        own = str(getattr(reduce, "__qualname__", type(reduce).__qualname__))
        return dataclasses.replace(found, way=own, own=True, function=reduce)
    require_way(reduce)
    return dataclasses.replace(found, way=reduce)


def require_way(name: Any) -> None:
    """Raise InputError unless it is one of `WAYS`."""
    if not isinstance(name, str) or name not in WAYS:
        raise InputError(
            f"there is no reduction {name!r}",
            why=f"the names are {', '.join(WAYS)}; {AXES}",
            attempt=did_you_mean(str(name), WAYS)
            or "a function of keras.ops, from the output to what is wanted of it",
        )


def _target(name: str, channels: int | None, given: Any) -> tuple[int, ...] | None:
    if given is None:
        return None
    single = _whole(given)
    every = [single] if single is not None else [_whole(each) for each in _listed(given)]
    chosen = tuple(each for each in every if each is not None)
    inside = all(0 <= each < (channels or each + 1) for each in chosen)
    if not chosen or not inside or len(set(chosen)) < len(every):
        raise InputError(
            f"target={given!r} does not fit output {name!r}",
            why="it must name channels of the output, each once"
            + (f", of 0 to {channels - 1}" if channels else ""),
            attempt="target=[0, 3, 7]; --target 0,3,7 on the command line",
        )
    return chosen


def _over(name: str, length: int | None, given: Any) -> tuple[int, int | None] | None:
    if given is None:
        return None
    ends = [given.start, given.stop] if isinstance(given, slice) else [""]
    bounds = [None if end is None else _whole(end) for end in ends]
    if [end is None for end in ends] != [b is None for b in bounds] or given.step not in (None, 1):
        raise InputError(
            f"over={given!r} is not a stretch of positions",
            attempt="over=slice(400, 600); --over 400:600 on the command line",
        )
    if length is None:
        return bounds[0] or 0, bounds[1]
    start, stop = (bound if bound is None or bound >= 0 else bound + length for bound in bounds)
    start, stop = start or 0, length if stop is None else stop
    if not 0 <= start < stop <= length:
        raise InputError(
            f"the positions {start}:{stop} do not lie inside output {name!r}",
            why=f"it has {length:,} positions",
        )
    return start, stop


def _whole(given: Any) -> int | None:
    """A whole number of any kind, numpy's too; None for anything else."""
    try:
        return None if isinstance(given, bool) else index(given)
    except TypeError:
        return None


def _listed(given: Any) -> list[Any]:
    try:
        return list(given)
    except TypeError:
        return []


def _others(name: str) -> str:
    return f"outputs=, to score other outputs; or a mapping that leaves {name!r} out"
