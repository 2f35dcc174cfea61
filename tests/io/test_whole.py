"""Targets that may be written, and files and folders that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastism.errors import InputError
from fastism.io.whole import (
    check_file_target,
    check_folder_target,
    check_not_read,
    check_parent,
    replacing,
)


def test_a_folder_that_is_not_there_is_said_and_made_by_the_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check_parent(tmp_path / "no" / "scores.h5")
    said = caught.value
    assert said.what == f"{tmp_path / 'no' / 'scores.h5'} cannot be written"
    assert said.why == f"there is no folder {tmp_path / 'no'}"
    assert said.attempt == f"mkdir -p {tmp_path / 'no'}"
    check_parent(tmp_path / "scores.h5")


@pytest.mark.parametrize("closed", [os.W_OK, os.X_OK])
def test_a_folder_that_is_closed_to_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: int
) -> None:
    """Writing into a folder takes both rights; root has them all, so the system is asked less."""
    monkeypatch.setattr(os, "access", lambda path, rights: path != tmp_path or not rights & closed)
    with pytest.raises(InputError, match=f"no right to write into {tmp_path}"):
        check_parent(tmp_path / "scores.h5")


def test_a_file_is_replaced_by_force_alone_and_a_folder_never(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    check_file_target(path, force=False)
    path.write_text("scores")
    check_file_target(path, force=True)
    with pytest.raises(InputError, match=r"scores\.h5 exists already\n  try: .*--force"):
        check_file_target(path, force=False)
    with pytest.raises(InputError, match="is a folder, and a file is to be written there"):
        check_file_target(tmp_path, force=True)
    with pytest.raises(InputError, match="there is no folder"):
        check_file_target(tmp_path / "no" / "scores.h5", force=True)


def test_files_go_into_a_folder_that_is_there_or_can_be_made(tmp_path: Path) -> None:
    check_folder_target(tmp_path)
    check_folder_target(tmp_path / "new")
    with pytest.raises(InputError, match="there is no folder"):
        check_folder_target(tmp_path / "new" / "newer")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file, and a folder is to be written there"):
        check_folder_target(tmp_path / "file")


def test_a_folder_that_is_there_must_itself_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.setattr(os, "access", lambda path, rights: path != inner)
    with pytest.raises(InputError, match=f"no right to write into {inner}"):
        check_folder_target(inner)


def test_what_a_command_reads_is_not_written(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    plan.mkdir()
    check_not_read(tmp_path / "plan2", plan)
    check_not_read(tmp_path, plan)
    (tmp_path / "link").symlink_to(plan)
    for target in (plan, plan / "inside" / "scores.h5", tmp_path / "link"):
        with pytest.raises(InputError, match=f"this command reads {plan}") as caught:
            check_not_read(target, tmp_path / "other", plan)
        assert caught.value.attempt == "another name for the output"


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.mkdir()
    (path / "old").touch()
    with replacing(path) as new:
        assert new.name == "plan"
        assert new.parent.parent == tmp_path
        assert new.parent.name.startswith(".plan.")
        new.mkdir()
        (new / "new").touch()
        assert [file.name for file in path.iterdir()] == ["old"]
    assert [file.name for file in path.iterdir()] == ["new"]
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]


def test_what_was_there_comes_back(tmp_path: Path) -> None:
    """Nothing was written at the name that the block was given."""
    path = tmp_path / "plan"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert [file.name for file in path.iterdir()] == ["old"]
    assert [file.name for file in tmp_path.iterdir()] == ["plan"]


def test_names_are_taken_from_where_we_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with replacing(Path("scores.h5")) as new:
        new.write_text("scores")
    assert (tmp_path / "scores.h5").read_text() == "scores"
