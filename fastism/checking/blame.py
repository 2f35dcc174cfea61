"""Compare two evaluations value by value; name the first node that is wrong, and cut it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from fastism.checking.evaluate import Array, Case, Values, evaluate, given, group_of, is_split
from fastism.checking.modules import AROUND
from fastism.checking.subgraph import Subgraph, cut
from fastism.checking.tolerances import SMALLEST_SCALE
from fastism.checking.windows import wanted
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.printer import excerpt

CLOSE = 1e-5
"""The difference allowed between values in double precision, as a share of their scale."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What is wrong, as far as it could be told.

    module, graph, node: where; graph and node are None where no single node is to blame.
    culprit: the pass, the backend or the import that first disagrees. why: how that is known.
    part: the smallest sub-graph that disagrees.
    """

    module: Module
    graph: Graph | None = None
    node: Node | None = None
    part: Subgraph | None = None
    culprit: str = ""
    why: str = ""

    def blaming(self, culprit: str, why: str) -> Finding:
        """The same place, with who is to blame for it."""
        if culprit == "the numpy form" and self.node is not None:
            culprit = f"the numpy form of {self.node.op}"
        return replace(self, culprit=culprit, why=why)

    @property
    def where(self) -> str:
        """The layer, the node, the graph and the stage."""
        stage = f"stage {self.module.stage}, after {self.module.after}"
        if self.node is None or self.graph is None:
            return stage
        origin = self.node.origin
        layer = f"layer {origin.layer!r}, " if origin else ""
        return f"{layer}node %{self.node.name} = {self.node.op}(...) of @{self.graph.name}, {stage}"

    @property
    def context(self) -> str | None:
        """The lines of the stored dump around the node."""
        if self.node is None or self.graph is None:
            return None
        index = self.graph.nodes.index(self.node)
        return excerpt(self.graph, index, self.module.constants, around=AROUND)


@dataclass(frozen=True, eq=False)
class Pair:
    """Values of a graph, and what those of a name must be.

    backend: whose values they are. tolerance: the difference allowed, as a share of the scale.
    """

    module: Module
    graph: Graph
    found: Mapping[str, Array]
    wanted: Mapping[str, Array]
    tolerance: float
    backend: str = "reference"


def agrees(found: Array, expected: Array, allowed: float) -> bool:
    """Whether two arrays of as many elements agree, apart from entries expected to be NaN."""
    expected = expected.astype(np.float64)
    found = found.reshape(expected.shape).astype(np.float64)
    with np.errstate(invalid="ignore"):  # of infinities
        apart = np.abs(found - expected)
    return bool(((found == expected) | (apart <= allowed) | np.isnan(expected)).all())


def scale_of(array: Array) -> float:
    """The largest finite magnitude."""
    numbers = array.astype(np.float64)
    return max(float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)), SMALLEST_SCALE)


def first_wrong(
    pair: Pair, known: Iterable[Array], scales: Mapping[str, float] | None = None
) -> Finding:
    """The first node, in the order of the graph, whose value is not the one wanted.

    known: values of the evaluation held against, whatever their names. A value that equals one of
    them is right; so is one that only right values are made of, since a pass may give its name to
    another value (a convolution without the activation it had).
    """
    scales = scales or {name: scale_of(array) for name, array in pair.wanted.items()}
    known = list(known)
    right = {value.name for value in pair.graph.inputs}
    wrong: list[tuple[Node, str]] = []
    for node in pair.graph.nodes:
        for value in node.results:
            found, expected = pair.found[value.name], pair.wanted.get(value.name)
            if any(_equal(found, other, pair.tolerance) for other in known):
                right.add(value.name)
            elif expected is None or found.size != expected.size:
                continue  # of another meaning, or none: only what is made of it can tell
            elif agrees(found, expected, pair.tolerance * scales[value.name]):
                right.add(value.name)
            else:
                wrong.append((node, value.name))
    vertices = pair.graph.to_networkx() if known else None
    for node, name in wrong:
        behind = nx.descendants(vertices, node.name) if vertices is not None else ()
        results = {v.name for other in behind for v in pair.graph.by_name[other].results}
        if not results & right:
            part = cut(
                pair.module,
                pair.graph,
                name,
                right,
                pair.found,
                pair.wanted[name].reshape(pair.found[name].shape).astype(np.float64),
                backend=pair.backend,
                allowed=pair.tolerance * scales[name],
            )
            return Finding(pair.module, pair.graph, node, part)
    return Finding(pair.module)


def _equal(found: Array, other: Array, tolerance: float) -> bool:
    return found.size == other.size and agrees(found, other, tolerance * scale_of(other))


def sequential(before: Module, after: Module, case: Case) -> Finding:
    """The first value of a stage, for the mutant, that is another one in the stage before it."""
    earlier = evaluate(before, before.main, case.after, case)
    later = evaluate(after, after.main, case.after, case)
    named = {name: earlier[name] for name in later if name in earlier}
    named |= {
        new: earlier[old] for old, new in zip(before.main.outputs, after.main.outputs, strict=True)
    }
    return first_wrong(Pair(after, after.main, later, named, CLOSE), earlier.values())


def propagated(source: Module | None, before: Module, after: Module, case: Case) -> Finding:
    """The first value of a split stage that is another one in the source graph, or before.

    source: the last module that has one graph; None where the plan was made of split text. The
    intout graph, on the sequence itself, comes first; then the propagation graph of the item's
    site.
    """
    whole = source or before
    reference = evaluate(whole, whole.main, case.before, case)
    saved = evaluate(after, after.main, case.before, case)
    finding = first_wrong(Pair(after, after.main, saved, reference, CLOSE), ())
    group = group_of(after, case.site)
    if finding.node is not None or group is None:
        return finding
    graph, local = group
    values = evaluate(after, graph, given(graph, local, saved, case), case)
    earlier = _same_graph(before, graph, case)
    if earlier is not None:
        finding = first_wrong(Pair(after, graph, values, earlier, CLOSE), ())
        if finding.node is not None:
            return finding
    if source is None:
        return finding
    mutant = evaluate(source, source.main, case.after, case)
    right, scales = wanted(source, after, graph, local, case, reference, mutant)
    return first_wrong(Pair(after, graph, values, right, CLOSE), (), scales)


def _same_graph(before: Module, graph: Graph, case: Case) -> Values | None:
    """The values of the same propagation graph a stage earlier, where there is one."""
    group = group_of(before, case.site) if is_split(before) else None
    if group is None or group[0].name != graph.name:
        return None
    saved = evaluate(before, before.main, case.before, case)
    return evaluate(before, group[0], given(*group, saved, case), case)
