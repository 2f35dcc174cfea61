"""The verbs, end to end, on the bundled model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api, caching, data
from fastism.calibration.nominal import NOMINAL
from fastism.cli import main
from fastism.errors import MismatchError
from fastism.io.fasta import read_fasta
from fastism.io.scores import read_scores
from tests.runtime.times import plainly, said

MODEL, LENGTH = data.path("demo.h5"), 200
SITES = range(90, 110, 4)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model compiled for a few sites in the middle."""
    path = tmp_path_factory.mktemp("compiled") / "plan"
    sites = f"{SITES.start}:{SITES.stop}:{SITES.step}"
    assert main(["--quiet", "compile", str(MODEL), "-o", str(path), "--sites", sites]) == 0
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder but for three records, the last with ambiguity letters."""
    monkeypatch.chdir(tmp_path)
    first, second = (record.sequence for record, _ in zip(records(), range(2), strict=False))
    text = f">one\n{first}\n>two words\n{second.lower()}\n>three\nNRY{first[3:]}\n"
    (tmp_path / "x.fa").write_text(text)
    return tmp_path


def records() -> Iterator[Any]:
    return read_fasta(data.path("demo.fa"))


def test_compile_says_what_an_earlier_one_timed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(caching.VARIABLE, str(folder / "cache"))
    for name in ("known", "measured"):
        monkeypatch.setattr(api, name, lambda: NOMINAL)
    used = said(monkeypatch, plainly)
    line = ["compile", str(MODEL), "-o", "p", "--sites", "90:92", "--force"]
    line += ["--no-check", "--tune"]
    for tune, timed in (("on", True), ("on", False), ("again", True)):
        used.clear()
        assert main([*line, tune]) == 0
        note = "timed by an earlier compile (--tune again times it now)"
        assert (note in capsys.readouterr().err) is not timed
        assert bool(used) is timed


def test_compile_shows_the_segments_and_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["-v", "compile", str(MODEL), "-o", "p", "--dump-ir", "dumps", "--stop", "conv_3"]
    line += ["--tune", "off"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    assert "conv_1 .. pool_1" in out
    assert "locality ends at" in out
    assert "agrees with the model: " in err
    assert "canonicalize " in err
    assert [path.name for path in sorted(Path("dumps").iterdir())][:2] == [
        "000-import.fism",
        "001-flatten.fism",
    ]


def test_a_plan_that_disagrees_is_not_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def disagree(*_: object, **__: object) -> None:
        raise MismatchError("%conv_2 differs")

    monkeypatch.setattr("fastism.checking.check.check_plan", disagree)
    line = ["compile", str(MODEL), "-o", "p", "--tune", "off"]
    assert main(line) == 2
    assert capsys.readouterr().err == "fastism: %conv_2 differs\n"
    assert [path.name for path in folder.iterdir()] == ["x.fa"]
    assert main([*line, "--no-check"]) == 0


def test_run_gives_the_models_own_numbers(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-bs", "2", "--compression", "gzip"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "ambiguous letters were read as unknown (a row of zeros): 1 R, 1 Y" in err
    assert "wrote s.h5: 3 sequences" in err
    assert sorted(path.name for path in folder.iterdir()) == ["s.h5", "s.h5.args.json", "x.fa"]

    scores = read_scores("s.h5")
    assert scores.names == ["one", "two", "three"]
    np.testing.assert_array_equal(scores.sites[:, 0], list(SITES))
    (output,) = scores.reference
    mutants = np.repeat(scores.sequences[:, None, None].astype(np.float32), len(SITES), axis=1)
    mutants = np.repeat(mutants, 4, axis=2)
    for index, site in enumerate(SITES):
        mutants[:, index, :, site] = np.eye(4)
    from fastism.frontends.keras.files.load import load_model

    expected = load_model(MODEL)(mutants.reshape(-1, LENGTH, 4)).numpy()
    found = scores.alternate[output]
    np.testing.assert_allclose(found, expected.reshape(found.shape), atol=1e-5)
    assert scores.attributes["model"] == "demo.h5"
    assert json.loads(Path("s.h5.args.json").read_text())["arguments"]["batch_size"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-s", "x.fa", "--alphabet", "ACGTM"], "reads 4 channels, and the alphabet ACGTM has 5"),
        (["-s", "short.fa"], "the record 'b' has 3 letters, and the model reads 200"),
        (["-s", "odd.fa"], "'!' at position 0 of record 'odd'"),
        (["-s", "missing.fa"], "there is no sequence file missing.fa"),
        (["-s", "x.fa", "--memory", "1K"], "the scores of one sequence take"),
    ],
)
def test_sequences_that_do_not_fit(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    good = next(records()).sequence
    (folder / "short.fa").write_text(f">a\n{good}\n>b\nACG\n")
    (folder / "odd.fa").write_text(f">a\n{good}\n>odd\n!{good[1:]}\n")
    assert main(["--quiet", "run", str(plan), "-o", "s.h5", *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(folder.glob("*s.h5*"))


@pytest.mark.parametrize(("call", "done"), [(1, 0), (2, 1)])
def test_an_interrupt_keeps_what_is_done_and_nothing_else(
    plan: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    call: int,
    done: int,
) -> None:
    from fastism.runtime.plan import Plan

    score, calls = Plan.__call__, []

    def interrupted(self: Plan, *arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return score(self, *arguments, **options)

    line = ["--quiet", "run", str(plan), "-s", "x.fa", "-o", "s.h5", "-bs", "1"]
    monkeypatch.setattr(Plan, "__call__", interrupted)
    assert main(line) == 130
    assert capsys.readouterr().err.strip() == "fastism: interrupted"
    assert len(calls) == call
    left = sorted(path.name for path in folder.iterdir())
    assert left == (["s.h5.partial", "x.fa"] if done else ["x.fa"])
    if not done:
        return
    assert main(line) == 2
    assert "s.h5.partial holds a run that was stopped: 1 of 3 sequences are done" in (
        capsys.readouterr().err
    )
    assert main([*line[1:], "--resume"]) == 0
    assert "going on: 1 of 3 sequences are done" in capsys.readouterr().err
    assert len(calls) == call + 2
    assert sorted(path.name for path in folder.iterdir()) == ["s.h5", "s.h5.args.json", "x.fa"]
    whole = Path("s.h5").read_bytes()
    assert main([*line, "--force"]) == 0
    assert Path("s.h5").read_bytes() == whole


def test_verify(plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(plan), "--model", str(MODEL)]) == 0
    out = capsys.readouterr().out
    assert "is whole: checksums hold, and 7 stages are valid" in out
    assert f"agrees with {MODEL}: " in out
    assert re.search(r"items at \d+ of [\d,]+ sites", out)
    assert main(["verify", str(plan), "--all-sites"]) == 2
    assert "no model is given" in capsys.readouterr().err
    (folder / "other.h5").write_bytes(b"another model")
    assert main(["verify", str(plan), "--model", "other.h5"]) == 2
    assert "was not compiled from other.h5" in capsys.readouterr().err


def test_explain_needs_no_tensorflow(plan: Path) -> None:
    code = (
        "import sys; from fastism.cli import main; code = main(['explain', sys.argv[1]]);"
        "sys.exit(code or 'tensorflow' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(plan)], capture_output=True, text=True, check=True
    )
    assert "locality ends at flatten: gives every position a weight of its own" in result.stdout


def test_opt_takes_the_weights_of_text_from_a_plan(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["opt", str(plan), "--stage", "flat"]) == 0
    (folder / "flat.fism").write_text(capsys.readouterr().out)
    assert main(["opt", "flat.fism", "-p", "canonicalize"]) == 2
    assert "text with its weights" in capsys.readouterr().err
    assert main(["opt", "flat.fism", "-p", "canonicalize,annotate", "--weights", str(plan)]) == 0
    annotated = capsys.readouterr().out
    assert main(["opt", str(plan), "-p", "flatten,canonicalize,annotate"]) == 0
    assert capsys.readouterr().out == annotated
    assert main(["opt", str(plan), "--stage", "annotated", "--at", "94"]) == 0
    assert "@94:[87,102)" in capsys.readouterr().out
    assert main(["opt", str(plan), "--stage", "annotated", "--at", "95"]) == 2
    assert "no site starts at 95" in capsys.readouterr().err
    assert main(["opt", str(plan), "--stage", "nowhere"]) == 2
    assert "has no stage 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["x.fa", "{plan}/manifest.json", "{plan}/scores.h5"])
def test_run_never_writes_over_what_it_reads(
    plan: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = target.format(plan=plan)
    before = Path("x.fa").read_text(), (plan / "manifest.json").read_text()
    assert main(["run", str(plan), "-s", "x.fa", "-o", output, "--force"]) == 2
    assert "this command reads" in capsys.readouterr().err
    assert (Path("x.fa").read_text(), (plan / "manifest.json").read_text()) == before


def test_verify_compares_on_sequences_of_ones_own(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(plan), "-m", str(MODEL), "-s", "x.fa"]) == 0
    assert f"agrees with {MODEL} on 3 sequences of x.fa: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-s", "x.fa"], "no model is given"),
        (["-s", "none.fa", "-m", str(MODEL)], "there is no sequence file none.fa"),
        (["-s", "x.fa", "-m", str(MODEL), "--alphabet", "ACGTN"], "the alphabet ACGTN has 5"),
    ],
)
def test_verify_says_which_sequences_it_cannot_take(
    options: list[str], message: str, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(plan), *options]) == 2
    assert message in capsys.readouterr().err
