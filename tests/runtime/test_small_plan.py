"""Whatever a plan is asked, it answers as the model written out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastism
from fastism import api
from fastism.errors import InputError
from fastism.ir import Module, Sites
from fastism.reductions import Reduction
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.header import header_of
from fastism.runtime.plan import Plan
from tests.runtime.small import (
    LENGTH,
    LETTERS,
    NAMES,
    by_hand,
    near,
    sequences,
    small,
    written,
)

OTHER = {"tasks": "same", "mean": "same"}
"""What the outputs are on the other strand; the track is reversed without a word."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small()


def on_both(x: Any, seed: int = 0) -> dict[str, Any]:
    here, there = by_hand(x, seed), by_hand(x[:, ::-1, ::-1], seed)
    there["track"] = there["track"][:, ::-1]
    return {name: (here[name] + there[name]) / 2 for name in NAMES}


def ensemble_mean(x: Any) -> dict[str, Any]:
    one, two, three = (by_hand(x, seed) for seed in (0, 1, 2))
    return {name: (one[name] + two[name] + three[name]) / 3 for name in NAMES}


ASKED: dict[str, tuple[Callable[[Plan], Any], Callable[[Any], dict[str, Any]]]] = {
    "a plan": (lambda plan: plan, by_hand),
    "both strands": (lambda plan: BothStrands(plan, OTHER), on_both),
    "an ensemble": (lambda plan: Ensemble([plan, small(seed=1), small(seed=2)]), ensemble_mean),
    "both strands of one": (lambda plan: Ensemble(plan, rc=True, strands=OTHER), on_both),
}
asked = pytest.mark.parametrize("kind", ASKED)


@asked
def test_every_alternative_at_every_site(plan: Plan, kind: str) -> None:
    ask, expected = ASKED[kind]
    x = sequences()
    seen: list[tuple[int, int]] = []
    scores = ask(plan)(x, batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert list(scores) == list(NAMES)
    assert seen[-1][0] == seen[-1][1] > 0
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    for name, values in expected(x).items():
        near(scores[name].reference, values)
        assert scores[name].one_hot.tolist() == x.tolist()
    for site in range(LENGTH):
        for letter, row in enumerate(LETTERS):
            for name, values in expected(written(x, site, row[None])).items():
                near(scores[name].alternate[:, site, letter], values)
                near(scores[name].delta()[:, site, letter], values - expected(x)[name])


@asked
def test_predictions(plan: Plan, kind: str) -> None:
    ask, expected = ASKED[kind]
    x = sequences(5)
    found = ask(plan).predict(x, batch_size=2)
    assert list(found) == list(NAMES)
    for name, values in expected(x).items():
        near(found[name], values)


@asked
def test_substitutions_of_any_width(plan: Plan, kind: str) -> None:
    ask, expected = ASKED[kind]
    x = sequences()
    position, rows = [0, 11, 4, 7, 2], ["G", "A", "TTT", LETTERS[[0, 2]], "ACGTACGTAC"]
    found = ask(plan).variants(x, [0, 2, 1, 2, 0], position, rows, batch_size=2)
    letters = "ACGT"
    for index, sequence in enumerate([0, 2, 1, 2, 0]):
        row = rows[index]
        each = LETTERS[[letters.index(c) for c in row]] if isinstance(row, str) else row
        own = x[sequence : sequence + 1]
        mutant = written(own, position[index], each)
        for name in NAMES:
            near(found[name].reference[index], expected(own)[name][0])
            near(found[name].alternate[index], expected(mutant)[name][0])
            near(found[name].delta()[index], (expected(mutant)[name] - expected(own)[name])[0])


@asked
def test_batches_as_they_come(plan: Plan, kind: str) -> None:
    ask, expected = ASKED[kind]
    x = sequences(5)
    came: list[int] = []

    def batches() -> Any:
        for first in (0, 2, 4):
            came.append(first)
            yield x[first : first + 2]

    for number, scores in enumerate(ask(plan).stream(batches())):
        assert came == [0, 2, 4][: number + 1]
        near(scores["tasks"].reference, expected(x[2 * number : 2 * number + 2])["tasks"])
    assert number == 2


@pytest.mark.parametrize("kind", ["both strands", "an ensemble"])
def test_letters_in_another_order(plan: Plan, kind: str) -> None:
    x = sequences(1)
    text = "".join("TGCA"[channel] for channel in x[0].argmax(axis=-1))
    ask: Any = {
        "both strands": BothStrands(plan, OTHER, "TGCA"),
        "an ensemble": Ensemble([plan], alphabet="TGCA"),
    }[kind]
    expected = (on_both if kind == "both strands" else by_hand)(x)["mean"]
    near(ask.predict([text])["mean"], expected)
    near(ask([text])["mean"].reference, expected)
    (scores,) = ask.stream([[text]])
    near(scores["mean"].reference, expected)
    near(ask.variants([text], [0], [3], ["T"])["mean"].reference, expected)
    mutant = written(x, 3, LETTERS[:1])
    changed = (on_both if kind == "both strands" else by_hand)(mutant)["mean"]
    near(ask.variants([text], [0], [3], ["T"])["mean"].alternate, changed)


def test_a_model_of_one_output(plan: Plan) -> None:
    one = plan.stages[0].with_outputs(("mean",))
    alone = api.from_module(one, backend="reference")
    x = sequences(2)
    mean = Ensemble([alone, alone])
    near(mean(x).reference, by_hand(x)["mean"])
    assert mean(x).deviation.reference.tolist() == np.zeros((2, 3)).tolist()
    with pytest.raises(InputError, match=r"plan 1 of the ensemble .* has other"):
        Ensemble([alone, plan])


def test_the_deviation_of_an_ensemble(plan: Plan) -> None:
    x = sequences(2)
    scores = Ensemble([plan, small(seed=1), small(seed=2)])(x)
    every = [by_hand(x, seed)["mean"] for seed in range(3)]
    near(scores.deviations["mean"].reference, np.std(every, axis=0))
    mutant = written(x, 3, LETTERS[1:2])
    mutants = [by_hand(mutant, seed)["mean"] for seed in range(3)]
    near(scores.deviations["mean"].alternate[:, 3, 1], np.std(mutants, axis=0))
    apart = [after - before for after, before in zip(mutants, every, strict=True)]
    near(scores.deviations["mean"].delta[:, 3, 1], np.std(apart, axis=0))
    with pytest.raises(InputError, match="name"):
        _ = scores.deviation


def test_pairs_of_sequences_without_and_with_a_variant(plan: Plan) -> None:
    """Each pair is two of the sequences that are predicted; one may be of several pairs."""
    x, before, after = sequences(3), np.array([0, 2]), np.array([1, 1])
    found = Ensemble([plan, small(seed=1), small(seed=2)]).pairs(x, before, after, batch_size=2)
    assert list(found) == list(NAMES)
    for name in NAMES:
        every = np.stack([by_hand(x, seed)[name] for seed in range(3)])
        near(found[name].reference, every[:, before].mean(0))
        near(found[name].alternate, every[:, after].mean(0))
        near(found[name].deviation.reference, every[:, before].std(0))
        near(found[name].deviation.alternate, every[:, after].std(0))
        near(found[name].deviation.delta, (every[:, after] - every[:, before]).std(0))
    with pytest.raises(InputError, match="batch_size"):
        Ensemble(plan).pairs(x, before, after, batch_size=0)


def test_the_same_plan_run_by_another_backend(plan: Plan) -> None:
    """It computes by the functions of that one, and is else as it was."""
    asked: list[str] = []

    def emit(module: Module) -> Mapping[str, Any]:
        def noted(name: str, function: Any) -> Any:
            return lambda given: asked.append(name) or function(given)

        return {name: noted(name, each) for name, each in plan.emit(module).items()}

    other = plan.run_by("another", emit)
    assert (plan.backend, other.backend) == ("reference", "another")
    assert other.stages == plan.stages
    assert asked == []
    near(other(sequences())["mean"].alternate, plan(sequences())["mean"].alternate)
    assert set(asked) == set(plan.executor.functions)


def test_other_rows_than_the_plans_own(plan: Plan) -> None:
    x = sequences(2)
    soft = np.full((1, 1, 4), 0.25, "float32")
    near(
        plan(x, alternatives=soft)["tasks"].alternate[:, 6, 0],
        by_hand(written(x, 6, soft[0]))["tasks"],
    )
    each = np.stack([LETTERS[[[1]]], LETTERS[[[2]]]])  # (N, A, width, C)
    found = plan(x, alternatives=each)["tasks"].alternate
    assert found.shape == (2, 12, 1, 2)
    near(found[1, 6, 0], by_hand(written(x[1:], 6, LETTERS[2:3]))["tasks"][0])
    assert plan(x, alternatives=each)["tasks"].one_hot is None
    both = BothStrands(plan, OTHER)(x, alternatives=each)
    near(both["tasks"].alternate[1, 6, 0], on_both(written(x[1:], 6, LETTERS[2:3]))["tasks"][0])
    rows = np.broadcast_to(LETTERS[2], (2, 12, 1, 1, 4)).copy()
    rows[1, 4] = LETTERS[0]
    both = BothStrands(plan, OTHER)(x, alternatives=rows)
    near(both["tasks"].alternate[1, 4, 0], on_both(written(x[1:], 4, LETTERS[:1]))["tasks"][0])
    near(both["tasks"].alternate[1, 5, 0], on_both(written(x[1:], 5, LETTERS[2:3]))["tasks"][0])


def test_chosen_items(plan: Plan) -> None:
    x = sequences()
    sequence, site, alternative = [2, 0, 2, 1], [0, 11, 5, 5], [3, 0, 1, 2]
    found = plan.score_items(x, sequence, site, alternative)
    for index, where in enumerate(zip(sequence, site, alternative, strict=True)):
        mutant = written(x[where[0] : where[0] + 1], where[1], LETTERS[where[2]][None])
        for name, values in by_hand(mutant).items():
            near(found[name][index], values[0])
    own = plan.score_items(x, [1], [4], [1], alternatives=LETTERS[[[0], [3]]])
    near(own["mean"][0], by_hand(written(x[1:2], 4, LETTERS[3:]))["mean"][0])
    assert len(plan.score_items(x, [], [], [])["tasks"]) == 0


REFUSED: list[tuple[Callable[[Plan, Any], Any], str]] = [
    (lambda p, x: p.score_items(x, [3], [0], [0]), r"sequence must be in \[0, 3\); got 3 to 3"),
    (lambda p, x: p.score_items(x, [0], [-1], [0]), r"site must be in \[0, 12\); got -1 to -1"),
    (lambda p, x: p.score_items(x, [0], [0], [4]), r"alternative must be in \[0, 4\)"),
    (lambda p, x: p.score_items(x, [0.5], [0], [0]), "sequence must be a list of whole numbers"),
    (lambda p, x: p.score_items(x, [[0]], [0], [0]), "sequence must be a list of whole numbers"),
    (lambda p, x: p.score_items(x, [0, 1], [0], [0]), "must be of one length"),
    (lambda p, x: p.variants(x, [0], [0, 1], ["A"]), "must be of one length"),
    (lambda p, x: p.variants(x, [0], [10], ["AAA"]), "10"),
    (lambda p, x: p.variants(x, [0], [12], ["A"]), r"position must be in \[0, 12\)"),
    (lambda p, x: p.variants(x, [0], [0], [""]), "substitution 0 cannot be read"),
    (lambda p, x: p.variants(x, [0], [0], [np.eye(3)]), "rows of 3 channels, and the model 4"),
    (lambda p, x: p.variants(x, [0], [0], ["AX"]), "X"),
    (lambda p, x: p(x, batch_size=0), "batch_size"),
    (lambda p, x: p(x, memory=0), "memory"),
    (lambda p, x: p.predict(x, batch_size=0), "batch_size"),
    (lambda p, x: p.variants(x, [0], [0], ["A"], batch_size=0), "batch_size"),
    (lambda p, x: p.variants(x, [0], [0], ["A"], memory=0), "memory"),
    (lambda p, x: p(x, alternatives=np.zeros((2, 2, 4))), "alternatives"),
    (lambda p, x: p(x.transpose(0, 2, 1)), "it looks transposed"),
    (lambda p, x: p(x[0]), r"a single sequence is x\[None\]"),
    (lambda p, x: p(x[:, :9]), "another length needs a plan of its own"),
    (lambda p, x: p({"sec": x}), "the input 'seq' is missing"),
    (lambda p, x: p(x.astype(str)), "is not an array of numbers"),
    (lambda p, x: p("ACGT"), "the strings have 4 letters"),
    (lambda p, x: p("ACGTACGTACGT", alphabet="ACG"), "the alphabet ACG has 3 letters"),
    (lambda p, x: Ensemble([]), "an ensemble needs a plan"),
    (lambda p, x: Ensemble([p, small(Sites((1, 2)))]), "plan 1 of the ensemble .small0. has other"),
    (lambda p, x: BothStrands(p, OTHER).variants(x, [0], [0], [np.eye(3)]), "no substitution"),
    (lambda p, x: BothStrands(p), "output 'tasks' has 2 channels, and it is not said"),
    (lambda p, x: BothStrands(p, OTHER, alphabet="ACGX"), "the letter A of the alphabet ACGX"),
    (lambda p, x: p(x)["nix"], "there is no output 'nix'"),
    (lambda p, x: p(x)[3], "there is no output 3"),
    (lambda p, x: p(x).reference, "tasks, mean, track"),
]


@pytest.mark.parametrize(("ask", "said"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_cannot_be_answered(plan: Plan, ask: Callable[[Plan, Any], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(plan, sequences())


def test_sequences_in_other_forms(plan: Plan) -> None:
    x = LETTERS[[[0, 1, 2, 3] * 3, [3, 2, 1, 0] * 3]]
    expected = plan(x)["tasks"].reference
    for given in (
        ["ACGT" * 3, "TGCA" * 3],
        ("ACGT" * 3, "TGCA" * 3),
        np.array(["ACGT" * 3, "TGCA" * 3]),
        {"seq": x},
        x[..., None],
        x.astype("int8"),
        x.tolist(),
    ):
        assert plan(given)["tasks"].reference.tolist() == expected.tolist()
    turned = plan(["AGCT" * 3], alphabet="AGCT")["tasks"].reference
    assert turned.tolist() == expected[:1].tolist()
    assert plan.site_rows(x)[:, 3].tolist() == x[:, 3:4].tolist()


def test_other_sites_and_widths(plan: Plan) -> None:
    x = sequences(2)
    other = plan.with_sites([3, 7], width=2)
    assert other.alternatives.tolist() == np.zeros((1, 2, 4)).tolist()
    near(
        other(x)["tasks"].alternate[:, 1, 0],
        by_hand(written(x, 7, np.zeros((2, 4))))["tasks"],
    )
    one = plan.with_sites([5])
    near(one(x)["tasks"].alternate[:, 0, 2], by_hand(written(x, 5, LETTERS[2:3]))["tasks"])
    near(
        BothStrands(one, OTHER)(x)["mean"].alternate[:, 0, 2],
        on_both(written(x, 5, LETTERS[2:3]))["mean"],
    )
    assert plan.executor.starts.tolist() == list(range(12))
    later = api.from_module(plan.stage["annotated"], backend="reference")
    with pytest.raises(InputError, match="begins with a module of stage annotated"):
        later.with_sites([5])


@pytest.mark.parametrize("kind", ["both strands", "both strands of one"])
def test_progress_runs_once_over_both_strands(plan: Plan, kind: str) -> None:
    said: list[tuple[int, int]] = []
    ask = ASKED[kind][0](plan)
    ask(sequences(2), progress=lambda *now: said.append(now))
    every = 2 * 12 * 4 * 2
    assert said == sorted(said)
    assert {total for _, total in said} == {every}
    assert (said[0][0] < every // 2, said[-1]) == (True, (every, every))
    said.clear()
    ask.variants(sequences(2), [0, 1], [3, 4], ["A", "CC"], progress=lambda *now: said.append(now))
    assert said == sorted(said)
    assert said[-1] == (4, 4)


def test_batches_are_scored_as_the_call_says(plan: Plan) -> None:
    soft = np.full((1, 1, 4), 0.25, "float32")
    (found,) = plan.stream([sequences(2)], alternatives=soft)
    assert found["tasks"].alternate.shape == (2, 12, 1, 2)
    with pytest.raises(InputError, match="batch_size"):
        list(plan.stream([sequences(2)], batch_size=0))


def test_what_a_plan_knows_beside_its_stages_is_kept(tmp_path: Path) -> None:
    plan = small()
    assert plan.checked == {}
    assert plan.reductions == {}
    plan.checked = {"items": 3}
    plan.reductions = {"mean": Reduction(target=(1,), over=(2, 5), way="sum")}
    again = plan.with_module(plan.module)
    assert (again.checked, again.reductions) == (plan.checked, plan.reductions)
    plan.checked = {}
    plan.save(tmp_path / "plan")
    assert fastism.load(tmp_path / "plan").reductions == plan.reductions
    head = header_of(plan, alternatives=plan.alternatives, alphabet="ACGT", arguments={})
    record = plan.reductions["mean"].record
    assert json.loads(head.attributes["reductions"]) == {"mean": json.loads(json.dumps(record))}


def test_what_is_saved_reads_back(plan: Plan, tmp_path: Path) -> None:
    plan.save(tmp_path / "plan")
    again = fastism.load(tmp_path / "plan")
    assert again.stages == plan.stages
    for name in ("backend", "pipeline", "output_positions", "output_names", "letters"):
        assert getattr(again, name) == getattr(plan, name), name
    assert again.output_shapes == {"tasks": (2,), "mean": (3,), "track": (12, 1)}
    assert (again.length, again.channels) == (12, 4)
    x = sequences(2)
    assert again(x)["track"].alternate.tolist() == plan(x)["track"].alternate.tolist()
