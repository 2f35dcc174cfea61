"""What errors say of files: which file, what is the matter with it, no numbers of the system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastism import data
from fastism.cli import main
from fastism.errors import InputError, reason, require_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, a folder, a pipe and text in another encoding, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    Path("folder.py").mkdir()
    Path("latin.bed").write_bytes(b"caf\xe9\t1\t2\n")
    Path("empty.py").touch()
    Path("empty.npy").touch()
    Path("noise.npy").write_bytes(b"\x00\x01\x02\x03")
    os.mkfifo("pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none", "there is no BED file none"),
        ("file/none", "there is no BED file file/none"),
        ("folder.py", "folder.py is a folder, and a BED file is to be read there"),
        ("x" * 300, f"{'x' * 300} cannot be read\n  why: file name too long"),
        (
            "pipe",
            "pipe is a pipe or a device, and a BED file is to be read there\n"
            "  why: it is read more than once\n"
            "  try: write what comes through it to a file first",
        ),
    ],
)
def test_what_is_no_file_is_said(folder: Path, path: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        require_file(path, "BED file")
    assert str(caught.value) == said


def test_a_file_without_the_right_to_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_file("file", "BED file")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    with pytest.raises(InputError, match=r"^file cannot be read\n  why: no right to read it$"):
        require_file("file", "BED file")


def test_reasons_are_words() -> None:
    own = "[Errno 13] a sentence of a library's"
    assert reason(PermissionError(13, own, "x")) == "permission denied"
    assert reason(OSError("no BGZF EOF marker")) == "no BGZF EOF marker"
    assert reason(EOFError()) == "EOFError"
    broken = UnicodeDecodeError("utf-8", b"caf\xe9", 3, 4, "invalid continuation byte")
    assert reason(broken) == "it is not text in UTF-8: byte 0xe9"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--custom-objects none.py",
            "cannot be imported\n  why: there is no Python file none.py\n",
        ),
        ("--passes-from folder.py", "cannot be imported\n  why: folder.py is a folder, and a Py"),
        ("--instrument empty.py:Watch", "there is no Watch in it\n  why: it has nothing\n"),
        ("--architecture none.py:build", "cannot be imported\n  why: there is no Python file none"),
        ("--sites latin.bed", "latin.bed cannot be read\n  why: it is not text in UTF-8: byte 0x"),
        ("--alternatives empty.npy", "empty.npy is not a .npy file of numbers\n  why: it is empty"),
        ("--alternatives noise.npy", "\n  why: it does not begin as a .npy file\n"),
        (f"--alternatives {'x' * 300}.npy", "cannot be read\n  why: file name too long\n"),
        (f"--output {'x' * 300}", f"{'x' * 300}: file name too long\n"),
    ],
)
def test_options_that_take_a_path(
    folder: Path, words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(data.path("demo.h5")), "-o", "plan", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_an_end_of_file_is_no_interrupt(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends(path: Path) -> None:
        raise EOFError("No data left in file")

    monkeypatch.setattr("fastism.io.array_files.open_npy", ends)
    words = ["compile", str(data.path("demo.h5")), "-o", "plan", "--alternatives", "empty.npy"]
    assert main(words) == 3
    assert "fastism: broke down: EOFError: No data left in file\n" in capsys.readouterr().err
