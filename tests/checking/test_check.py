"""The self-check: it passes a right plan, refuses a wrong one, and names the first wrong node."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fastism import api
from fastism.checking import check
from fastism.checking.check import check_by_stages, check_plan
from fastism.checking.model import check_imported
from fastism.errors import FastismWarning, MismatchError
from fastism.runtime.inputs import random_inputs
from fastism.runtime.report import segment_rows, summary
from tests.zoo import ENTRIES
from tests.zoo.registry import randomize


@pytest.fixture(scope="module")
def model():
    return ENTRIES["pool_even"].build()


def test_it_counts_what_it_compared(model):
    report = check_plan(api.compile(model), model)
    assert report.items >= 4 * 16
    assert report.largest_difference < 1e-5
    assert 1e-3 < report.largest_effect < 10
    assert set(report.outputs) == set(api.compile(model).output_names)


def test_a_wrong_weight_is_bisected_to_its_layer(model):
    def break_second(plan):
        """The plan with one kernel of the propagation graph changed."""
        from fastism.ir.module import Constant

        module = plan.module
        node = [n for n in module.graphs[1].nodes if n.op == "conv1d_spread"][1]
        name = dict(node.constants)["kernel"]
        data = np.array(module.constants[name].data)
        data[0] += 0.5
        return node.origin.layer, {name: Constant.of(data)}

    plan = api.compile(model)
    layer, wrong = break_second(plan)
    right = plan.emit
    plan.emit = lambda module: right(module.with_constants(wrong))
    broken = plan.with_module(plan.module)
    with pytest.raises(MismatchError) as caught:
        check_plan(broken, model)
    assert f"layer {layer!r}" in str(caught.value)
    assert "the first value the compiled program gets wrong" in str(caught.value)


def test_another_model_is_a_fault_of_the_lowering(model):
    plan = api.compile(model)
    other = ENTRIES["pool_even"].build()
    other.layers[1].bias.assign(other.layers[1].bias + 1.0)
    with pytest.raises(MismatchError, match="every lowered layer agrees on its own"):
        check_plan(plan, other)


def test_the_report_adds_up(model):
    plan = api.compile(model)
    rows = segment_rows(plan.stages)
    total = summary(plan.stages)
    assert total.total_whole_macs == sum(row.whole_macs for row in rows)
    assert total.total_item_macs < total.total_whole_macs
    assert [row.segment for row in rows] == sorted({row.segment for row in rows})
    assert total.ends
    layers = [layer for layer, _ in total.ends]
    assert layers == ["flatten"]


@pytest.mark.parametrize("meet", [keras.layers.Multiply, keras.layers.Add, keras.layers.Maximum])
def test_an_unchanged_value_spread_over_positions_keeps_the_rest_local(meet):
    layers = keras.layers
    sequence, gate = keras.Input((30, 4)), keras.Input((1, 8))
    hidden = meet()([layers.Conv1D(8, 4, padding="same")(sequence), gate])
    out = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3, padding="same")(hidden))
    model = keras.Model([sequence, gate], out)
    plan = api.compile(model)
    modes = [node.mode for node in plan.stage["segmented"].main.nodes]
    assert modes == ["delta", "delta", "delta", "exit"]
    check_plan(plan, model)


def test_every_site_is_checked_where_asked(model):
    plan = api.compile(model)
    sample, every = check_plan(plan, model), check_plan(plan, model, all_sites=True)
    assert (sample.sites, sample.every) == (sample.items // 4, plan.length)
    assert sample.sites < plan.length
    assert (every.sites, every.items) == (plan.length, 4 * plan.length)
    assert f"{every.items} items at {plan.length} of {plan.length} sites" in str(every)


def test_a_fault_at_one_site_alone_is_found_at_every_site(model):
    plan = api.compile(model)
    score = plan.executor.score
    site = next(s for s in range(plan.length) if s not in set(_sampled(plan)))

    def wrong(inputs, saved, items, alternatives, results, *rest):
        count = score(inputs, saved, items, alternatives, results, *rest)
        results[0][items.site == site] += 1.0
        return count

    plan.executor.score = wrong
    check_plan(plan, model)
    with pytest.raises(MismatchError, match=f"seen at position {site}, alternative"):
        check_plan(plan, model, all_sites=True)


def _sampled(plan):
    from fastism.checking.check import sample_of_sites

    return sample_of_sites(plan)


def small(function):
    """Two outputs; the second is a function of the first."""
    keras.utils.clear_session(free_memory=False)
    layers = keras.layers
    sequence = keras.Input((12, 4))
    x = layers.Conv1D(3, 3, padding="same", name="conv")(sequence)
    first = layers.Dense(1, name="first")(layers.Flatten()(x))
    model = keras.Model(sequence, [first, function(first)])
    randomize(model, seed=1)
    return model


def test_nan_in_a_weight_is_said_when_a_plan_is_loaded(tmp_path):
    model = small(keras.ops.tanh)
    model.get_layer("conv").bias.assign([0.0, np.nan, 0.0])
    with pytest.warns(FastismWarning):
        plan = api.compile(model, sites=[0])
    plan.save(tmp_path / "plan")
    with pytest.warns(FastismWarning, match="1 NaN entry in the bias of layer 'conv'"):
        api.load(tmp_path / "plan")


def test_nan_in_a_weight_is_said_at_compile_and_agrees_with_nothing():
    model = small(keras.ops.tanh)
    kernel = np.array(model.get_layer("conv").kernel)
    kernel[1, 2, 0], kernel[0, 0, 0] = np.nan, np.inf
    model.get_layer("conv").kernel.assign(kernel)
    said = "1 NaN and 1 infinite entries in the kernel of layer 'conv'"
    with pytest.warns(FastismWarning, match=said):
        plan = api.compile(model)
    with pytest.raises(MismatchError, match="not finite for any of 48 items") as caught:
        check_plan(plan, model)
    assert f"why: {said}" in str(caught.value)


def test_nan_in_a_weight_is_to_blame_where_the_model_drops_it(monkeypatch):
    """TensorFlow drops NaN in some maxima and keeps it in others; no pass is at fault there."""
    model = small(keras.ops.tanh)
    model.get_layer("conv").bias.assign([0.0, np.nan, 0.0])
    with pytest.warns(FastismWarning):
        plan = api.compile(model, sites=[0, 5])
    right = check.predict
    monkeypatch.setattr(check, "predict", lambda *given: list(map(np.nan_to_num, right(*given))))
    with pytest.raises(MismatchError, match="cannot be held against the model") as caught:
        check_plan(plan, model)
    assert "why: 1 NaN entry in the bias of layer 'conv'" in str(caught.value)
    assert "to blame" not in str(caught.value)


def test_nan_in_the_outputs_of_every_stage_is_never_agreement():
    model = small(keras.ops.tanh)
    model.get_layer("conv").bias.assign([0.0, np.nan, 0.0])
    with pytest.warns(FastismWarning):
        plan = api.compile(model, sites=[0, 5])
    with pytest.raises(MismatchError, match="not finite for any of 2 items") as caught:
        check_by_stages(plan)
    assert "why: 1 NaN entry in the bias of layer 'conv'" in str(caught.value)


def test_items_whose_outputs_are_not_finite_are_not_followed_and_counted():
    model = small(keras.ops.log)
    plan = api.compile(model)
    first = plan(random_inputs(plan.module.main, 1, 0))["first"].alternate
    bias = model.get_layer("first").bias
    bias.assign(bias - float(np.median(first)))
    plan = api.compile(model, sites=[0, 3, 6, 9])
    with pytest.warns(FastismWarning, match=r"\d+ of 12 items were not checked"):
        check_by_stages(plan, all_sites=True)


def test_nan_in_some_outputs_is_not_checked_and_said():
    model = small(keras.ops.log)
    plan = api.compile(model)
    with pytest.warns(FastismWarning, match=r"\d+ of 48 items were not checked"):
        report = check_plan(plan, model)
    assert 0 < report.not_finite < 48
    assert report.items == 48 - report.not_finite


def test_what_was_imported_is_held_against_the_model(model):
    plan = api.compile(model)
    check_imported(plan, model)
    other = ENTRIES["pool_even"].build()
    layer = next(layer for layer in other.layers if layer.weights)
    layer.bias.assign(np.array(layer.bias) + np.eye(layer.filters)[1])
    with pytest.raises(MismatchError, match=rf"is not the model: @{layer.name}.bias \[1\] is"):
        check_imported(plan, other)


def test_an_output_that_the_model_has_not(model):
    plan = api.compile(model)
    plan.output_positions = (1,)
    with pytest.raises(MismatchError, match="scores output number 1, counted from 0"):
        check_imported(plan, model)
    with pytest.raises(MismatchError, match="the model has 1 outputs"):
        check_plan(plan, model)
