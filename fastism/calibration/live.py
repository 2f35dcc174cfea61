"""How many of a plan's multiply-adds are not with zero: what a backend that skips zeros has to do.

A change is exactly zero where a ReLU stays below its threshold, or another position stays the
largest, and where a window reaches out of the sequence: in how many places is a matter of the
weights and the sites. A sequence and mutants of it run through the graph of the reference, which
leaves them at every value that a change is added to. From there on a propagation graph is evaluated
as it stands, but for what led up to these values, the products mostly; what remains is little, and
makes what the products read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends import reference
from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition
from fastism.ir.program import EDIT, INDICES, Group
from fastism.passes.costs import multiplied_an_item
from fastism.runtime.edits import Edits
from fastism.runtime.inputs import random_inputs
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

SEQUENCE, SITE = INDICES
ADDED = "add_reference"
"""The op whose result is what the reference of the mutant holds on the window."""
Array = npt.NDArray[Any]


def live_shares(plan: Plan, groups: Sequence[Group]) -> dict[str, float]:
    """The share of multiply-adds that are not with zero, by the name of a propagation graph.

    Counted for one edit of one sequence. groups: those of the plan to count for; a graph that
    multiplies nothing, or has an op without a numpy form, is left out.
    """
    groups = [group for group in groups if _is_known(group.graph)]
    if not groups:
        return {}
    edits = _edits(plan, groups)
    sequences = {
        name: np.concatenate([array, mutants])
        for (name, array), mutants in zip(
            edits.inputs.items(), edits.mutants().values(), strict=True
        )
    }
    saved = plan.executor.reference(sequences)
    shares = {}
    for index, group in enumerate(groups):
        edit = edits.take(np.array([index]))
        given: dict[str, Any] = {
            SITE: plan.executor.local[edit.items.site],
            EDIT: edit.written - edit.held,
        }
        given.update(
            (each.name, saved[each.name]) for each in group.graph.inputs if each.name in saved
        )
        read = _read_by_products(plan, group.graph, given, 1 + index)
        shares[group.graph.name] = round(_share(group, read), 3)
    return shares


def _is_known(graph: Graph) -> bool:
    forms = all(node.op in reference.FORMS for node in graph.nodes)
    return forms and any(_skips(node) for node in graph.nodes)


def _skips(node: Node) -> bool:
    return definition(node.op).products is not None


def _edits(plan: Plan, groups: Sequence[Group]) -> Edits:
    """Of one sequence, the first alternative that changes it, at a site of every group.

    A quarter along its sites: where a group is those near both ends, midway between an end and the
    others.
    """
    alternatives = np.arange(len(plan.alternatives))
    sites = np.array([group.sites[len(group.sites) // 4] for group in groups])
    site, alternative = (a.ravel() for a in np.meshgrid(sites, alternatives, indexing="ij"))
    items = Items(np.zeros_like(site), site, alternative)
    inputs = random_inputs(plan.module.main, 1, seed=0)
    every = plan.executor.edits(inputs, items, plan.alternatives)
    first = every.idle.reshape(len(groups), -1).argmin(axis=1)
    return every.take(np.arange(len(groups)) * len(alternatives) + first)


def _read_by_products(
    plan: Plan, graph: Graph, given: Mapping[str, Any], mutant: int
) -> Mapping[str, Array]:
    """What products read, by name; ``mutant``: its number among the sequences of ``given``."""
    added = [node for node in graph.nodes if node.op == ADDED]
    windows = graph.replace(outputs=tuple(node.inputs[1] for node in added)).prune()
    rest = graph.replace(
        name=f"{graph.name}.rest",
        inputs=(*graph.inputs, *(node.result for node in added)),
        nodes=tuple(node for node in graph.nodes if node.op != ADDED),
        outputs=tuple(node.inputs[0] for node in graph.nodes if _skips(node)),
    ).prune()
    module = plan.module.with_graphs([plan.module.main, windows, rest])
    found = reference.run(module, windows.name, {**given, SEQUENCE: np.array([mutant])})
    sums = {node.result.name: found[node.inputs[1]] for node in added}
    return reference.run(
        module, rest.name, {**given, **sums, SEQUENCE: np.array([0])}, opaque=plan.opaque
    )


def _share(group: Group, read: Mapping[str, Array]) -> float:
    """Of the multiply-adds on windows that are not rounded up, those that are not with zero."""
    every = live = 0.0
    for node in group.graph.nodes:
        multiplied, kept = multiplied_an_item(group.graph, node, group.alternatives)
        every += kept
        if _skips(node):
            array = read[node.inputs[0]]
            live += multiplied * np.count_nonzero(array) / max(array.size, 1)
        else:
            live += kept
    return min(live / every, 1.0) if every else 1.0
