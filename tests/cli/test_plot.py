"""``fastism plot``, and the same picture from Python."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fastism import api
from fastism.cli import main
from fastism.errors import InputError
from fastism.runtime.scores import Scores
from tests.io.test_one_of import write
from tests.zoo import ENTRIES


@pytest.fixture
def scores(tmp_path: Path) -> str:
    write(tmp_path / "scores.h5", ["one", "two"])
    return str(tmp_path / "scores.h5")


def test_it_draws_what_is_asked_for(
    scores: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fig.svg"
    chosen = ["--name", "two", "--outputs", "profile", "--target", "1,4", "--score", "raw"]
    asked = ["plot", scores, *chosen, "--range", "0:2", "--highlight", "1:2=here", "-o", str(out)]
    assert main(asked) == 0
    assert f"wrote {out}: two, profile[1, 4]" in capsys.readouterr().err
    assert out.read_text().startswith("<?xml")
    assert main(asked) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*asked, "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.gif"], "does not say what kind of picture"),
        (["-o", "x.png"], "holds 2 sequences, and one is shown"),
        (["-o", "x.png", "--name", "one", "--index", "0"], "both say which sequence"),
        (["-o", "x.png", "--index", "0"], "has several outputs"),
        (["-o", "x.png", "--index", "0", "--outputs", "profile"], "10 numbers a sequence"),
        (["-o", "x.png", "--index", "0", "--outputs", "counts", "--target", "x"], "not an index"),
        (["-o", "x.png", "--index", "0", "--outputs", "counts", "--range", "3:1"], "no interval"),
        (["-o", "no/x.png", "--index", "0"], "there is no folder"),
        (["-o", "x.png", "--score", "contribution"], "'contribution' is not one of"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(
    scores: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert main(["plot", scores, *arguments]) == 2
    message = capsys.readouterr().err
    assert said.replace("no interval", "is not an interval of positions") in message
    assert sorted(tmp_path.iterdir()) == before


def test_without_its_packages_it_says_what_to_type(
    scores: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "logomaker", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["plot", scores, "-o", "x.png"]) == 2
    message = capsys.readouterr().err
    assert "fastism plot needs matplotlib and logomaker, not installed here" in message
    assert "try: pip install 'fastism[plot]'" in message


def test_scores_draw_themselves() -> None:
    entry = ENTRIES["basset"]
    plan = api.compile(entry.build(), length=entry.length, sites=slice(10, 30), backend="reference")
    x = np.eye(4, dtype=np.float32)[np.arange(2 * plan.length).reshape(2, -1) % 4]
    scores = plan(x)
    figure = scores.plot(1, target=0, highlights=[(12, 15, "here")], name="mine")
    assert figure.axes[0].get_xlim() == (10, 30)
    assert figure.get_suptitle().startswith("mine ")
    drawn = figure.axes[1].images[0].get_array()
    head = next(iter(scores))
    wanted = scores[head].delta()[1].reshape(20, 4, -1)[..., 0].T
    np.testing.assert_allclose(np.asarray(drawn), wanted, rtol=1e-6, atol=1e-9)
    with pytest.raises(InputError, match="there is no sequence 2: 2 were scored"):
        scores.plot(2, target=0)
    with pytest.raises(InputError, match="4 channels, and the alphabet AC 2 letters"):
        scores.plot(target=0, alphabet="AC")
    with pytest.raises(InputError, match="do not hold their sequences"):
        Scores(scores.heads).plot()
