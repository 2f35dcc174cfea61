"""Where one segment ends and the next begins, and why.

A segment is a run of nodes executed as a unit: a convolution, and the pointwise ops and pools
behind it. A node joins the segment of the node it reads unless something stands between them.
`segment` numbers nodes by that, and reports ask for it again, so there is one answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition
from fastism.ir.windows import POINTWISE, Relation, Window
from fastism.passes.stops import MEETS, STOP_KINDS, kind_of_stop


@dataclass(frozen=True)
class Reason:
    """What stands between a node and the one it reads.

    kind: ``input`` (it reads the edited input itself), ``fan-out`` (others read the same value),
    ``joins`` (it reads several values), ``flanks`` (linear, it reads beside each position),
    ``moves`` (linear, it moves positions), ``mode`` (it runs otherwise than what it reads); or,
    where locality ends, one of ``STOP_KINDS``.
    why: the same as a clause, for people.
    """

    kind: str
    why: str


@dataclass(frozen=True)
class Boundary:
    """The start of a segment: the node that opens it, the segments it reads, and the reasons."""

    node: str
    segment: int
    behind: tuple[int, ...]
    reasons: tuple[Reason, ...]

    @property
    def is_stop(self) -> bool:
        """Whether locality ends here."""
        return self.reasons[0].kind in STOP_KINDS


def segments(graph: Graph) -> Mapping[str, int]:
    """The segment of every node of a graph whose modes are set; 0 for what an edit never changes.

    Numbers count from 1 in the order in which segments open.
    """
    found: dict[str, int] = {}
    count = 0
    for node in graph.nodes:
        if node.mode == "reference":
            found[node.name] = 0
        elif reasons_between(graph, node):
            count += 1
            found[node.name] = count
        else:
            found[node.name] = found[graph.producers[node.inputs[0]].name]
    return found


def boundaries(graph: Graph) -> tuple[Boundary, ...]:
    """Every start of a segment of a segmented graph, in order."""
    numbers, found = segments(graph), []
    for node in graph.nodes:
        reasons = reasons_between(graph, node) if node.mode != "reference" else ()
        if reasons:
            sources = (graph.producers.get(name) for name in node.inputs)
            behind = dict.fromkeys(numbers[source.name] for source in sources if source)
            found.append(Boundary(node.name, numbers[node.name], tuple(behind), reasons))
    return tuple(found)


def reasons_between(graph: Graph, node: Node) -> tuple[Reason, ...]:
    """Why a node does not join the segment of what it reads, the weightiest first; empty if it
    does. The modes of the graph are set.
    """
    source = graph.producers.get(node.inputs[0])
    found = []
    if node.stop is not None:
        found.append(Reason(kind_of_stop(node), node.stop))
        if node.stop == MEETS:
            found.extend(_alike(graph, node))
    if len(node.inputs) > 1:
        found.append(Reason("joins", f"joins {len(node.inputs)} values"))
    elif source is None:
        found.append(Reason("input", "reads the edited input"))
    else:
        others = [user.name for user in graph.users[node.inputs[0]] if user is not node]
        if others:
            found.append(Reason("fan-out", f"{node.inputs[0]} is read by {_listed(others)} too"))
        if source.mode != node.mode and node.stop is None:
            found.append(Reason("mode", f"runs as {node.mode}, behind {source.mode}"))
    if node.mode == "delta" and definition(node.op).linear:
        found.extend(_beside(relations(graph, node)))
    return tuple(found)


_ALIKE = {"multiply": "scaled", "divide": "scaled", "add": "shifted", "subtract": "shifted"}


def _alike(graph: Graph, node: Node) -> Iterator[Reason]:
    """What becomes of positions that a vector pooled from all of them scales or shifts."""
    types = graph.types(node.inputs)
    if node.op not in _ALIKE or all(type_.length == node.type.length for type_ in types):
        return
    how = f"all positions are {_ALIKE[node.op]} alike"
    behind = dict.fromkeys(user.op for user in graph.users[node.result.name])
    if node.mode == "exit":
        yield Reason("meets", f"{how}: summed once, what is on windows apart")
    elif behind:
        kept = "does not keep" if len(behind) == 1 else "do not keep"
        yield Reason("meets", f"{how}, which {_listed([*behind])} {kept}: each is made anew")


def _beside(read: Sequence[Relation]) -> Iterator[Reason]:
    """Why a linear op on windows opens a segment: it reads flanks, or moves positions."""
    reach = max((relation.reach for relation in read if isinstance(relation, Window)), default=1)
    if reach > 1:
        yield Reason("flanks", f"reads {reach:,} positions for each of its own")
    elif any(relation != POINTWISE for relation in read):
        yield Reason("moves", "moves positions")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} others"
