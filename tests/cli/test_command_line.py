"""Mistakes on the command line: one clear message, exit code 2, nothing written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fastism import data
from fastism.cli import main
from fastism.errors import MismatchError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a model's name, a sequence file and a file in the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.h5").write_bytes(b"not a model")
    (tmp_path / "x.fa").write_text(">a\nACGT\n")
    (tmp_path / "taken").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    (tmp_path / "broken.py").write_text("1 / 0")
    return tmp_path


MISTAKES = [
    ("", "Usage: fastism"),
    ("compil", "No such command 'compil'"),
    ("compile", "Missing argument 'MODEL'"),
    ("compile model.h5", "Missing option '-o'"),
    (
        "compile model.h5 -o p --backend nativ",
        "no backend 'nativ'; known: tensorflow, native, auto",
    ),
    ("compile missing.h5 -o p", "the model missing.h5 does not exist"),
    ("compile full -o p", "the model full is a folder, not a model file"),
    ("compile model.h5 -o taken", "taken exists already\n  try: another name, or --force"),
    ("compile model.h5 -o taken --force", "taken is a file, and a plan is a folder"),
    ("compile model.h5 -o full --force", "full holds something other than a plan"),
    ("compile model.h5 -o no/p", "no/p cannot be written\n  why: there is no folder"),
    ("compile model.h5 -o p --sites 9,", "--sites 9, names no positions"),
    ("compile model.h5 -o p --sites 9:3", "--sites 9:3 names no positions"),
    ("compile model.h5 -o p --sites 1:9:0", "--sites 1:9:0 names no positions"),
    ("compile model.h5 -o p --length 0", "Invalid value for '--length'"),
    ("compile model.h5 -o p --pipeline flattn", "there is no pass 'flattn'"),
    ("compile model.h5 -o p --dump-ir taken", "taken is a file, and a folder"),
    ("compile model.h5 -o p --custom-objects nothere", "No module named 'nothere'"),
    ("compile model.h5 -o p --custom-objects broken.py", "ZeroDivisionError"),
    ("compile model.h5 -o p", "the model file 'model.h5' is damaged"),
    ("run missing -s x.fa -o y.h5", "there is no plan at missing"),
    ("run full -s x.fa -o y.h5", "full is not a plan"),
    ("run full -s x.fa -o y.h5 --memory lots", "--memory lots is not an amount of memory"),
    ("run full -s x.fa -o y.h5 --alphabet AA", "'AA' is not an alphabet"),
    ("run full -s x.fa -o y.h5 -bs 0", "Invalid value for '-bs'"),
    ("explain missing", "there is no plan at missing"),
    ("verify missing", "there is no plan at missing"),
    ("verify full --model missing.h5", "the model missing.h5 does not exist"),
    ("opt missing.fism", "there is no file missing.fism"),
    ("opt taken -p flatten,,", "the pipeline string"),
    ("export full --onnx d", "full is not a plan"),
    ("export missing --onnx d", "there is no plan at missing"),
    ("demo -o taken", "taken is a file, and a folder is to be written there"),
    ("demo -o no/d", "no/d cannot be written"),
]


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake(
    line: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.startswith("fastism: " if line else "Usage: ")
    assert "Traceback" not in err
    assert out == ""
    assert sorted(folder.rglob("*")) == before


def test_mistakes_are_found_before_tensorflow_is_loaded() -> None:
    line = "import sys; from fastism.cli import main; main(sys.argv[1:]); print(len(sys.modules)); "
    line += "assert 'tensorflow' not in sys.modules"
    for arguments in ("run full -s x.fa -o y.h5", "compile model.h5 -o taken"):
        subprocess.run([sys.executable, "-c", line, *arguments.split()], check=True)


def test_verbose_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-v", "explain", "missing"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "fastism: interrupted"),
        (MismatchError("%conv disagrees", why="by 0.1"), 2, "fastism: %conv disagrees\n  why: by"),
        (OSError(28, "No space left on device"), 2, "fastism: no space left on device"),
    ],
)
def test_whatever_ends_a_verb(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("fastism.io.plan_folder.load_plan", fail)
    assert main(["explain", "plan"]) == code
    assert message in capsys.readouterr().err


def test_a_bug_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("fastism.io.plan_folder.load_plan", fail)
    assert main(["explain", "plan"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("fastism: broke down: ZeroDivisionError: by nothing\n")
    assert "Traceback" not in said
    assert "fastism -v" in said
    assert main(["-v", "explain", "plan"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_opt_reads_text_and_writes_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["opt", str(data.path("demo.h5"))]) == 0
    (folder / "imported.fism").write_text(imported := capsys.readouterr().out)
    assert "stage=imported" in imported
    assert main(["opt", "imported.fism"]) == 0
    assert capsys.readouterr().out == imported
    with (folder / "imported.fism").open() as text:
        monkeypatch.setattr(sys, "stdin", text)
        assert main(["opt", "-", "-p", "flatten,flatten", "--print-after-all"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[3] for line in out.splitlines() if line.startswith("// fastism")] == [
        "stage=flat",
        "stage=flat",
    ]
