"""What is said of a plan: windows, growth, boundaries and their cost, sites, and other options."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from fastism.errors import InputError, PassError
from fastism.report.boundaries import BoundaryRow
from fastism.report.computed import ComputedRow, GraphRow
from fastism.report.explanation import Explanation, as_json, explain, explain_site
from fastism.report.values import SiteRow, ValueRow
from fastism.report.what_if import Placed, WhatIf, compare, restage
from fastism.runtime.report import SegmentRow, Summary
from tests.compiled import Case

Compiled = Callable[..., Case]
PAGE = Path(__file__).parents[2] / "docs" / "explain.md"


@pytest.fixture
def basset(compiled: Compiled) -> Explanation:
    return explain(compiled("basset").plan.stages)


def test_windows_grow_where_layers_read_flanks(basset: Explanation) -> None:
    rows = {row.value: row for row in basset.values}
    shown = [(name, row.window, row.growth, row.grown_by) for name, row in rows.items()]
    assert shown[:6] == [
        ("sequence", 1, 0.0, None),
        ("conv1d", 11, 10.0, "conv1d"),
        ("batch_normalization", 11, 0.0, "conv1d"),
        ("activation", 11, 0.0, "conv1d"),
        ("max_pooling1d", 5, 1.33, "max_pooling1d"),
        ("conv1d_1", 11, 6.0, "conv1d_1"),
    ]
    assert rows["flatten"].everywhere
    assert rows["conv1d"].multiply_adds == 11 * 4 * 8
    assert (rows["sequence"].mode, rows["conv1d"].mode, rows["flatten"].mode) == (
        *(None, "delta", "exit"),
    )


def test_what_crosses_a_boundary_is_counted(basset: Explanation) -> None:
    first, second, third, stop, dense = basset.boundaries
    assert (first.node, first.behind, first.handed) == ("conv1d", (), 16.0)
    assert (second.node, second.kind, second.behind) == ("conv1d_1", "flanks", (1,))
    assert (second.saved, third.saved) == (24 * 8 * 4, 6 * 7 * 4)
    assert (stop.node, stop.kind) == ("flatten", "mixes")
    behind = [r.multiply_adds for r in basset.values if r.mode in ("exit", "whole")]
    assert stop.behind_macs == sum(behind) == 258
    assert (dense.kind, dense.behind_macs) == ("mode", None)


def test_every_segment_has_its_boundary_in_every_model(compiled: Compiled) -> None:
    for name in ("unet", "spliceai", "two_inputs_dict"):
        explanation = explain(compiled(name).plan.stages)
        opened = [row.segment for row in explanation.boundaries]
        assert opened == [row.segment for row in explanation.segments if row.segment]
        assert all(row.why for row in explanation.boundaries)


def test_one_site_is_followed(compiled: Compiled) -> None:
    rows = {row.value: row for row in explain_site(compiled("basset").plan.stages, 3)}
    assert rows["sequence"].change == ((3, 4),)
    assert rows["conv1d"].change == ((0, 9),)
    assert rows["conv1d"].need == (0, 72)
    with pytest.raises(InputError, match=r"(?s)no site starts at 72.*start at 0 to 71"):
        explain_site(compiled("basset").plan.stages, 72)


def test_the_foretold_plan_is_the_one_that_is_compiled(compiled: Compiled) -> None:
    from fastism import api

    case = compiled("basset")
    foretold = restage(case.plan.stages, case.plan.pipeline, stop=("conv1d_2",))
    made = api.compile(case.model, stop_layers="conv1d_2", backend="reference")
    assert foretold[-1] == made.module
    change = compare(case.plan.stages, foretold, ("conv1d_2",))
    placed = {row.value: (row.before, row.after) for row in change.values}
    assert placed["conv1d_2"] == (Placed("delta", 6, 6), Placed("whole", 6, 6))
    assert change.after.ends[0] == ("conv1d_2", "named as a stop layer")


def test_another_length_is_the_model_at_that_length(compiled: Compiled) -> None:
    from fastism import api

    case = compiled("spliceai_any_length")
    foretold = restage(case.plan.stages, case.plan.pipeline, length=100)
    made = api.compile(case.model, length=100, backend="reference")
    assert foretold[-1] == made.module
    change = compare(case.plan.stages, foretold, ())
    assert (change.length, change.sites) == ((64, 100), (64, 100))
    with pytest.raises(PassError, match="the layer 'dense' fixes the length"):
        restage(compiled("basset").plan.stages, compiled("basset").plan.pipeline, length=100)


def test_some_outputs_alone(compiled: Compiled) -> None:
    plan = compiled("two_inputs_dict").plan
    wanted = plan.output_names[:1]
    foretold = restage(plan.stages, plan.pipeline, outputs=wanted)
    assert foretold[-1].outputs == wanted
    with pytest.raises(InputError, match="the model has no output 'nix'"):
        restage(plan.stages, plan.pipeline, outputs=("nix",))


def test_json_has_its_documented_keys(basset: Explanation) -> None:
    found = json.loads(json.dumps(as_json(basset)))
    assert found["values"][1]["grown_by"] == "conv1d"
    assert found["summary"]["predicted_speedup"] == basset.summary.predicted_speedup
    text = PAGE.read_text(encoding="utf-8")
    rows = (ValueRow, SegmentRow, BoundaryRow, SiteRow, GraphRow, ComputedRow)
    for kind in (Explanation, *rows, Summary, WhatIf, Placed):
        for field in fields(kind):
            assert f"`{field.name}`" in text, field.name
