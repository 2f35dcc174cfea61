"""The native backend: the same bits whatever the tiles, the blocks and what is skipped."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from fastism import api
from fastism.backends import native, tensorflow
from fastism.backends.base import Blocking
from fastism.backends.native import blocks, live, products, program
from fastism.backends.native.block import Layout
from fastism.backends.native.emit import native_graph
from fastism.backends.native.emitted import Emitted
from fastism.backends.native.frames import Tiles, pairs_together
from fastism.backends.native.loops import Foreign, loops_of
from fastism.backends.native.machine import Machine, host, machine
from fastism.backends.native.program import Native, NativeThroughout
from fastism.backends.native.shapes import HEADER
from fastism.backends.native.taps import along_taps
from fastism.checking.check import check_plan
from fastism.errors import FastismWarning
from fastism.ir.module import Module
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.conformance import MODELS
from fastism.testing.random_models import randomize
from tests.backends.native.small_models import OWN, other_shapes, profile_heads

Array = npt.NDArray[Any]


@pytest.fixture(scope="module", params=["pooled_chain", "dilated_tower", *OWN])
def plan(request: pytest.FixtureRequest) -> Plan:
    return api.compile({**MODELS, **OWN}[request.param]())


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
    narrow = replace(host(), rows=5, vectors=1, copies=False)
    wide = replace(host(), rows=12, vectors=2)
    for other in (
        run_by(plan, host(), block=1),
        run_by(plan, host(), skip=False),
        run_by(plan, narrow, block=3),
        run_by(plan, wide, tally=True),
    ):
        for one, two in zip(expected, scores(other, inputs), strict=True):
            np.testing.assert_array_equal(one, two)


def test_blocks_that_go_on_as_one_give_the_same_bits(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where kernels are larger than the cache, several blocks go through the last loops at once."""
    inputs = random_inputs(plan.module.main, 3)
    expected = scores(run_by(plan, host(), block=2), inputs)
    found: list[tuple[blocks.Blocks, int]] = []

    def of(phase: Sequence[Emitted], *rest: Any) -> blocks.Blocks:
        found.append((whole(phase, *rest), len(phase)))
        return found[-1][0]

    whole = blocks.Blocks.of
    monkeypatch.setattr(blocks, "CACHE", 0)
    monkeypatch.setattr(blocks.Blocks, "of", of)
    for one, two in zip(expected, scores(run_by(plan, host(), block=2), inputs), strict=True):
        np.testing.assert_array_equal(one, two)
    joined = {each.joined < loops and each.together > 1 for each, loops in found}
    assert True in joined or "dense" not in {node.op for node in plan.module.graphs[1].nodes}


@pytest.mark.parametrize(("lanes", "rows"), [(4, 4), (8, 6)])
def test_vectors_of_another_width_score_as_tensorflow(
    lanes: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another CPU: LLVM writes vectors of any width for the one at hand."""
    monkeypatch.setattr(live, "OFTEN", 3)
    plan = api.compile(profile_heads())
    inputs = random_inputs(plan.module.main, 1)
    copies = lanes == 8 and "+avx2" in host().features
    tiles = replace(host(), lanes=lanes, rows=rows, vectors=2, copies=copies)
    found = scores(run_by(plan, tiles), inputs)
    for other in (run_by(plan, tiles, skip=False, block=1), run_by(plan, replace(tiles, rows=5))):
        for one, two in zip(found, scores(other, inputs), strict=True):
            np.testing.assert_array_equal(one, two)
    for one, two in zip(found, scores(plan, inputs), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def test_strips_and_panels_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = api.compile(profile_heads())
    inputs = random_inputs(plan.module.main, 2)
    expected = scores(run_by(plan, host()), inputs)
    monkeypatch.setattr(products, "FEW_ROWS", 3)
    for pays in (True, False):
        monkeypatch.setattr(products, "strips_pay", lambda shape, machine, pays=pays: pays)
        for one, two in zip(expected, scores(run_by(plan, host()), inputs), strict=True):
            np.testing.assert_array_equal(one, two)


def test_groups_list_their_channels_in_memory_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a join along the length windows do not begin at row 0 of their frame."""
    inputs = keras.Input((26, 4), name="sequence")
    near = layers.Conv1D(5, 7, activation="gelu")(inputs)
    joined = layers.Concatenate(axis=1)([near, layers.Conv1D(5, 1)(inputs), near])
    model = keras.Model(inputs, layers.Conv1D(10, 2, dilation_rate=2, groups=5)(joined))
    randomize(model, 7)
    plan = api.compile(model, backend="native", tune=False)
    begun = set[int]()

    def records(
        self: Layout, emitted: Emitted, scratch: int, block: int, lists: int
    ) -> npt.NDArray[np.int64]:
        told = laid_out(self, emitted, scratch, block, lists)
        if emitted.shape is not None and emitted.shape.groups == 5:
            told_of = {name: told[:, HEADER.index(name)] for name in HEADER}
            first, row = told_of["first"], 4 * emitted.shape.of_group().channels
            begin = np.stack([told_of[name] - scratch - lists for name in ("lines", "numbers")])
            assert begin.min() == 0
            assert (begin[0] + row * emitted.shape.length <= begin[1]).all()
            assert (begin + row * emitted.shape.length).max() <= self.lists(emitted, block)
            begun.update(first.tolist())
        return told

    laid_out = Layout.records
    monkeypatch.setattr(Layout, "records", records)
    expected = plan.run_by("tensorflow", lambda module: tensorflow.emit(module, {}))
    given = random_inputs(plan.module.main, 2)
    (found,), (wanted,) = scores(plan, given), scores(expected, given)
    assert begun > {0}
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


def test_channels_left_out_are_counted() -> None:
    plan = api.compile(MODELS["pooled_chain"]())
    counted: dict[bool, dict[str, tuple[int, int]]] = {}
    for skip in (True, False):
        run = run_by(plan, host(), tally=True, skip=skip)
        scores(run, random_inputs(plan.module.main, 1))
        counted[skip] = {}
        for graph in run.module.graphs[1:]:
            function = run.executor.functions[graph.name]
            assert isinstance(function, Native)
            counted[skip].update(function.multiplied)
    assert all(done == there > 0 for done, there in counted[False].values())
    assert {name: there for name, (_, there) in counted[True].items()} == {
        name: there for name, (_, there) in counted[False].items()
    }
    assert sum(done for done, _ in counted[True].values()) < 0.9 * sum(
        there for _, there in counted[True].values()
    )


@pytest.mark.parametrize(("items", "pairs"), [(1, 6), (2, 3), (3, 2), (4, 3), (6, 1), (7, 6)])
def test_pairs_fill_tiles(items: int, pairs: int) -> None:
    assert pairs_together(items, rows=6) == pairs


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
    x = inputs = keras.Input((30, 4), name="sequence")
    x = layers.Conv1D(3, 3)(keras.ops.arctan(layers.Conv1D(5, 3)(x)))
    found = api.compile(keras.Model(inputs, x), backend="native")
    phases = loops_of(found.module, found.module.graphs[1]).phases
    kinds = [isinstance(phase, Foreign) for phase in phases]
    assert True in kinds
    assert False in kinds


@pytest.mark.parametrize("name", ["padded_means", "other_shapes"])
def test_forms_score_as_tensorflow(name: str) -> None:
    plan = api.compile(OWN[name](), backend="native", tune=False)
    given = random_inputs(plan.module.main, 2)
    expected = plan.run_by("tensorflow", lambda module: tensorflow.emit(module, {}))
    for one, two in zip(scores(plan, given), scores(expected, given), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def test_light_ops_between_live_layers_stay_with_them() -> None:
    """Arrays of all items would change hands twice for a norm; for a product they do."""
    inputs = keras.Input((24, 4), name="sequence")
    x = layers.GRU(3, return_sequences=True)(layers.Conv1D(5, 3, activation="relu")(inputs))
    x = layers.Activation("gelu")(layers.LayerNormalization()(x))
    for between, turns in ((layers.Conv1D(5, 3)(x), 2), (x, 1)):
        model = keras.Model(inputs, layers.Dense(2)(layers.GRU(3)(between)))
        plan = api.compile(model, backend="native", tune=False, sites=[0, 11, 23])
        found = loops_of(plan.module, plan.module.graphs[1]).phases
        assert [isinstance(each, Foreign) for each in found] == [False, True] * turns + [False]
    check_plan(plan, model, sequences=1)


def test_axes_in_another_order_are_one_loop() -> None:
    """A chain of reshapes and permutes makes no values of more axes, and leaves nothing over."""
    plan = api.compile(other_shapes(), backend="native", tune=False)
    (phase,) = loops_of(plan.module, plan.module.graphs[1]).phases
    assert not isinstance(phase, Foreign)
    roots = [loop.root.op for loop in phase if loop.root is not None]
    assert roots.count("permute") == 4
    assert roots.count("reshape") == 3  # 18 rows become 72, then 24, and then 48


def test_a_number_a_sequence_has_no_channels() -> None:
    """Outputs (N,), in which nodes of a native loop may end."""
    inputs = keras.Input((24, 4), name="sequence")
    pooled = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 5, activation="relu")(inputs))
    three, one = layers.Dense(3)(pooled), layers.Dense(1)(pooled)
    largest = keras.ops.max(three, axis=-1)
    twice = keras.ops.squeeze(one, -1) * 2.0
    model = keras.Model(inputs, [largest, twice, keras.ops.sum(three, axis=-1) + one[:, 0]])
    plan = api.compile(model, backend="native", sites=[0, 11, 23])
    check_plan(plan, model, sequences=1)


def test_what_numpy_does_without_work_needs_no_tensorflow() -> None:
    """A profile is flattened behind its convolution: pairs are as many as the loops like."""
    x = inputs = keras.Input((30, 4), name="sequence")
    x = layers.Flatten()(layers.Conv1D(1, 3)(layers.Conv1D(5, 3, activation="relu")(x)))
    model = keras.Model(inputs, x)
    randomize(model, 1)
    plan = api.compile(model)
    phases = loops_of(plan.module, plan.module.graphs[1]).phases
    assert [n.op for p in phases if isinstance(p, Foreign) for n in p.graph.nodes] == ["flatten"]
    by_native = run_by(plan, host())
    function = by_native.executor.functions[plan.module.graphs[1].name]
    assert isinstance(function, Blocking)
    inputs = random_inputs(plan.module.main, 2)
    for one, two in zip(scores(by_native, inputs), scores(plan, inputs), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def test_layers_alike_share_their_code() -> None:
    x = inputs = keras.Input((40, 4), name="sequence")
    for dilation in (1, 1, 1, 2):
        x = layers.Conv1D(8, 3, dilation_rate=dilation, padding="same", activation="relu")(x)
    plan = api.compile(keras.Model(inputs, x), backend="native")
    function = plan.executor.functions[plan.module.graphs[1].name]
    assert isinstance(function, Native)
    (loops,) = function.loops
    products = [each.function for each in loops if each.shape is not None]
    assert len(products) == 4
    assert products[1] == products[2] != products[3]


def test_a_shared_kernel_is_packed_as_each_of_its_loops_reads_it() -> None:
    """In windows of many rows its taps are columns; whole, on a short value, they are not."""
    inputs = keras.Input((60, 4), name="sequence")
    x = layers.Conv1D(16, 3, padding="same", activation="relu")(inputs)
    shared = layers.Conv1D(2, 25)
    short = layers.MaxPooling1D(2, name="pool")(x)
    model = keras.Model(inputs, [shared(x), shared(short)])
    randomize(model, 3)
    plan = api.compile(model, stop_layers="pool")
    by_native = run_by(plan, host())
    (function,) = (by_native.executor.functions[graph.name] for graph in plan.module.graphs[1:])
    assert isinstance(function, Native)
    shapes = [each.shape for phase in function.loops for each in phase if each.shape is not None]
    assert {along_taps(shape, host()) for shape in shapes if shape.taps == 25} == {True, False}
    given = random_inputs(plan.module.main, 2)
    for one, two in zip(scores(by_native, given), scores(plan, given), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def test_pairs_within_memory(plan: Plan) -> None:
    graph = plan.module.graphs[1]
    function = native_graph(plan.module, graph, {}, host())
    assert isinstance(function, NativeThroughout)
    few, more, most = (function.pairs_within(size, 3) for size in (0, 6 << 20, None))
    assert 1 == few < more < most


def test_calls_fill_their_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sites of three items fill a tile of six: of eleven sites, one alone leaves rows empty."""
    plan = api.compile(MODELS["dilated_tower"](), sites=range(5, 16))
    by_native = run_by(plan, replace(host(), rows=6))
    full: list[bool] = []

    def run(self: Native, phase: Any, tiles: Tiles, *rest: Any) -> None:
        full.extend(tiles.valid.all(axis=1))
        original(self, phase, tiles, *rest)

    original = Native._run
    monkeypatch.setattr(Native, "_run", run)
    monkeypatch.setattr(program, "MOST_PAIRS", 5)
    by_native(random_inputs(plan.module.main, 1))
    assert (len(full), sum(full)) == (6, 5)


def test_tiles_fit_the_registers() -> None:
    wide = machine("", "", {"avx512f", "avx2", "fma"})
    assert (wide.label, wide.rows, wide.vectors) == ("AVX-512", 6, 4)
    assert (machine("", "", {"avx2", "fma"}).rows, machine("", "", {"avx2", "fma"}).lanes) == (6, 8)
    assert machine("", "", {"avx2"}).lanes == 4  # without fused multiply-add
    assert machine("", "", {"neon"}).rows == 8


def test_the_backend_has_the_ops_of_tensorflow() -> None:
    assert native.FORMS is tensorflow.FORMS
