"""Runs in parts, by array jobs, and the files that are made of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import pytest

from fastism import api, data
from fastism.cli import main
from fastism.io.fasta import read_fasta


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plan, seven sequences, the scores of all, and the same in three parts."""
    folder = tmp_path_factory.mktemp("parts")
    api.compile(data.path("demo.h5"), sites=[3, 100], backend="reference").save(folder / "plan")
    sequence = next(read_fasta(data.path("demo.fa"))).sequence
    records = [f">{turn}\n{sequence[turn:]}{sequence[:turn]}\n" for turn in range(7)]
    (folder / "x.fa").write_text("".join(records))
    run = ["--quiet", "run", str(folder / "plan"), "-s", str(folder / "x.fa"), "-bs", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main([*run, "-o", "s.h5"]) == 0
        (folder / "parts").mkdir()
        for number in (3, 1, 2):
            assert main([*run, "-o", f"parts/{number}.h5", "--shard", f"{number}/3"]) == 0
        others = {"other_bs": ["-bs", "1"], "other_letters": ["--alphabet", "ACGU"]}
        for name, options in others.items():
            assert main([*run, "-o", f"{name}.h5", "--shard", "2/3", *options]) == 0
    return folder


@pytest.fixture
def folder(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(parts, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_parts_merged_are_the_run_in_one_piece(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Path("s.h5").read_bytes()
    Path("s.h5").unlink()
    Path("s.h5.args.json").unlink()
    names = sorted(map(str, Path("parts").iterdir()))
    assert len(names) == 6  # with the arguments beside each
    assert main(["merge", *names, "-o", "s.h5"]) == 0
    assert capsys.readouterr().err == "wrote s.h5: 7 sequences of 3 parts\n"
    assert Path("s.h5").read_bytes() == whole


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["other_bs.h5"], "--batch-size was 2, and is 1"),
        (["other_letters.h5"], "the alphabet was ACGT, and is ACGU"),
        (["s.h5"], "s.h5 is a scores file of its own, and no part of a run"),
        ([], "1 of 3 parts are missing: 2/3"),
        (["parts/1.h5"], "parts/1.h5 is named twice"),
        (["copy.h5"], "parts/1.h5 and copy.h5 are both --shard 1/3"),
        (["parts/2.h5", "short.h5"], "short.h5 is not whole"),
        (["x.fa"], "x.fa is not a scores file"),
        (["none.h5"], "there is no scores file none.h5"),
    ],
)
def test_wrong_parts_are_refused_and_nothing_is_written(
    folder: Path, files: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy("parts/1.h5", "copy.h5")
    shutil.copy("parts/2.h5", "short.h5")
    with h5py.File("short.h5", "a") as file:
        file["names"].resize(1, axis=0)
    before = sorted(folder.iterdir())
    assert main(["merge", "parts/1.h5", "parts/3.h5", *files, "-o", "new.h5"]) == 2
    assert message in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before


def test_no_part_at_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", "s.h5.args.json", "s.h5.partial", "-o", "new.h5"]) == 2
    assert "s.h5.args.json is not a scores file" in capsys.readouterr().err
    assert main(["merge", "s.h5.partial", "-o", "new.h5"]) == 2
    assert "no part of a run is among the files that are named" in capsys.readouterr().err
    line = ["run", "plan", "-s", "x.fa", "-o", "new.h5", "--shard", "4/3"]
    assert main(line) == 2
    assert "--shard 4/3 is no part of a run" in capsys.readouterr().err
