"""Find what makes a plan wrong for one item: the pass, the table or the node, by what is stored.

Every stored stage is evaluated by the numpy backend for the item, and held against the stage before
it: the imported one against the model itself, the last against what the backend's program gives.
The first pair that disagrees says who is to blame; then their values are compared one by one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from fastism.checking.blame import Finding, Pair, first_wrong, propagated, sequential
from fastism.checking.evaluate import Array, Case, Values, evaluate, given, group_of, outputs
from fastism.checking.model import predict
from fastism.checking.modules import first_difference
from fastism.checking.not_finite import say_what_was_not_compared
from fastism.checking.stored import made_again
from fastism.checking.tolerances import TOLERANCES, differences, scale_of
from fastism.frontends.registry import front_end_of
from fastism.ir.graph import Graph
from fastism.ir.types import NUMPY_DTYPES
from fastism.runtime.inputs import own_forms, random_inputs
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

EXACT = 1e-5
"""The difference allowed between two stages in double precision, as a share of the output's scale:
folded weights are rounded to the type of the model's own."""


def bisect(
    plan: Plan,
    inputs: Mapping[str, Array],
    item: Items,
    tolerance: float,
    model: Any = None,
    scales: Sequence[float | None] | None = None,
) -> Finding | None:
    """Who first gets one item wrong, and where; None where all of them agree.

    model: the live model, to begin with; else the imported stage is taken at its word.
    tolerance: the difference allowed where numbers are rounded as the model rounds them.
    scales: of the outputs, what differences are shares of; if None, those of this item's outputs.
    """
    same = partial(_same, scales=scales or [None] * len(plan.stages[0].main.outputs))
    case = Case.of(plan, inputs, item)
    emitted, own = _emitted(plan, inputs, item), None
    stages = [outputs(module, case) for module in plan.stages]
    if model is not None:
        own = predict(model, plan, case.after)
        if not same(stages[0], own, tolerance):
            right = plan.backend != "reference" and same(emitted, own, tolerance)
            return _by_layer(plan, case, model, tolerance, numpy_is_wrong=right)
    for index, (before, after) in enumerate(pairwise(stages)):
        if not same(after, before, EXACT):
            right = plan.backend != "reference" and same(emitted, before, tolerance)
            return _by_pass(plan, case, index, numpy_is_wrong=right)
    if not same(emitted, stages[-1], tolerance):
        return _by_backend(plan, case, tolerance)
    return None


def _same(
    found: list[Array],
    expected: list[Array],
    tolerance: float,
    scales: Sequence[float | None],
) -> bool:
    """Whether outputs agree, each on its scale."""
    trios = zip(found, expected, scales, strict=True)
    return all(float(differences(*trio).max(initial=0.0)) <= tolerance for trio in trios)


def _emitted(plan: Plan, inputs: Mapping[str, Array], item: Items) -> list[Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = plan.score_items(inputs, item.sequence, item.site, item.alternative)
    return list(found.values())


def _by_layer(
    plan: Plan, case: Case, model: Any, tolerance: float, *, numpy_is_wrong: bool
) -> Finding:
    """The first node of the imported graph whose layer of the model gives another value."""
    module = plan.stages[0]
    layers = front_end_of(model).layers(model, own_forms(module, case.after))
    values = evaluate(module, module.main, case.after, case)
    last = {node.origin.layer: node.results for node in module.main.nodes if node.origin}
    named = {
        results[0].name: layers[layer]
        for layer, results in last.items()
        if layer in layers and len(results) == 1
    }
    pair = Pair(module, module.main, values, named, tolerance, "reference")
    if numpy_is_wrong:
        culprit, why = "the numpy form", "what the backend emits agrees with the model"
    else:
        first = f"the {module.stage} stage"
        edited = module.stage != "imported"  # text that was compiled
        culprit = f"the text of {first}" if edited else "the import of the model"
        why = f"every lowered layer agrees on its own, and {first} is not the model"
    return first_wrong(pair, list(layers.values())).blaming(culprit, why)


def _by_pass(plan: Plan, case: Case, index: int, *, numpy_is_wrong: bool) -> Finding:
    """The first value of the stage after a pass that is another one in the stage before it."""
    before, after = plan.stages[index], plan.stages[index + 1]
    sources = [module for module in plan.stages[: index + 1] if len(module.graphs) == 1]
    finding = (
        propagated(sources[-1] if sources else None, before, after, case)
        if after.stage in ("split", "scheduled")
        else sequential(before, after, case)
    )
    if numpy_is_wrong:
        why = f"what the backend emits agrees with the {before.stage} stage"
        return finding.blaming("the numpy form", why)
    made = made_again(plan.pipeline, index, before, after)
    different = first_difference(made, after)
    culprit = f"the pass {after.after}"
    if different is None:
        return finding.blaming(culprit, f"{culprit} makes it so of the {before.stage} stage")
    why = f"{culprit} makes another: in what is stored, {different.subject} {different.what}"
    return finding.blaming(f"the stored {after.stage} stage", why)


def _by_backend(plan: Plan, case: Case, tolerance: float) -> Finding:
    """The first value that the backend's program gives another than the numpy backend does."""
    module = plan.module
    every = module.with_graphs(
        graph.replace(outputs=tuple(v.name for node in graph.nodes for v in node.results))
        for graph in module.graphs
    )
    functions = plan.emit(every)
    culprit = f"the backend {plan.backend}"
    why = "the numpy backend runs the same graph, and agrees with the model's"
    single = {name: np.asarray(array) for name, array in case.before.items()}
    saved = evaluate(module, module.main, single, case)
    runs: list[tuple[Graph, Values, Values]] = [(module.main, single, saved)]
    group = group_of(module, case.site)
    if group is not None:
        own = given(group[0], group[1], saved, case)
        runs.append((group[0], own, evaluate(module, group[0], own, case)))
    for graph, inputs, wanted in runs:
        found = _run(functions[graph.name], graph, inputs)
        pair = Pair(module, graph, {**wanted, **found}, wanted, tolerance, plan.backend)
        finding = first_wrong(pair, [], scales=_scales(wanted, saved))
        if finding.node is not None:
            return finding.blaming(culprit, why)
    why = "each graph agrees for this item alone, so the fault lies in how items are run together"
    return Finding(module).blaming(culprit, why)


def _run(function: Any, graph: Graph, inputs: Values) -> Values:
    typed = {
        v.name: inputs[v.name].astype(NUMPY_DTYPES[v.type.dtype], copy=False) for v in graph.inputs
    }
    return {name: np.asarray(array) for name, array in function(typed).items()}


def _scales(wanted: Values, saved: Values) -> dict[str, float]:
    """The scale of each value: a delta is rounded on that of the reference it is taken from."""
    largest = max((_largest(array) for array in saved.values()), default=0.0)
    return {name: max(_largest(array), min(largest, 1.0)) for name, array in wanted.items()}


def _largest(array: Array) -> float:
    numbers = array.astype(np.float64)
    return float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))


def search(
    plan: Plan,
    *,
    model: Any = None,
    tolerance: float = TOLERANCES["float32"],
    seed: int = 0,
    sites: Sequence[int] | None = None,
) -> tuple[Items, Finding] | None:
    """The first of some items that some stage gets wrong, and who is to blame; None if none is.

    sites: those of the items, by index; every alternative that changes anything there is tried. If
        None, one such alternative at each of `few_sites`.

    Raises MismatchError where the outputs are finite for no item; warns of items where they are
    not, which are left out.
    """
    inputs = random_inputs(plan.module.main, 1, seed)
    rows = [(0, *pair) for pair in _pairs(plan, inputs, sites)]
    if not rows:
        return None
    items = Items(*np.array(rows).T)
    emitted = _emitted(plan, inputs, items)
    finite = np.all([np.isfinite(o).reshape(len(o), -1).all(axis=1) for o in emitted], axis=0)
    # An output may be near zero for one item, and is rounded as the numbers behind it are.
    scales = [scale_of(output) for output in emitted]
    lost = 0
    for index in range(len(items)):
        item = items.take(np.array([index]))
        if not finite[index] and _is_lost(plan, Case.of(plan, inputs, item)):
            lost += 1
            continue
        finding = bisect(plan, inputs, item, tolerance, model, scales)
        if finding is not None:
            return item, finding
    say_what_was_not_compared(plan, lost, len(items))
    return None


def _is_lost(plan: Plan, case: Case) -> bool:
    """Whether the right numbers are not finite either, so that no others agree with them."""
    first = outputs(plan.stages[0], case)
    return not all(np.isfinite(output.astype(np.float64)).all() for output in first)


def _pairs(
    plan: Plan, inputs: Mapping[str, Array], sites: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """The sites and alternatives of the items that `search` follows."""
    for site in few_sites(plan) if sites is None else sites:
        for alternative in range(len(plan.alternatives)):
            item = Items(*(np.array([index]) for index in (0, site, alternative)))
            if not np.any(Case.of(plan, inputs, item).edit):
                continue
            yield int(site), alternative
            if sites is None:
                break


def few_sites(plan: Plan) -> list[int]:
    """The first, the middle and the last site of every propagation graph."""
    return [
        int(site)
        for group in plan.executor.groups
        for site in np.unique(group.sites[[0, len(group.sites) // 2, -1]])
    ]
