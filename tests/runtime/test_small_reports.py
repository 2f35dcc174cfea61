"""What a plan says of itself: costs by hand, the head of a file, a sequence to show."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.io.sources.base import Batch
from fastism.io.versions import PLAN_FORMAT
from fastism.ir import Graph, GraphBuilder, Sites, TensorType
from fastism.runtime.ask import asked, first_plan, members_of, plans_of
from fastism.runtime.batch import score_batch
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.header import header_of
from fastism.runtime.inputs import model_inputs, own_forms, random_inputs, without_some_letters
from fastism.runtime.plan import Plan
from fastism.runtime.report import average_macs, item_macs, segment_rows, summary
from tests.runtime.executed import compiled
from tests.runtime.small import LENGTH, LETTERS, sequences, small
from tests.runtime.test_executed import GRAPHS

SAME = {"tasks": "same", "mean": "same"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small()


def test_multiply_adds_by_hand(plan: Plan) -> None:
    """A letter spreads over three positions of three filters; two pools of the track see them."""
    rows = {row.layers: row for row in segment_rows(plan.stages)}
    whole = {layers: row.whole_macs for layers, row in rows.items() if row.whole_macs}
    assert sum(whole.values()) == 12 * 3 * 3 * 4 + 18 * 2 + 12 * 3
    assert [row.segment for row in rows.values()] == list(range(1, len(rows) + 1))
    done = average_macs(plan.module)
    assert done["conv"] == 1 * 4 * 3 * 3
    every = summary(plan.stages)
    assert every.total_whole_macs == sum(whole.values())
    assert every.total_item_macs == sum(row.delta_macs for row in rows.values())
    assert every.total_item_macs == pytest.approx(sum(done.values()), abs=len(rows))
    assert every.predicted_speedup == every.total_whole_macs / every.total_item_macs
    assert every.measured_seconds is None
    groups = plan.executor.groups
    shares = [len(group.sites) / LENGTH for group in groups]
    predicted = [group.predicted_seconds or 0.0 for group in groups]
    assert every.predicted_seconds == pytest.approx(np.dot(shares, predicted))
    assert [(row.graph, row.sites) for row in every.graphs] == [
        (group.graph.name, len(group.sites)) for group in groups
    ]


def test_multiply_adds_are_averaged_over_all_graphs() -> None:
    executor = compiled(*GRAPHS["two strands"], Sites.every(24))
    assert len(executor.groups) > 1
    expected: dict[str, float] = {}
    for group in executor.groups:
        for source, macs in item_macs(group).items():
            expected[source] = expected.get(source, 0.0) + macs * len(group.sites) / 24
    assert average_macs(executor.module) == pytest.approx(expected)
    assert sum(expected.values()) > 0


def test_windows_and_modes_by_segment(plan: Plan) -> None:
    for row in segment_rows(plan.stages):
        layers, delta = set(row.layers), row.mode == "delta"
        assert (row.window is None) == (not delta)
        if "relu" in layers and delta:
            assert (row.window, row.length) == (3, 12)
            assert row.window_macs * 12 == row.whole_macs * 3
        if row.mode != "delta":
            assert row.window_macs == row.whole_macs


def test_what_is_timed_is_averaged_over_the_sites() -> None:
    one = small(Sites((0, 4, 8)))
    (group,) = one.executor.groups
    timed = one.with_module(
        one.module.with_graphs([one.module.main, group.rescheduled(measured_seconds=2e-3)])
    )
    assert summary(timed.stages).measured_seconds == pytest.approx(2e-3)


def test_why_a_graph_cannot_be_run_otherwise_is_told() -> None:
    one = small(Sites((0, 4, 8)))
    (group,) = one.executor.groups
    assert summary(one.stages).graphs[0].no_choice is None
    graph = group.rescheduled(no_choice="it cannot")
    told = one.with_module(one.module.with_graphs([one.module.main, graph]))
    assert summary(told.stages).graphs[0].no_choice == "it cannot"


def test_a_batch_is_asked_for_as_the_run_says(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[dict[str, Any]] = []

    def call(self: Plan, x: Any, **how: Any) -> Any:
        asked_for.append({"x": x, **how})
        return own(self, x, **how)

    own = Plan.__call__
    monkeypatch.setattr(Plan, "__call__", call)
    batch = Batch(["a", "b"], {"seq": sequences(2)})
    said: list[tuple[int, int]] = []
    rows = score_batch(
        plan,
        batch,
        LETTERS[1:3, None],
        batch_size=1,
        memory=1 << 20,
        progress=lambda *now: said.append(now),
    )
    (call_,) = asked_for
    assert call_["x"] is batch.inputs
    assert (call_["batch_size"], call_["memory"]) == (1, 1 << 20)
    assert rows.scores["tasks"][1].shape == (2, 12, 2, 2)
    assert said[-1] == (2 * 12 * 2, 2 * 12 * 2)


# -- the head of a file -------------------------------------------------------------------------


def test_the_head_of_a_scores_file(plan: Plan) -> None:
    head = header_of(
        plan,
        alternatives=plan.alternatives,
        alphabet="ACGT",
        arguments={"batch": 2},
        plan_sha256="ab",
    )
    assert dict(head.outputs) == {"tasks": (2,), "mean": (3,), "track": (12, 1)}
    assert head.sites.tolist() == [[start, 1] for start in range(12)]
    assert (head.length, head.channels, head.alphabet) == (12, 4, "ACGT")
    assert (head.stored, head.letters) == ("int8", None)
    assert not head.regions
    assert not head.deviations
    assert head.attributes["plan_sha256"] == "ab"
    assert (head.attributes["model"], head.attributes["model_sha256"]) == ("small0", "")
    assert head.attributes["plan_format"] == PLAN_FORMAT
    assert json.loads(head.attributes["arguments"]) == {"batch": 2}
    assert "reductions" not in head.attributes


def test_what_else_a_head_may_say() -> None:
    wide = small(Sites((1, 5), 2), alternatives="zeros")
    head = header_of(
        wide,
        alternatives=wide.alternatives,
        alphabet="AC",
        arguments={},
        regions=True,
        one_hot=False,
        deviations=True,
    )
    assert head.sites.tolist() == [[1, 2], [5, 2]]
    assert head.regions
    assert head.deviations
    assert head.stored == "float32"
    assert head.alphabet == "...."


@pytest.mark.parametrize(("alphabet", "said"), [("ACT", "A.CT"), ("WXYZ", "WXYZ"), ("A", "....")])
def test_a_letter_for_each_channel(alphabet: str, said: str) -> None:
    plan = small(letters=[0, 2, 3])
    head = header_of(plan, alternatives=plan.alternatives, alphabet=alphabet, arguments={})
    assert head.alphabet == said
    assert head.letters == (0, 2, 3)


# -- a sequence to show -------------------------------------------------------------------------


def test_one_of_the_sequences(plan: Plan) -> None:
    x = sequences(3)
    scores = plan(x)
    assert scores.edited is not None
    track = scores["track"]
    given = ("track", track.reference, track.alternate)
    for index in (2, -1):
        shown = scores.edited.scored(index, *given, None, None)
        assert (shown.name, shown.alphabet, shown.output) == ("sequence 2", "ACGT", "track")
        assert shown.rows.tolist() == x[2].tolist()
        assert shown.reference.tolist() == track.reference[2].tolist()
        assert shown.alternate.tolist() == track.alternate[2].tolist()
        assert (shown.starts.tolist(), shown.width) == (list(range(12)), 1)
        assert shown.alternatives.tolist() == LETTERS[:, None].tolist()
    named = scores.edited.scored(0, *given, "TGCA", "mine")
    assert (named.name, named.alphabet) == ("mine", "TGCA")
    for index in (3, -4):
        with pytest.raises(InputError, match=f"there is no sequence {index}: 3 were scored"):
            scores.edited.scored(index, *given, None, None)
    with pytest.raises(InputError, match="have 4 channels, and the alphabet ACG 3 letters"):
        scores.edited.scored(0, *given, "ACG", None)
    own = np.broadcast_to(LETTERS[[1, 2, 3]][:, None, None, None], (3, 1, 1, 1, 4))
    edited = plan(x, alternatives=own).edited
    assert edited is not None
    shown = edited.scored(1, "track", track.reference, track.alternate, None, None)
    assert shown.alternatives.tolist() == [[[LETTERS[2].tolist()]]]


def test_scores_by_the_names_of_their_definitions(plan: Plan) -> None:
    x = sequences(2)
    scores = plan(x)
    tasks = scores[0]
    assert tasks is scores["tasks"]
    assert tasks is scores[-3]
    delta = tasks.alternate - tasks.reference[:, None, None]
    np.testing.assert_allclose(tasks.score("delta"), delta, atol=1e-6)
    centered = delta - delta.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(tasks.score("centered"), centered, atol=1e-6)
    with pytest.raises(InputError, match="nix"):
        tasks.score("nix")
    soft = plan(x, alternatives=np.full((1, 1, 4), 0.25))["tasks"]
    assert soft.score("delta").shape == (2, 12, 1, 2)
    with pytest.raises(InputError, match="is of letters"):
        soft.score("contribution")


# -- what may be asked --------------------------------------------------------------------------


def test_what_stands_for_plans(plan: Plan) -> None:
    other = small(seed=1)
    options: dict[str, Any] = {"strands": SAME, "alphabet": "ACGT"}
    assert asked([plan], rc=False, **options) is plan
    both = asked([plan], rc=True, **options)
    assert isinstance(both, BothStrands)
    assert first_plan(both) is plan
    assert members_of(both) == (both,)
    assert plans_of(both) == (plan,)
    alone = asked([plan], rc=False, ensemble=True, **options)
    assert isinstance(alone, Ensemble)
    mean = asked([plan, other], rc=True, **options)
    assert isinstance(mean, Ensemble)
    assert all(isinstance(member, BothStrands) for member in members_of(mean))
    assert plans_of(mean) == (plan, other)
    turned = asked([plan, other], rc=False, strands=None, alphabet="TGCA")
    assert isinstance(turned, Ensemble)
    assert turned.alphabet == "TGCA"
    assert first_plan(mean) is plan


def test_a_batch_in_and_its_rows_out(plan: Plan) -> None:
    regions = [Region("c", 0, 12), Region("c", 5, 17, "-")]
    batch = Batch(["a", "b"], {"seq": sequences(2)}, regions)
    options: dict[str, Any] = {"batch_size": 1, "memory": 1 << 24}
    rows = score_batch(plan, batch, plan.alternatives, **options)
    assert (rows.names, rows.regions) == (["a", "b"], regions)
    assert rows.sequences.tolist() == batch.inputs["seq"].tolist()
    scores = plan(batch.inputs)
    for name in scores:
        reference, alternate = rows.scores[name]
        np.testing.assert_allclose(reference, scores[name].reference, atol=1e-6)
        np.testing.assert_allclose(alternate, scores[name].alternate, atol=1e-6)
    assert rows.alternatives is None
    assert rows.deviations is None
    own = np.broadcast_to(LETTERS[:, None], (2, 1, 4, 1, 4))
    mean = Ensemble([plan, small(seed=1)])
    rows = score_batch(mean, batch, own, **options)
    assert rows.alternatives is own
    assert rows.deviations is not None
    spread = mean(batch.inputs, alternatives=own).deviations
    for name, (reference, delta) in rows.deviations.items():
        np.testing.assert_allclose(reference, spread[name].reference, atol=1e-6)
        np.testing.assert_allclose(delta, spread[name].delta, atol=1e-6)


# -- inputs -------------------------------------------------------------------------------------


def graph(*types: str) -> Graph:
    builder = GraphBuilder("main", {})
    names = [builder.input(f"x{i}", TensorType.parse(type)) for i, type in enumerate(types)]
    return builder.finish(names)


def test_inputs_drawn_at_random() -> None:
    types = ("f32[N,9,4]", "f64[N,3]", "i32[N,5]", "i8[N,6,2]", "f32[N,2,3,4]")
    drawn = random_inputs(graph(*types), 7, seed=3)
    assert [array.shape for array in drawn.values()] == [
        *((7, 9, 4), (7, 3), (7, 5), (7, 6, 2), (7, 2, 3, 4))
    ]
    assert [str(array.dtype) for array in drawn.values()] == [
        *("float32", "float64", "int32", "int8", "float32")
    ]
    for name in ("x0", "x3"):
        assert (drawn[name].sum(axis=-1) == 1).all()
        assert set(np.unique(drawn[name])) == {0, 1}
        assert (drawn[name].sum(axis=(0, 1)) > 0).all()
    assert set(np.unique(drawn["x2"])) == {0, 1}
    assert abs(drawn["x1"].mean()) < 1
    assert (drawn["x1"] % 1).any()
    assert (drawn["x4"] % 1).any()
    again, other = random_inputs(graph(*types), 7, seed=3), random_inputs(graph(*types), 7, seed=4)
    assert all((again[name] == drawn[name]).all() for name in drawn)
    assert not (other["x0"] == drawn["x0"]).all()
    assert len(random_inputs(graph("f32[N,3]"))["x0"]) == 2


def test_one_position_in_five_is_unknown() -> None:
    x = np.eye(4, dtype=np.int8)[np.zeros((50, 100), int)]
    some = without_some_letters(x)
    assert some.dtype == np.int8
    known = some.sum(axis=-1)
    assert set(np.unique(known)) == {0, 1}
    assert 0.78 < known.mean() < 0.82
    assert (some[known == 1] == x[known == 1]).all()
    assert not (without_some_letters(x, seed=1) == some).all()


def test_inputs_in_the_models_own_forms(plan: Plan) -> None:
    x = sequences(2)
    (own,) = own_forms(plan.module, {"seq": x})
    assert own.tolist() == x.tolist()


def test_several_inputs_in_every_form() -> None:
    from tests.passes.conftest import module_of

    text = (
        "graph @main(%seq: f32[N,4,2], %a.b: f32[N,3]) {\n"
        "  %sum : f32[N,4,2] = relu(%seq)\n  %side : f32[N,3] = relu(%a.b)\n"
        "  return %sum, %side\n}\n"
    )
    module = module_of(text, "canonical", sites=Sites.every(4))
    x, y = np.eye(2)[[[0, 1, 1, 0]]], np.array([[1.0, 2, 3]])
    for given in (
        [x, y],
        (x, y),
        {"seq": x, "a.b": y},
        {"seq": x, "a": {"b": y}},
        [[x], [y]],
        [[[x], y]],
        {"seq": x, "a.b": y, "more": 3},
    ):
        found = model_inputs(module, given)
        assert {name: array.tolist() for name, array in found.items()} == {
            "seq": x.tolist(),
            "a.b": y.tolist(),
        }
    with pytest.raises(InputError, match=r"the input 'a\.b' is missing"):
        model_inputs(module, {"seq": x})
    with pytest.raises(InputError, match=r"has 2 inputs \(seq, a\.b\), and 3 were given"):
        model_inputs(module, [x, y, y])
    with pytest.raises(InputError, match=r"has 2 inputs .* and 1 were given"):
        model_inputs(module, x)
    with pytest.raises(InputError, match="hold different numbers of sequences"):
        model_inputs(module, [x, np.concatenate([y, y])])
    with pytest.raises(InputError, match=r"the input 'a\.b' has the shape \(1, 4\); .* \(N, 3\)"):
        model_inputs(module, [x, np.zeros((1, 4))])
