"""Every pass x every zoo model: the outputs stay, the text reads back, the ranges are true.

Everything runs under the numpy backend in float64, so a pass may change the order of sums and the
rounding of the weights it makes, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from fastism.backends import reference
from fastism.ir.module import Module
from fastism.ir.parser import parse_module
from fastism.ir.printer import print_module
from fastism.ir.program import group_indices
from fastism.runtime.inputs import random_inputs
from fastism.testing import oracles
from fastism.testing.equality import assert_same_module
from tests.zoo import EVERY

WHOLE = ("imported", "flat", "canonical", "annotated", "segmented")
"""Stages with one graph for the whole model."""

SEEN_WHOLE = {
    *("chain_valid", "chain_same", "chain_strided_valid", "chain_causal_strided", "chain_grouped"),
    *("pool_same", "pool_overlapping", "pool_average_same", "crop_between", "pad_everywhere"),
    *("unet", "skip_shifted", "dense_net", "nested_several", "shared_strands", "global_maximum"),
}
"""Models whose ranges must be tight, so that a condition too strict cannot empty that test."""

ALTERNATIVES = 2


@dataclass(frozen=True, repr=False)
class Passed:
    """A model after every pass, by stage, and one sequence to run it on."""

    name: str
    stage: Mapping[str, Module]
    opaque: Mapping[str, object]
    inputs: Mapping[str, np.ndarray]

    def run(self, stage: str, graph: str, inputs: Mapping[str, np.ndarray]) -> dict:
        """The outputs of a graph, in float64."""
        return reference.run(self.stage[stage], graph, inputs, opaque=self.opaque, dtype="float64")

    def main(self, stage: str, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of the model's own graph."""
        graph = self.stage[stage].main
        values = self.run(stage, graph.name, inputs)
        return [values[name] for name in graph.outputs]

    def tolerance(self, before: str, after: str) -> float:
        """What may change from one stage to a later one, as a share of the outputs' scale.

        Weights that a pass makes are rounded to float32; opaque layers compute in float32.
        """
        made = set(self.stage[after].constants) - set(self.stage[before].constants)
        weights = any(self.stage[after].constants[name].type.dtype == "f32" for name in made)
        return 1e-5 if self.opaque else 1e-6 if weights else 1e-9


@pytest.fixture(scope="module", params=EVERY)
def passed(request: pytest.FixtureRequest, compiled: Callable) -> Passed:
    plan = compiled(request.param).plan
    assert [stage.stage for stage in plan.stages] == [*WHOLE, "split", "scheduled"]
    inputs = random_inputs(plan.stages[0].main, 1)
    return Passed(request.param, plan.stage, plan.opaque, inputs)


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=1e-6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * finite)


def test_outputs_stay(passed: Passed) -> None:
    for before, after in pairwise(WHOLE):
        tolerance = passed.tolerance(before, after)
        expected = passed.main(before, passed.inputs)
        for found, wanted in zip(passed.main(after, passed.inputs), expected, strict=True):
            assert_close(found, wanted, tolerance)


def test_split_graphs_compute_the_mutants(passed: Passed) -> None:
    """The intout graph gives the reference, the propagation graphs each mutant; edits are noise."""
    module, tolerance = passed.stage["split"], passed.tolerance("segmented", "split")
    reference_values = passed.run("split", module.main.name, passed.inputs)
    heads = module.main.attributes["heads"]
    for head, wanted in zip(heads, passed.main("segmented", passed.inputs), strict=True):
        assert_close(reference_values[head], wanted, tolerance)
    sites = np.array(oracles.edges_and_inside(len(module.sites), 2))
    edit = np.random.default_rng(0).normal(
        size=(len(sites), ALTERNATIVES, 1, module.main.values[module.seq_input].type.channels)
    )
    expected = passed.main("segmented", mutants(passed, sites, edit))
    found = [np.repeat(reference_values[head], len(expected[0]), axis=0) for head in heads]
    for graph in module.graphs[1:]:
        group = group_indices(module, graph)
        pairs = np.flatnonzero(np.isin(sites, group))
        items = {
            "item/sequence": np.zeros(len(pairs)),
            "item/site": np.searchsorted(group, sites[pairs]),
            "item/edit": edit[pairs].reshape(-1, *edit.shape[2:]),
        }
        outputs = passed.run("split", graph.name, {**reference_values, **items})
        rows = (pairs[:, None] * ALTERNATIVES + np.arange(ALTERNATIVES)).ravel()
        for head, output in zip(graph.attributes["heads"], graph.outputs, strict=True):
            found[head][rows] = outputs[output]
    for mine, wanted in zip(found, expected, strict=True):
        assert_close(mine, wanted, tolerance)


def mutants(passed: Passed, sites: np.ndarray, edit: np.ndarray) -> dict[str, np.ndarray]:
    """Inputs with ``edit[s, a]`` added at site s, a row for each; alternatives fastest."""
    module = passed.stage["split"]
    count, alternatives = edit.shape[:2]
    result = {key: np.repeat(x, count * alternatives, axis=0) for key, x in passed.inputs.items()}
    edited = result[module.seq_input].astype("float64")
    by_site = edited.reshape(count, alternatives, *edited.shape[1:])
    for index, start in enumerate(module.sites.array[sites]):
        by_site[index, :, start : start + 1] += edit[index]
    return {**result, module.seq_input: edited}


def test_text_reads_back(passed: Passed) -> None:
    for module in passed.stage.values():
        text = print_module(module)
        again = parse_module(text, module.constants)
        assert_same_module(module, again)
        assert print_module(again) == text


def test_ranges_are_sound(passed: Passed) -> None:
    module = passed.stage["annotated"]
    sites = oracles.edges_and_inside(len(module.sites), 1)
    opaque = passed.opaque
    assert not list(oracles.unsound_changes(module, passed.inputs, sites, opaque))
    assert not list(oracles.unsound_needs(module, passed.inputs, opaque))


def test_ranges_are_tight(passed: Passed) -> None:
    module = passed.stage["annotated"]
    whole = oracles.seen_whole(module.main)
    assert whole or passed.name not in SEEN_WHOLE
    if not whole:
        return
    module, inputs = oracles.positive(module), oracles.positive_inputs(module.main)
    sites = oracles.edges_and_inside(len(module.sites), 1)
    assert not list(oracles.loose_changes(module, inputs, sites))
    assert not list(oracles.loose_needs(module, inputs))
