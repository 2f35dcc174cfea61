"""Find the node at which a plan goes wrong, for one item.

Every value of the canonical graph can be an output. The plan's own passes and backend are run with
one value at a time as the only output, and its mutant is compared with the value the numpy backend
gives for the whole graph. Wrong values make later ones wrong, so a binary search finds the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends import reference
from fastism.checking.mutants import mutated
from fastism.ir.graph import Node
from fastism.passes.annotate import Annotate
from fastism.passes.manager import Pipeline
from fastism.runtime.execute import Executor
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def first_difference(
    plan: Plan, inputs: Mapping[str, Array], item: Items, tolerance: float
) -> Node | None:
    """The first node of the canonical graph whose value the compiled program gets wrong.

    item: one item. tolerance: allowed difference, as a share of the value's scale. Returns None
    where every value is right on its own: then the lowering differs from the model.
    """
    graph = plan.stage["canonical"].main
    wanted = _wanted(plan, inputs, item)
    nodes = [node for node in graph.nodes if len(node.results) == 1]

    def wrong(node: Node) -> bool:
        expected = wanted[node.result.name].astype(np.float64)
        scale = max(float(np.abs(expected).max(initial=0.0)), 1e-6)
        apart = np.abs(_found(plan, inputs, item, node) - expected)
        return not float(apart.max(initial=0.0)) <= tolerance * scale

    if not nodes or not wrong(nodes[-1]):
        return next((node for node in nodes if wrong(node)), None)
    low, high = 0, len(nodes) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if wrong(nodes[middle]) else (middle + 1, high)
    return nodes[low]


def _wanted(plan: Plan, inputs: Mapping[str, Array], item: Items) -> dict[str, Array]:
    """Every value of the canonical graph for the mutant, by the numpy backend."""
    module = plan.stage["canonical"]
    opaque = {key: _numpy(layer) for key, layer in plan.opaque.items()}
    mutant = mutated(plan, inputs, item)
    return reference.run(module, "main", mutant, opaque=opaque, keep=list(module.main.values))


def _numpy(layer: Any) -> Any:
    return lambda *arrays: [np.asarray(result) for result in layer(*arrays)]


def _found(plan: Plan, inputs: Mapping[str, Array], item: Items, node: Node) -> Array:
    """One value for the mutant, by the plan's passes and backend."""
    module = plan.stage["canonical"]
    name = node.result.name
    main = module.main.replace(outputs=(name,)).prune()
    passes = Pipeline.parse(plan.pipeline).passes
    first = next(i for i, pass_ in enumerate(passes) if isinstance(pass_, Annotate))
    last = Pipeline(passes[first:]).run(module.replace(graphs=(main,), outputs=(name,)))
    executor = Executor(last, plan.emit(last))
    saved = executor.reference(inputs)
    results = [np.asarray(saved[name])[item.sequence].copy()]
    executor.score(inputs, saved, item, plan.alternatives, results)
    return results[0].astype(np.float64)
