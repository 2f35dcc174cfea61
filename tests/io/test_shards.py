"""Runs that are stopped and go on: shards, the record of what they are part of, and the lock."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.computed import machines_of, this_machine
from fastism.io.header import Header
from fastism.io.kept import Record
from fastism.io.partial import claimed, partial_path
from fastism.io.room import disk_taken
from fastism.io.rows import Rows, even, joined
from fastism.io.shards import Shards
from fastism.io.variants.parts import VariantParts

HEADER = Header(
    outputs={"head": (2,)},
    sites=np.asarray([(0, 1), (1, 1)]),
    alternatives=np.eye(4)[:, None],
    length=2,
    channels=4,
    alphabet="ACGT",
)
RECORD = Record(identity={"the plan": "abc", "--output": ["s.h5"]}, count=7, batch=3, memory=9)


def rows(start: int, stop: int) -> Rows:
    numbers = np.arange(start, stop, dtype=np.float32)
    reference = np.stack([numbers, -numbers], axis=1)
    alternate = np.broadcast_to(reference[:, None, None], (stop - start, 2, 4, 2))
    sequences = np.zeros((stop - start, 2, 4), np.int8)
    names = [f"s{number}" for number in range(start, stop)]
    return Rows(names, sequences, {"head": (reference, alternate)})


def begin(folder: Path, record: Record = RECORD, *, resume: bool = False) -> Shards:
    stopped = Shards.stopped(folder, Path("s.h5"), record.identity, resume=resume, force=False)
    return stopped or Shards.begin(folder, record)


def test_what_is_missing_is_told_in_stretches(tmp_path: Path) -> None:
    shards = begin(tmp_path)
    assert shards.missing() == [(0, 7)]
    shards.write(3, HEADER, rows(3, 6))
    assert shards.missing() == [(0, 3), (6, 7)]
    assert shards.describe() == "3 of 7 sequences are done"
    shards.write(0, HEADER, rows(0, 3))
    shards.write(6, HEADER, rows(6, 7))
    assert shards.missing() == []
    assert joined(list(shards.blocks())).names == [f"s{number}" for number in range(7)]


def test_a_row_is_found_in_its_shard_and_machines_are_counted(tmp_path: Path) -> None:
    shards = begin(tmp_path)
    for start, stop, machine in ((0, 3, "b"), (3, 6, "a"), (6, 7, "b")):
        shards.write(start, HEADER, rows(start, stop), machine)
    for index in range(7):
        row = shards.row(index)
        assert list(row.names) == [f"s{index}"]
        assert row.scores["head"][0].tolist() == [[index, -index]]
    whole = shards.whole_header(HEADER)
    assert machines_of(whole) == [("a", 3), ("b", 4)]
    assert whole.outputs == HEADER.outputs


def test_parts_of_variants_are_kept(tmp_path: Path) -> None:
    parts = VariantParts.begin(tmp_path, RECORD)
    values = np.arange(21, dtype=np.float32).reshape(7, 3)
    for start, stop, machine in ((0, 3, "b"), (3, 6, "a"), (6, 7, "b")):
        parts.write(start, values[start:stop], machine)
    found = list(parts.values())
    assert [count for count, _ in found] == [3, 3, 1]
    assert np.concatenate([each for _, each in found]).tolist() == values.tolist()
    assert parts.computed_by() == {"a": 3, "b": 4}
    assert parts.describe() == "7 of 7 variants are done"
    with (tmp_path / "0000003.npz").open("wb") as file:
        np.savez(file, values=np.array([{}], object), machine=np.array([{}], object))
    for read in (lambda: list(parts.values()), parts.computed_by):
        with pytest.raises(ValueError, match="allow_pickle"):
            read()
    parts.write(3, values[3:6], "a")
    parts.write(0, values[:3])
    assert parts.computed_by() == {"a": 3, "b": 1, this_machine(): 3}


def test_a_run_goes_on_with_the_batch_and_memory_it_began_with(tmp_path: Path) -> None:
    begin(tmp_path).write(0, HEADER, rows(0, 3))
    resumed = begin(tmp_path, dataclasses.replace(RECORD, batch=2, memory=5), resume=True)
    assert resumed.record == RECORD
    assert resumed.missing() == [(3, 7)]


def test_a_run_is_begun_where_there_is_none_to_go_on_with(tmp_path: Path) -> None:
    assert begin(tmp_path, resume=True).missing() == [(0, 7)]


def test_another_run_does_not_go_on(tmp_path: Path) -> None:
    begin(tmp_path)
    other = {"the plan": "abd", "--alternatives": "zeros", "--output": ["s.h5"]}
    with pytest.raises(InputError) as error:
        begin(tmp_path, dataclasses.replace(RECORD, identity=other), resume=True)
    assert str(error.value) == (
        "the run that was stopped is not this one, so that s.h5 cannot go on\n"
        "  why: the plan was abc, and is abd; --alternatives was not given, and is zeros\n"
        "  try: the command it was begun with; or --force alone, to begin anew"
    )


def test_a_stopped_run_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    begin(tmp_path).write(0, HEADER, rows(0, 3))
    with pytest.raises(InputError) as error:
        begin(tmp_path)
    assert str(error.value) == (
        "s.h5.partial holds a run that was stopped: 3 of 7 sequences are done\n"
        "  try: --resume to go on with it, or --force to begin anew"
    )
    how = {"resume": False, "force": True}
    assert Shards.stopped(tmp_path, Path("s.h5"), RECORD.identity, **how) is None
    anew = Shards.begin(tmp_path, RECORD)
    assert anew.missing() == [(0, 7)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"format": "fastism run", "version": 0}', "written by another version of fastism"),
    ],
)
def test_a_record_that_cannot_be_read(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError) as error:
        begin(tmp_path, resume=True)
    assert str(error.value) == (
        f"{tmp_path / 'run.json'} cannot be read\n"
        f"  why: {why}\n"
        "  try: --force without --resume, to begin anew"
    )


def test_a_full_disk_is_said_and_leaves_the_shards_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = begin(tmp_path)
    shards.write(0, HEADER, rows(0, 3))

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fastism.io.kept.settle", full)
    with pytest.raises(InputError) as error:
        shards.write(3, HEADER, rows(3, 6))
    assert str(error.value) == (
        f"the disk is full: no room for {tmp_path}\n"
        "  try: make room, then the same command; of a run, with --resume"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000000.h5", "run.json"]


def test_what_is_stopped_is_kept_and_said_unless_nothing_is_done(tmp_path: Path) -> None:
    said: list[str] = []
    shards = begin(tmp_path)
    with pytest.raises(KeyboardInterrupt), shards.kept_if_stopped(said.append):
        raise KeyboardInterrupt
    assert (said, list(tmp_path.iterdir())) == ([], [])
    shards = begin(tmp_path)
    shards.write(0, HEADER, rows(0, 3))
    with pytest.raises(KeyboardInterrupt), shards.kept_if_stopped(said.append):
        raise KeyboardInterrupt
    assert said == ["3 of 7 sequences are done, and kept: the same command with --resume goes on"]
    assert (tmp_path / "0000000.h5").exists()


def test_one_run_at_a_time_writes_an_output(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    code = (
        "import pathlib, sys; from fastism.io.partial import claimed\n"
        "with claimed(pathlib.Path(sys.argv[1])): pass"
    )
    with claimed(path) as folder:
        assert folder == partial_path(path) == tmp_path / "s.h5.partial"
        holder = json.loads((folder / "holder.json").read_text())
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"another run is writing {path}" in done.stderr
        assert f"process {holder['process']} on {holder['machine']} holds {folder}" in done.stderr
        assert (folder / "holder.json").exists()
    assert not list(tmp_path.iterdir())
    with claimed(path) as folder:
        (folder / "run.json").touch()
    assert [entry.name for entry in folder.iterdir() if entry.name != "lock"] == ["run.json"]
    with claimed(path) as folder:
        (folder / "run.json").unlink()
    assert not list(tmp_path.iterdir())


def test_another_run_in_this_process_is_kept_out_too(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    with claimed(path) as folder:
        holder = json.loads((folder / "holder.json").read_text())
        assert holder == {"process": os.getpid(), "machine": socket.gethostname()}
        with pytest.raises(InputError) as caught, claimed(path):
            pass
        assert caught.value.what == f"another run is writing {path}"
        held = f"process {holder['process']} on {holder['machine']} holds {folder}"
        assert caught.value.why == held
        for unreadable in ("{", '{"process": 1}'):
            (folder / "holder.json").write_text(unreadable)
            with pytest.raises(InputError) as caught, claimed(path):
                pass
            assert caught.value.why == f"{folder} is held"


def test_what_is_left_of_a_run_that_was_over_is_cleared_away(tmp_path: Path) -> None:
    """Its outputs had their names: only folders are still to go, of all that it wrote."""
    outputs = [tmp_path / "s.h5", tmp_path / "s.bw"]
    folders = [partial_path(output) for output in outputs]
    for folder in folders:
        folder.mkdir()
    shards = begin(folders[0])
    (folders[1] / "new").mkdir()
    (folders[1] / "new" / "s.bw").touch()
    assert not Shards.renaming(outputs[0])
    Shards.clear_ended(outputs)
    assert all(folder.exists() for folder in folders)
    shards.begun.touch()
    assert Shards.renaming(outputs[0])
    assert not Shards.renaming(outputs[1])
    shards.clear()
    assert not Shards.renaming(outputs[0])
    assert [entry.name for entry in folders[0].iterdir()] == ["ended"]
    Shards.clear_ended(outputs)
    assert not list(tmp_path.iterdir())


def test_bytes_of_the_parts_that_are_kept(tmp_path: Path) -> None:
    assert disk_taken(tmp_path / "none") == 0
    for name, size in {"0000000.h5": 7, "0000003.h5": 5, "run.json": 100}.items():
        (tmp_path / name).write_bytes(bytes(size))
    assert disk_taken(tmp_path) == 12


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 9])
def test_blocks_are_cut_and_joined_in_order(count: int) -> None:
    blocks = list(even([rows(0, 3), rows(3, 4), rows(4, 7)], count))
    assert [len(block) for block in blocks[:-1]] == [count] * (len(blocks) - 1)
    assert 1 <= len(blocks[-1]) <= count
    whole = joined(blocks)
    assert whole.names == rows(0, 7).names
    np.testing.assert_array_equal(whole.scores["head"][0], rows(0, 7).scores["head"][0])
    np.testing.assert_array_equal(whole.scores["head"][1], rows(0, 7).scores["head"][1])
