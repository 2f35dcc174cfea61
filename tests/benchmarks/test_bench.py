"""The bench runs, hands on what the peers need, and says what it could not measure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import compare, lengths, measure_model, measure_plan, measure_saved
from benchmarks.models import build, load_weights, save_weights
from benchmarks.processes import NotMeasuredError, measure_here
from benchmarks.report import Measured, page
from benchmarks.rows import LENGTHS, ROWS, Goals, Row, Task, spread
from fastism.errors import MismatchError

ROW = Row(
    "tiny",
    "basset",
    96,
    2,
    Goals(over_model=1e9, over_fastism=2, share=1e-9, first_seconds=1e-9, peak_bytes=1e15),
    mutants=4,
    model_batches=(2, 4),
    sites=4,
    fastism_positions=2,
)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("row")
    return Task(ROW, repeats=1, folder=folder, kept=folder)


@pytest.fixture(scope="module")
def measured(task: Task) -> Measured:
    """A row measured in this process, and a peer that could not be."""
    return Measured(
        ROW,
        plan=measure_plan.measure(task),
        saved=measure_saved.measure(task),
        model=measure_model.measure(task),
        fastism="no | Python for it",
    )


def test_the_page_says_whether_times_were_predicted_in_order(measured: Measured) -> None:
    def row(name: str, predicted: float, taken: float) -> Measured:
        plan = {**measured.plan, "predicted_seconds": predicted, "seconds": taken}  # type: ignore[dict-item]
        return replace(measured, row=replace(ROW, name=name), plan=plan)

    def said(*rows: Measured) -> str:
        (line,) = (li for li in page(rows, "", 1, "").splitlines() if "order of predicted" in li)
        return line

    assert said(row("a", 1.0, 1.0), row("b", 2.0, 2.0)).endswith("| as taken | reached |")
    assert said(row("a", 2.0, 1.0), row("b", 1.9, 1.05)).endswith("reached |")  # alike
    assert said(row("a", 2.0, 1.0), row("b", 1.0, 2.0)).endswith("| not a before b | missed |")


def test_the_page_says_what_was_measured_and_what_was_not(measured: Measured) -> None:
    text = page([measured], "a machine; a date", 1, "")
    (line,) = (line for line in text.splitlines() if line.startswith("| tiny | basset"))
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    assert cells[:5] == ["tiny", "basset", "96", "2", "4 spread"]
    assert cells[5].endswith("4 mutants)")
    assert cells[6] == "not measured: no / Python for it"
    assert cells[7] == "-"
    assert "a machine; a date" in text
    assert "| tiny | over the model | ≥ 1000000000.0x |" in text
    assert "| tiny | over fastISM 0.5.1 | ≥ 2.0x | - | not measured |" in text
    lines = [line for line in text.splitlines() if line.startswith("| tiny | ")]
    verdicts = {line.split(" | ")[1]: line.split(" | ")[-1].strip(" |") for line in lines[1:]}
    assert verdicts == {
        "over the model": "missed",
        "over fastISM 0.5.1": "not measured",
        "share of the product": "reached",
        "peak memory, scoring": "reached",
        "load and score one": "missed",
    }


def test_times_are_scaled_to_all_mutants(measured: Measured) -> None:
    way, found = measured.best_way or ("", {})
    assert found["seconds_a_mutant"] == min(
        each["seconds_a_mutant"]
        for each in dict(measured.model or {}).values()  # type: ignore[arg-type]
    )
    assert way in {"predict", "tf.function", "onnxruntime"}
    assert measured.seconds["model"] == pytest.approx(found["seconds_a_mutant"] * 3 * 4)
    assert measured.ratio("fastism") is None


def test_a_peer_with_other_scores_is_not_measured(
    task: Task, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with np.load(task.folder / "scores.npz") as ours:
        scores = {key: ours[key] for key in ours.files if key.startswith("alternate")}
    assert scores["alternate/0"].shape[:3] == (2, 2, 4)
    monkeypatch.setattr(compare, "measure_peer", lambda peer, task: {"seconds": 1.0})
    np.savez(task.folder / "fastism_peer.npz", **scores)
    assert compare.fastism_peer(task) == {"seconds": 1.0}
    np.savez(task.folder / "fastism_peer.npz", **{k: v * 1.01 for k, v in scores.items()})
    with pytest.raises(NotMeasuredError, match="its scores differ from the model's"):
        compare.fastism_peer(task)


def test_a_plan_with_other_scores_is_not_timed(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    predict = measure_plan.predict
    monkeypatch.setattr(
        measure_plan, "predict", lambda *given, **more: [y * 1.01 for y in predict(*given, **more)]
    )
    with pytest.raises(MismatchError, match="of the largest effect"):
        measure_plan.measure(task)


def test_a_process_that_fails_gives_its_reason(task: Task) -> None:
    with pytest.raises(NotMeasuredError, match=r"No module named benchmarks\.measure_nothing"):
        measure_here("measure_nothing", task)


def test_tasks_and_weights_reach_the_peers(tmp_path: Path) -> None:
    task = Task(ROWS[0], 3, tmp_path, tmp_path)
    task.save(tmp_path / "task.json")
    assert Task.load(str(tmp_path / "task.json")) == task
    model, other = build("basset", 96, seed=1), build("basset", 96, seed=2)
    save_weights(model, tmp_path / "weights.npz")
    load_weights(other, tmp_path / "weights.npz")
    for given, found in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(given, found)
    with pytest.raises(KeyError):
        load_weights(
            keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="x")]),
            tmp_path / "weights.npz",
        )


def test_rows_are_told_apart_and_cover_both_ends() -> None:
    names = [row.name for row in [*ROWS, *LENGTHS]]
    assert len(set(names)) == len(names)
    assert spread(3, 11) == [0, 5, 10]
    for row in ROWS:
        for each in (row, row.small()):
            assert len(set(each.positions)) == len(each.positions)
            assert 0 <= min(each.positions) <= max(each.positions) < each.length
            assert not each.has_peer or {0, len(each.positions) - 1} <= set(each.peer_sites)


def test_exponents_are_those_of_the_times(tmp_path: Path) -> None:
    rows = [replace(ROW, length=length, sites=None) for length in (100, 200, 400)]
    found = [Measured(row, {"seconds": row.length**1.1}) for row in rows]
    assert lengths.exponents(found) == {"plan": pytest.approx(1.1)}
    text = lengths.describe(found, tmp_path / "plot.png")
    assert "length^1.10" in text
    assert "reached" in text
    assert (tmp_path / "plot.png").stat().st_size > 1000
