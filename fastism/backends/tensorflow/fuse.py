"""Cut a graph into steps: heavy ops one by one, and everything between two of them as one kernel.

Convolutions and matrix products run at the machine's peak as TensorFlow ops, and ten times slower
compiled by XLA; the element-wise ops between them are bound by memory, and XLA makes one loop of
them. So each step is either one heavy node, or all light nodes that can run between the same two.
What an op is stands in its row (``light``). Windows of the reference are heavy too: the number of
sequences they are gathered from varies from call to call, and XLA compiles for one shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition


@dataclass(frozen=True)
class Step:
    """Nodes run as a unit; ``reads`` come from outside it, ``gives`` are used outside it.

    fused: a run of light ops, to be compiled into one kernel.
    """

    nodes: tuple[Node, ...]
    reads: tuple[str, ...]
    gives: tuple[str, ...]
    fused: bool


def unfused(graph: Graph) -> Step:
    """The whole graph as one step, to be run op by op."""
    return Step(graph.nodes, tuple(v.name for v in graph.inputs), graph.outputs, fused=False)


def steps(graph: Graph) -> list[Step]:
    """The graph as steps, in an order that runs."""
    phase = _phases(graph)
    pieces: list[list[Node]] = []
    for index in sorted(set(phase.values())):
        members = [node for node in graph.nodes if phase[node.name] == index]
        pieces.extend([node] for node in members if not _light(node))
        light = [node for node in members if _light(node)]
        if light:
            pieces.append(light)
    return [_step(graph, piece) for piece in pieces]


def _phases(graph: Graph) -> dict[str, int]:
    """Light nodes run in the phase of their latest input, heavy ones a phase after light inputs."""
    phase: dict[str, int] = {}
    for node in graph.nodes:
        found = [0]
        for name in node.inputs:
            source = graph.producers.get(name)
            if source is not None:
                later = not _light(node) and _light(source)
                found.append(phase[source.name] + int(later))
        phase[node.name] = max(found)
    for node in reversed(graph.nodes):
        # What depends on no computed value is put off until it is needed.
        if not _light(node) and all(name not in graph.producers for name in node.inputs):
            users = [phase[user.name] for value in node.results for user in graph.users[value.name]]
            phase[node.name] = min(users, default=phase[node.name])
    return phase


def _step(graph: Graph, nodes: Sequence[Node]) -> Step:
    made: Mapping[str, None] = {value.name: None for node in nodes for value in node.results}
    inside = {node.name for node in nodes}
    reads = dict.fromkeys(name for node in nodes for name in node.inputs if name not in made)
    gives = tuple(
        name
        for name in made
        if name in graph.outputs or any(user.name not in inside for user in graph.users[name])
    )
    return Step(tuple(nodes), tuple(reads), gives, _light(nodes[0]))


def _light(node: Node) -> bool:
    return definition(node.op).light
