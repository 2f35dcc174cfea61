"""A split or scheduled module as its readers see it: what the passes noted in its graphs, typed.

The passes keep their notes in attributes and constants of graphs, so that every stage prints and
parses. They are spelled here and nowhere else:

    @intout      heads        the values that are the model's outputs
    @propagate   heads        which of the model's outputs it returns, by number
                 sites        (a constant) indices into the module's sites
                 pairs, items, bytes, workers, predicted_ns, measured_ns, live, ways, no_choice
                              see `Chunks`
                 BACKEND.X    the option X of one backend, which that backend alone reads
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fastism.errors import did_you_mean
from fastism.ir.graph import Attribute, Graph
from fastism.ir.module import Module
from fastism.ir.ops.registry import definition
from fastism.ir.place import Place
from fastism.ir.ranges import IntArray
from fastism.ir.ways import Way, read, written

INTOUT: Final = "intout"
PROPAGATE: Final = "propagate"
INDICES: Final = ("item/sequence", "item/site")
"""Inputs of a propagation graph, i32[P]: each pair's row of the reference, and of the tables."""
EDIT: Final = "item/edit"
"""The input of a propagation graph, with batch axis M, that holds each item's input delta."""

_COUNTS: Final = {
    "pairs": "chunk size",
    "items": "number of items a chunk",
    "bytes": "memory estimate",
    "workers": "number of workers",
}


@dataclass(frozen=True, kw_only=True)
class Chunks:
    """How the items of a propagation graph are chunked.

    pairs: (sequence, site) pairs a chunk. items: items a chunk. bytes: an estimate of the memory
    that such a chunk takes. workers: chunks run side by side. predicted_seconds: an item's, by the
    cost model; measured_seconds: as timed. Both are kept in whole nanoseconds, and None where
    nobody said. live: the share of multiply-adds that are not with zero; None where nobody counted.
    ways: those that the backend had to run the graph by, the chosen one first; none for a backend
    that has but one. no_choice: why the backend could not choose, if so.
    """

    pairs: int
    items: int
    bytes: int
    workers: int
    predicted_seconds: float | None = None
    measured_seconds: float | None = None
    live: float | None = None
    ways: tuple[Way, ...] = ()
    no_choice: str | None = None

    @classmethod
    def of(cls, at: Place) -> Chunks:
        """Those of a scheduled graph. Raises VerifyError where one lacks or is of another kind."""
        pairs, items, size, workers = (_count(at, key, what) for key, what in _COUNTS.items())
        if items % pairs:
            what = f"has {items} items and {pairs} pairs a chunk"
            at.refuse(what, "each pair has as many items", part="items")
        return cls(
            pairs=pairs,
            items=items,
            bytes=size,
            workers=workers,
            predicted_seconds=_seconds(at, "predicted_ns"),
            measured_seconds=_seconds(at, "measured_ns"),
            live=_part(at, "live"),
            ways=read(at, at.graph.attributes.get("ways")),
            no_choice=_sentence(at, "no_choice"),
        )

    @property
    def alternatives(self) -> int:
        """Items a pair that the chunks were sized for."""
        return self.items // self.pairs

    @property
    def pair_bytes(self) -> int:
        """Bytes a pair."""
        return max(self.bytes // self.pairs, 1)

    @property
    def attributes(self) -> dict[str, Attribute]:
        """As attributes of a graph; `of` reads them back."""
        found: dict[str, Attribute] = {key: getattr(self, key) for key in _COUNTS}
        for key in ("predicted", "measured"):
            seconds = getattr(self, f"{key}_seconds")
            if seconds is not None:
                found[f"{key}_ns"] = round(1e9 * seconds)
        if self.live is not None:
            found["live"] = self.live
        if self.ways:
            found["ways"] = written(self.ways)
        if self.no_choice is not None:
            found["no_choice"] = self.no_choice
        return found

    def pairs_within(self, memory: int | None) -> int:
        """Pairs a chunk, fewer than scheduled where ``memory`` bytes would not hold them."""
        if memory is None:
            return self.pairs
        return max(1, min(self.pairs, memory // (self.pair_bytes * self.workers)))

    def resized(self, pairs: int) -> Chunks:
        """With another number of pairs a chunk, which items and bytes follow."""
        size = self.pair_bytes * pairs
        return replace(self, pairs=pairs, items=self.alternatives * pairs, bytes=size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Group(Chunks):
    """A propagation graph, the sites it is for, and how its items are chunked.

    sites: (S,) indices into the module's sites. heads: which of the model's outputs it returns.
    keys: (S, D), what the pairs of a chunk must agree on: where the windows of dense layers start.
    """

    graph: Graph
    sites: IntArray
    heads: tuple[int, ...]
    keys: IntArray

    def rescheduled(
        self,
        *,
        pairs: int | None = None,
        workers: int | None = None,
        measured_seconds: float | None = None,
        live: float | None = None,
        ways: Sequence[Way] | None = None,
        no_choice: str | None = None,
        options: Mapping[str, Attribute] | None = None,
    ) -> Graph:
        """The graph with another schedule; what is not given stays.

        ways: the chosen one first, whose seconds are the graph's. no_choice: empty where there is
        one again. options: options of backends, by their full names.
        """
        kept = tuple(self.ways if ways is None else ways)
        chosen = kept[0] if ways else Way("", measured_seconds=measured_seconds)
        chunks = replace(
            self.resized(self.pairs if pairs is None else pairs),
            workers=self.workers if workers is None else workers,
            predicted_seconds=_said(chosen.predicted_seconds, self.predicted_seconds),
            measured_seconds=_said(chosen.measured_seconds, self.measured_seconds),
            live=_said(live, self.live),
            ways=kept,
            no_choice=self.no_choice if no_choice is None else no_choice or None,
        )
        held = {name: value for name, value in self.graph.attributes.items() if "." in name}
        return scheduled(self.graph, chunks, {**held, **(options or {})})


@dataclass(frozen=True)
class Program:
    """A scheduled module.

    heads: the values of the intout graph that are the model's outputs, in their order.
    """

    module: Module
    heads: tuple[str, ...]
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, module: Module) -> Program:
        """Read the notes of a scheduled module.

        Raises VerifyError where one is missing or of another kind, ValueError where the module was
        read from text without its tables.
        """
        heads = model_heads(module)
        groups = (_group(module, graph, len(heads)) for graph in module.graphs[1:])
        return cls(module, heads, tuple(groups))

    @property
    def intout(self) -> Graph:
        """The graph that runs once a sequence."""
        return self.module.main

    def rescheduled(self, graphs: Iterable[Graph]) -> Module:
        """The module with some of its propagation graphs replaced, by name."""
        changed = {graph.name: graph for graph in graphs}
        return self.module.with_graphs(changed.get(g.name, g) for g in self.module.graphs)


def scheduled(graph: Graph, chunks: Chunks, options: Mapping[str, Attribute]) -> Graph:
    """A propagation graph with a schedule, in place of the one it had."""
    heads = graph.attributes["heads"]
    return graph.replace(attributes={"heads": heads, **chunks.attributes, **options})


def model_heads(module: Module) -> tuple[str, ...]:
    """The values of the intout graph that are the model's outputs. Raises VerifyError."""
    at = Place(module, module.main)
    heads = _heads(at)
    names = tuple(head for head in heads if isinstance(head, str))
    if len(names) != len(heads):
        at.refuse(f"has the heads {heads!r}", "they are names of values it returns", part="heads")
    return names


def graph_heads(module: Module, graph: Graph, outputs: int) -> tuple[int, ...]:
    """Which of the model's ``outputs`` a propagation graph returns. Raises VerifyError."""
    at = Place(module, graph)
    numbers = []
    for head in _heads(at):
        if type(head) is not int or not 0 <= head < outputs:
            at.refuse(f"has the head {head!r}", f"the model has {outputs} outputs", part="heads")
        numbers.append(head)
    return tuple(numbers)


def check_sites(module: Module, graph: Graph) -> None:
    """The graph says which sites it is for. Raises VerifyError."""
    sites = module.constants.get(dict(graph.constants).get("sites", ""))
    if sites is None or sites.type.dtype != "i32" or sites.type.rank != 1:
        why = "its constant in the role 'sites' numbers them, as i32"
        Place(module, graph).refuse("has no sites", why, part="sites")


def group_indices(module: Module, graph: Graph) -> IntArray:
    """The sites (indices into ``module.sites``) a propagation graph is for, in its own order.

    Raises VerifyError where it does not say, ValueError where the module has no content for it.
    """
    check_sites(module, graph)
    return _table(module, dict(graph.constants)["sites"])


def backend_options(
    module: Module, graph: Graph, known: Mapping[str, Attribute]
) -> dict[str, Attribute]:
    """The options that one backend takes of a graph: those of ``known``, or else their defaults.

    ``known`` holds the backend's options by full name (``tensorflow.fuse``), a bool or a tuple of
    strings each. Raises VerifyError for an option of that backend that is not known, or of another
    kind.
    """
    found, at = dict(known), Place(module, graph)
    for name, value in graph.attributes.items():
        backend = name.partition(".")[0]
        if not any(option.startswith(f"{backend}.") for option in known):
            continue
        if name not in known:
            why = f"that backend knows {', '.join(known)}"
            at.refuse(f"has the option {name!r}", why, did_you_mean(name, known), part=name)
        if isinstance(known[name], bool):
            fits, kind = isinstance(value, bool), "true or false"
        else:
            words = value if isinstance(value, tuple) else (0,)
            fits, kind = all(isinstance(word, str) for word in words), "a list of words"
        if not fits:
            at.refuse(f"has the option {name}={value!r}", f"it is {kind}", part=name)
        found[name] = value
    return found


def _heads(at: Place) -> tuple[Attribute, ...]:
    heads = at.graph.attributes.get("heads")
    if not isinstance(heads, tuple):
        why = "the attribute says which of the model's outputs it returns"
        at.refuse("has no heads", why, part="heads")
    return heads


def _group(module: Module, graph: Graph, outputs: int) -> Group:
    sites = group_indices(module, graph)
    names = [node.constant(role) for node in graph.nodes for role in definition(node.op).together]
    tables = [_table(module, name) for name in dict.fromkeys(names) if name is not None]
    keys: IntArray = np.stack(tables, 1) if tables else np.zeros((len(sites), 0), np.int64)
    heads = graph_heads(module, graph, outputs)
    chunks = Chunks.of(Place(module, graph))
    return Group(graph=graph, sites=sites, heads=heads, keys=keys, **vars(chunks))


def _table(module: Module, name: str) -> IntArray:
    return np.asarray(module.content(name), dtype=np.int64)


def _count(at: Place, key: str, what: str) -> int:
    value = at.graph.attributes.get(key)
    if value is None:
        at.refuse(f"has no {what}", f"at stage scheduled its attribute {key!r} holds it")
    if type(value) is not int or value < 1:
        at.refuse(f"has the {what} {key}={value!r}", "it is a whole number from 1 up", part=key)
    return value


def _said(number: float | None, otherwise: float | None) -> float | None:
    return otherwise if number is None else number


def _part(at: Place, key: str) -> float | None:
    value = at.graph.attributes.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        at.refuse(f"has the share {key}={value!r}", "it is a number from 0 to 1")
    return float(value)


def _sentence(at: Place, key: str) -> str | None:
    value = at.graph.attributes.get(key)
    if value is not None and not isinstance(value, str):
        at.refuse(f"has {key}={value!r}", "it is a sentence", part=key)
    return value


def _seconds(at: Place, key: str) -> float | None:
    value = at.graph.attributes.get(key)
    if value is not None and (type(value) is not int or value < 0):
        why = "it is a whole number of nanoseconds"
        at.refuse(f"has the time {key}={value!r}", why, part=key)
    return None if value is None else 1e-9 * value
