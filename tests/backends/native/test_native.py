"""The native backend: the same bits whatever the tiles, the blocks and what is skipped."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fastism import api
from fastism.backends import native, tensorflow
from fastism.backends.native.emit import native_graph
from fastism.backends.native.loops import Foreign, loops_of
from fastism.backends.native.machine import Machine, host, machine
from fastism.errors import FastismWarning
from fastism.ir.module import Module
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.conformance import MODELS

Array = npt.NDArray[Any]


@pytest.fixture(scope="module", params=["pooled_chain", "dilated_tower"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return api.compile(MODELS[request.param]())


def run_by(plan: Plan, tiles: Machine, **options: Any) -> Plan:
    """The plan with native graphs for certain tiles."""

    def emit(module: Module) -> Mapping[str, Any]:
        graphs = {g.name: native_graph(module, g, {}, tiles, **options) for g in module.graphs[1:]}
        assert all(graphs.values())
        return {**tensorflow.emit(module, {}), **graphs}

    return plan.run_by("native", emit)


def scores(plan: Plan, inputs: Mapping[str, Array]) -> list[Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FastismWarning)  # as it comes where numbers are not finite
        found = plan(dict(inputs))
    return [found[name].alternate for name in plan.output_names]


def test_any_tile_any_block_and_no_skipping_give_the_same_bits(plan: Plan) -> None:
    inputs = random_inputs(plan.module.main, 2)
    expected = scores(run_by(plan, host()), inputs)
    narrow = replace(host(), rows=5, vectors=1)
    for other in (
        run_by(plan, host(), block=1),
        run_by(plan, host(), skip=False),
        run_by(plan, narrow, block=3),
    ):
        for one, two in zip(expected, scores(other, inputs), strict=True):
            np.testing.assert_array_equal(one, two)


def test_items_far_apart_score_as_among_all(plan: Plan) -> None:
    by_native = run_by(plan, host())
    inputs = random_inputs(plan.module.main, 2)
    every = scores(by_native, inputs)
    site = np.array([0, 27, 3, 17, 17, 1, 29, 8])
    sequence, alternative = np.arange(8) % 2, np.arange(8) // 2
    chosen = by_native.score_items(inputs, sequence, site, alternative)
    for found, all_of_them in zip(chosen.values(), every, strict=True):
        np.testing.assert_array_equal(found, all_of_them[sequence, site, alternative])


def test_no_item_at_all(plan: Plan) -> None:
    inputs = random_inputs(plan.module.main, 2)
    none = np.zeros(0, np.int64)
    found = run_by(plan, host()).score_items(inputs, none, none, none)
    assert all(len(array) == 0 for array in found.values())


def test_what_has_no_native_form_runs_between_native_loops() -> None:
    found = api.compile(MODELS["gated_branches"](), backend="native")
    phases = loops_of(found.module, found.module.graphs[1]).phases
    kinds = [isinstance(phase, Foreign) for phase in phases]
    assert True in kinds
    assert False in kinds


def test_tiles_fit_the_registers() -> None:
    assert machine("", "", {"avx512f", "avx2", "fma"}).label == "AVX-512"
    assert (machine("", "", {"avx2", "fma"}).rows, machine("", "", {"avx2", "fma"}).lanes) == (6, 8)
    assert machine("", "", {"avx2"}).lanes == 4  # without fused multiply-add
    assert machine("", "", {"neon"}).rows == 8


def test_the_backend_has_the_ops_of_tensorflow() -> None:
    assert native.FORMS is tensorflow.FORMS
