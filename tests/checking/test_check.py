"""The self-check: it passes a right plan, refuses a wrong one, and names the first wrong node."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.errors import MismatchError
from fastism.runtime.report import segment_rows, summary
from tests.zoo import ENTRIES


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
