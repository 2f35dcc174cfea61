"""What the stored graphs give for one item, by the numpy backend in double precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends import reference
from fastism.checking.mutants import mutated
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.program import EDIT, INDICES, graph_heads, group_indices, model_heads
from fastism.ir.stages import reached
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]
Values = dict[str, Array]
SEQUENCE, SITE = INDICES


@dataclass(frozen=True, eq=False)
class Case:
    """One item, written out.

    before, after: the inputs of its sequence and of its mutant, (1, ...). edit: their difference
    at the site, (1, width, C). site: an index into the plan's sites. alternative: into its
    alternatives. opaque: the live layers by key, as functions of arrays.
    """

    before: Mapping[str, Array]
    after: Mapping[str, Array]
    edit: Array
    site: int
    alternative: int
    opaque: Mapping[str, Callable[..., Any]]

    @classmethod
    def of(cls, plan: Plan, inputs: Mapping[str, Array], item: Items) -> Case:
        """The case of a single item of a plan."""
        before = {name: array[item.sequence] for name, array in inputs.items()}
        after = mutated(plan, inputs, item)
        edited, start = plan.module.seq_input, int(plan.executor.starts[item.site[0]])
        there = slice(start, start + plan.executor.width)
        edit = after[edited][:, there].astype(np.float64) - before[edited][:, there]
        opaque = {key: in_numpy(layer) for key, layer in plan.opaque.items()}
        return cls(before, after, edit, int(item.site[0]), int(item.alternative[0]), opaque)


def in_numpy(layer: Any) -> Callable[..., Any]:
    """A live layer as a function of arrays."""
    return lambda *arrays: [np.asarray(result) for result in layer(*arrays)]


def is_split(module: Module) -> bool:
    """Whether a module has propagation graphs."""
    return reached(module.stage, "split")


def evaluate(module: Module, graph: Graph, inputs: Mapping[str, Array], case: Case) -> Values:
    """Every value of one graph, those it is given included."""
    return reference.run(
        module, graph.name, inputs, opaque=case.opaque, dtype="float64", keep=list(graph.values)
    )


def group_of(module: Module, site: int) -> tuple[Graph, int] | None:
    """The propagation graph a site is in, and its place there; None where it is in none."""
    for graph in module.graphs[1:]:
        found = np.flatnonzero(group_indices(module, graph) == site)
        if len(found):
            return graph, int(found[0])
    return None


def given(graph: Graph, local: int, saved: Mapping[str, Array], case: Case) -> Values:
    """The inputs of a propagation graph for the case, apart from batch axes all of its own."""
    own = {
        SEQUENCE: np.zeros(1, np.int32),
        SITE: np.full(1, local, np.int32),
        EDIT: case.edit,
    }
    return {v.name: own[v.name] if v.name in own else saved[v.name] for v in graph.inputs}


def outputs(module: Module, case: Case) -> list[Array]:
    """The model's outputs for the mutant, as the graphs of a stage give them, (1, ...) each.

    Where the propagation graph gives a number that is not finite, the intout graph is run on the
    mutant, as when a plan runs.
    """
    main = module.main
    if not is_split(module):
        values = evaluate(module, main, case.after, case)
        return [values[name] for name in main.outputs]
    heads = model_heads(module)
    saved = evaluate(module, main, case.before, case)
    results = [saved[name] for name in heads]
    group = group_of(module, case.site)
    if group is None:
        return results
    graph, local = group
    values = evaluate(module, graph, given(graph, local, saved, case), case)
    for head, name in zip(graph_heads(module, graph, len(heads)), graph.outputs, strict=True):
        results[head] = values[name]
    if all(np.isfinite(result).all() for result in results):
        return results
    whole = evaluate(module, main, case.after, case)
    return [whole[name] for name in heads]
