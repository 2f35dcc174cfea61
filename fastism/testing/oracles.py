"""Oracles for ranges: run the graph whole, twice, and look which positions really changed.

*Sound*: every activation that an edit alters lies inside its change range, and nothing outside a
value's need range reaches an output. *Tight*: the ranges are no wider than that. Tightness can only
be seen where nothing cancels and no position is skipped, so it is asked of graphs that `seen_whole`
accepts, with the weights of `positive`.

Everything runs in float64 under the numpy backend, mutant and reference as batches of one shape, so
that positions the edit does not reach agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fastism.backends import reference
from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Constant, Module
from fastism.ir.ops import definition
from fastism.ir.printer import interval_text
from fastism.ir.ranges import Interval, Range
from fastism.ir.windows import Relation, Window

Array = npt.NDArray[Any]
Opaque = Mapping[str, Callable[..., Any]] | None

Intervals: TypeAlias = tuple[Interval, ...]

DOMINANT = 1e3
"""Added to what is edited: more than any maximum elsewhere."""


class Excess(NamedTuple):
    """Where what happened and what the range says part; ``site`` is None for a need range."""

    value: str
    site: int | None
    seen: Intervals
    said: Intervals

    def __str__(self) -> str:
        where = "" if self.site is None else f" (edit at {self.site})"
        seen, said = interval_text(*self.seen), interval_text(*self.said)
        return f"%{self.value}{where}: {seen} happened, the range says {said}"


def edges_and_inside(count: int, inside: int = 3) -> list[int]:
    """Indices of the two sites at each end, and a few spread between."""
    spread = np.linspace(0, count - 1, inside + 2).round().astype(int)
    return sorted({int(i) for i in (*spread, 1, count - 2) if 0 <= i < count})


def changes(
    module: Module, inputs: Mapping[str, Array], site: int, edit: Array, opaque: Opaque = None
) -> dict[str, Intervals]:
    """The runs of positions of every value that differ once ``edit`` is added at a site.

    module: annotated, or any later stage with one graph. edit: (width, C) or what broadcasts to it.
    """
    assert module.sites is not None
    start = module.sites.starts[site]
    edited = np.array(inputs[module.seq_input], dtype=np.float64)
    edited[:, start : start + module.sites.width] += edit
    before = _evaluate(module, module.main, inputs, opaque)
    after = _evaluate(module, module.main, {**inputs, module.seq_input: edited}, opaque)
    return {name: _runs(before[name], after[name]) for name in before}


def unsound_changes(
    module: Module, inputs: Mapping[str, Array], sites: Iterable[int], opaque: Opaque = None
) -> Iterator[Excess]:
    """Activations that an edit with noise alters outside their change range."""
    random = np.random.default_rng(0)
    for site in sites:
        edit = random.normal(size=module.main.values[module.seq_input].type.channels)
        for name, seen in changes(module, inputs, site, edit, opaque).items():
            said = _change(module.main, name, site)
            if not all(any(_within(run, known) for known in said) for run in seen):
                yield Excess(name, site, seen, said)


def loose_changes(
    module: Module, inputs: Mapping[str, Array], sites: Iterable[int]
) -> Iterator[Excess]:
    """Change ranges that hold more, or less, than a dominant edit alters; see `seen_whole`."""
    for site in sites:
        for name, seen in changes(module, inputs, site, np.array(DOMINANT)).items():
            said = _change(module.main, name, site)
            if _as_range(seen, module.main.values[name].type.length).at(0) != said:
                yield Excess(name, site, seen, said)


def unsound_needs(
    module: Module, inputs: Mapping[str, Array], opaque: Opaque = None
) -> Iterator[Excess]:
    """Values in which noise outside the need range reaches an output."""
    graph = module.main
    for name, value in graph.values.items():
        need, length = _need(graph, name), value.type.length
        outside = [p for p in range(length) if not need.start <= p < need.stop]
        if outside and _reaches(module, name, inputs, outside, 1.0, opaque):
            yield Excess(name, None, (Interval(0, length),), (need,))


def loose_needs(module: Module, inputs: Mapping[str, Array]) -> Iterator[Excess]:
    """Values whose first or last needed position reaches no output; see `seen_whole`."""
    graph = module.main
    for name in graph.values:
        need = _need(graph, name)
        if not need.width:
            continue
        for end, rest in (
            (need.start, Interval(need.start + 1, need.stop)),
            (need.stop - 1, Interval(need.start, need.stop - 1)),
        ):
            if not _reaches(module, name, inputs, [end], DOMINANT):
                yield Excess(name, None, (rest,), (need,))


def seen_whole(graph: Graph) -> bool:
    """Whether every change of a graph with positive weights and inputs can be seen.

    Its ops are monotone, and no window leaves a gap: no dilation of a kernel wider than 1, no
    stride beyond the width of what is read. Then a run of changed inputs changes a run of outputs.
    Nor does it fold positions, which changes only some of those behind; and where it joins them to
    channels, it reads all channels.
    """
    shapes = [n for n in graph.nodes if n.op == "reshape" and n.result.type.rank >= 3]
    joins = any(graph.values[n.inputs[0]].type.length > n.type.length for n in shapes)
    if joins and any(node.op == "slice_channels" for node in graph.nodes):
        return False
    return all(
        definition(node.op).monotone
        and all(_gapless(node, relation) for relation in relations(graph, node))
        for node in graph.nodes
    )


def _gapless(node: Node, relation: Relation) -> bool:
    if isinstance(relation, Window):
        return abs(relation.stride) <= relation.width and 1 in (relation.dilation, relation.width)
    return not definition(node.op).moves or node.type.length == 1


def positive(module: Module, seed: int = 0) -> Module:
    """The module with positive weights in place of its own, scaled so that sums stay near 1."""
    random = np.random.default_rng(seed)
    made: dict[str, Constant] = {}
    for name, constant in module.constants.items():
        shape = tuple(int(dim) for dim in constant.type.shape)
        fan = np.prod(shape[:-1]) if len(shape) > 1 else 1
        made[name] = Constant.of((random.uniform(0.5, 1.5, shape) / fan).astype(np.float32))
    return module.with_constants(made)


def positive_inputs(graph: Graph, sequences: int = 1) -> dict[str, Array]:
    """Inputs that are the same small number everywhere."""
    shapes = {value.name: map(int, value.type.shape[1:]) for value in graph.inputs}
    return {name: np.full((sequences, *shape), 0.1) for name, shape in shapes.items()}


def _evaluate(
    module: Module, graph: Graph, inputs: Mapping[str, Array], opaque: Opaque
) -> dict[str, Array]:
    alone = module.with_graphs([graph])
    return reference.run(
        alone, graph.name, inputs, opaque=opaque, dtype="float64", keep=graph.values
    )


def _reaches(
    module: Module,
    name: str,
    inputs: Mapping[str, Array],
    positions: list[int],
    amount: float,
    opaque: Opaque = None,
) -> bool:
    """Whether an output moves when ``amount`` is added to a value at some positions."""
    graph = module.main
    before = _evaluate(module, graph, inputs, opaque)
    if before[name].dtype.kind != "f":  # a mask has no noise
        return False
    producer = graph.producers.get(name)
    if producer is not None:  # its results become inputs
        nodes = tuple(node for node in graph.nodes if node is not producer)
        graph = graph.replace(inputs=(*graph.inputs, *producer.results), nodes=nodes).prune()
    given = {value.name: before[value.name] for value in graph.inputs}
    moved = np.array(given[name])
    moved[:, positions if moved.ndim >= 3 else slice(None)] += amount
    after = _evaluate(module, graph, {**given, name: moved}, opaque)
    return any(_runs(before[out], after[out]) for out in graph.outputs)


def _runs(before: Array, after: Array) -> Intervals:
    """The runs of positions that differ; [0, 1) for a value without positions that does."""
    differ = (before != after) & ~((before != before) & (after != after))  # NaN equals NaN
    axes = tuple(axis for axis in range(differ.ndim) if differ.ndim < 3 or axis != 1)
    where = np.concatenate(([False], np.atleast_1d(differ.any(axis=axes)), [False]))
    ends = np.flatnonzero(where[1:] != where[:-1]).reshape(-1, 2)
    return tuple(Interval(int(start), int(stop)) for start, stop in ends)


def _within(run: Interval, known: Interval) -> bool:
    return known.start <= run.start and run.stop <= known.stop


def _as_range(runs: Intervals, length: int) -> Range:
    """Runs of one site as a change range holds them: no more than so many."""
    given = runs or (Interval(0, 0),)
    starts, stops = ([[getattr(run, end)] for run in given] for end in ("start", "stop"))
    return Range(np.array(starts), np.array(stops), length)


def _change(graph: Graph, name: str, site: int) -> Intervals:
    change = graph.values[name].change
    assert change is not None, "the module is not annotated"
    return change.at(site)


def _need(graph: Graph, name: str) -> Interval:
    need = graph.values[name].need
    assert need is not None, "the module is not annotated"
    return need
