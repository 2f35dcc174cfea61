"""``fastism report``: what it writes, which plan it explains, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import pytest

from fastism import api, data
from fastism.cli import main
from tests.io.test_one_of import write


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reported") / "plan"
    api.compile(data.path("demo.h5"), sites=slice(90, 93), backend="reference").save(path)
    return path


def scores(folder: Path, plan: Path | None, **facts: str) -> Path:
    """A scores file that says which plan it is of."""
    path = folder / "scores.h5"
    write(path, ["one", "two"])
    with h5py.File(path, "a") as file:
        file.attrs.update({"arguments": json.dumps({"plan": str(plan)} if plan else {}), **facts})
    return path


def model(plan: Path) -> str:
    return str(json.loads((plan / "manifest.json").read_text())["model"]["sha256"])


def test_it_writes_a_page_with_the_plan_that_was_recorded(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = scores(tmp_path, plan, model_sha256=model(plan))
    out = tmp_path / "report.html"
    asked = ["report", str(made), "-o", str(out)]
    assert main(asked) == 0
    note = capsys.readouterr().err
    assert "left out: profile gives many numbers" in note
    assert f"wrote {out}" in note
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "conv_1, norm_1, relu_1" in text
    assert "Locality ends at flatten: gives every position a weight of its own" in text
    assert '"name": "two"' in text
    assert "Not shown, with too many numbers a sequence: profile" in text
    assert main(asked) == 2
    assert "exists already" in capsys.readouterr().err
    chosen = ["--outputs", "profile", "--target", "1,4", "--target", "0,0", "--score", "raw"]
    assert main([*asked, "--force", *chosen]) == 0
    assert '"tracks": ["profile[1, 4]", "profile[0, 0]"]' in out.read_text(encoding="utf-8")
    capsys.readouterr()
    with h5py.File(made, "a") as file:
        moved = file["profile/alternate"][:]
        moved[..., 1, 4] += 1000
        file["profile/alternate"][:] = moved
    assert main([*asked, "--force", "--outputs", "profile"]) == 0
    assert "shown: the 8 numbers of profile that mutations move most" in capsys.readouterr().err
    shown = re.findall(r'"(profile\[\d, \d\])"', out.read_text(encoding="utf-8"))
    every = [f"profile[{i}, {j}]" for i in range(2) for j in range(5)]
    assert shown == [*every[:7], every[9]]  # of those that are moved alike, the first


@pytest.mark.parametrize(
    ("facts", "named", "said"),
    [
        ({}, False, "The file does not name one plan that it is of; --plan does."),
        ({"arguments": '{"plan": "gone"}'}, False, "It was not at hand"),
        ({"arguments": '{"plan": ["gone", "too"]}'}, False, "there is no plan at gone"),
        ({"model_sha256": "other"}, True, "is not the plan that these scores were made with"),
        ({"plan_sha256": "other"}, True, "is not the plan that these scores were made with"),
    ],
)
def test_a_plan_of_something_else_is_not_shown(
    plan: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    facts: dict[str, str],
    named: bool,
    said: str,
) -> None:
    made = scores(tmp_path, plan if named else None, **{"model_sha256": model(plan), **facts})
    out = tmp_path / "report.html"
    assert main(["report", str(made), "-o", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "conv_1" not in text
    if named:
        assert main(["report", str(made), "-o", str(out), "--force", "--plan", str(plan)]) == 2
        assert said in capsys.readouterr().err
        assert out.read_text(encoding="utf-8") == text
    else:
        assert said in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--outputs", "nix"], "has no output 'nix'"),
        (["--target", "0"], "--target picks numbers of one output"),
        (["--outputs", "counts", "--target", "7"], "has no target 7"),
        (["--outputs", "counts", "--target", "a"], "is not an index"),
        (["--plan", "nowhere"], "there is no plan at nowhere"),
        (["--score", "contribution"], "'contribution' is not one of"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    made = scores(tmp_path, None)
    before = sorted(tmp_path.iterdir())
    assert main(["report", str(made), "-o", str(tmp_path / "report.html"), *arguments]) == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
