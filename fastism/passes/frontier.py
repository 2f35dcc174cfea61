"""Where following windows stops paying: the cheapest frontier between windows and whole values.

Once a value runs whole, so does all behind it. Each node costs one thing on windows and another
whole, and a change that leaves its window must be scattered into the reference. The cheapest choice
for all nodes together is a minimum cut between a start (on windows) and an end (whole):

    start -> node      cut where the node runs whole: what it costs whole
    node -> end        cut where it runs on windows: what it costs there
    node -> its users  cut where only the user runs whole: what scattering the change costs
    user -> node       never cut: nothing runs on windows behind a node that runs whole
"""

from __future__ import annotations

from collections.abc import Mapping

from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition
from fastism.ir.windows import POINTWISE, Window
from fastism.passes import costs
from fastism.passes.propagation.exits import read_on_windows

START, END = ("start",), ("end",)

CONVERTING = 2 + 1 / costs.ALTERNATIVES
"""Passes over a window to add the reference to it, or to take it away: read, write, and the
reference, which the alternatives share."""

CUTTING = frozenset({"relu", "relu6", "max_pool", "maximum"})
"""Ops whose change is exactly zero in many places: below a threshold, or not the largest."""
WORTH = 5e-6
"""Seconds an item that running nodes whole must save."""


def cheaper_whole(
    graph: Graph, modes: Mapping[str, str], rates: costs.Rates = costs.NOMINAL
) -> frozenset[str]:
    """The nodes that cost less if they, and all behind them, run whole.

    graph: annotated. modes: by node, how each would run by the rules alone. rates: of the machine.
    """
    import networkx as nx

    local = [node for node in graph.nodes if modes[node.name] in ("delta", "exit")]
    network = nx.DiGraph()
    network.add_nodes_from((START, END))
    all_on_windows = 0.0
    for node in local:
        whole = costs.seconds(node, graph.types(node.inputs), rates)
        windowed = _on_windows(graph, node, rates)
        network.add_edge(START, node.name, capacity=whole)
        network.add_edge(node.name, END, capacity=windowed)
        all_on_windows += windowed
        users = [user for value in node.results for user in graph.users[value.name]]
        for user in users:
            network.add_edge(user.name, node.name)  # without a capacity: never cut
        if modes[node.name] == "exit":
            for user in users:
                if modes[user.name] == "exit":  # flatten and dense leave the windows together
                    network.add_edge(node.name, user.name)
            continue
        scattered = ("scattered", node.name)  # once, however many users want the whole value
        scattering = _to_scatter(graph, node, rates)
        network.add_edge(node.name, scattered, capacity=scattering)
        for user in users:
            network.add_edge(scattered, END if modes[user.name] == "whole" else user.name)
        if any(value.name in graph.outputs for value in node.results):
            network.add_edge(scattered, END)
        if network.has_edge(scattered, END):
            all_on_windows += scattering
    least, (_, end_side) = nx.minimum_cut(network, START, END)
    if all_on_windows - least < WORTH:
        return frozenset()
    return frozenset(node.name for node in local if node.name in end_side)


def _on_windows(graph: Graph, node: Node, rates: costs.Rates = costs.NOMINAL) -> float:
    """Seconds an item on windows of average width, with what only windows need done."""
    types, op = graph.types(node.inputs), definition(node.op)
    spent = costs.seconds(node, types, rates) * _share(graph, node)
    if op.products is not None and _has_zeros(graph, node.inputs[0]):
        spent *= costs.LIVE
    relation = op.relation(node, types)[0]
    if relation == POINTWISE and not op.linear:
        spent += CONVERTING * costs.moved(node, types) * _share(graph, node) / rates.bytes
    elif isinstance(relation, Window) and relation.reach > 1:
        spent += _moved_to_window(graph, node, relation.reach) / rates.bytes
    return spent


def _has_zeros(graph: Graph, name: str) -> bool:
    """Whether the change of a value is zero in many places: of `CUTTING` ops, and of sums."""
    todo, seen = [name], set[str]()
    while todo:
        source = graph.producers.get(todo.pop())
        if source is None:
            return False
        if source.op in CUTTING or source.name in seen:
            continue
        seen.add(source.name)
        if not definition(source.op).linear or definition(source.op).products is not None:
            return False
        todo.extend(source.inputs)
    return True


def _moved_to_window(graph: Graph, node: Node, reach: int) -> float:
    """Bytes to cut all that a change reaches down to the window of the result."""
    source, result = graph.values[node.inputs[0]], node.results[0]
    reached = costs.fraction(source) * source.type.length + reach - 1
    kept = costs.fraction(result) * result.type.length
    return (reached + kept) * result.type.bytes / result.type.length


def _share(graph: Graph, node: Node) -> float:
    """The part of a node's work that windows leave."""
    read = max(costs.fraction(graph.values[name]) for name in read_on_windows(graph, node))
    return min(read, costs.fraction(node.results[0]))


def _to_scatter(graph: Graph, node: Node, rates: costs.Rates = costs.NOMINAL) -> float:
    """Seconds an item to place a change in the reference's whole value."""
    size, fraction = (
        sum(value.type.bytes for value in node.results),
        costs.fraction(node.results[0]),
    )
    placed = 1 + fraction if fraction < 1 else 0.0
    return (CONVERTING + placed) * size / rates.bytes
