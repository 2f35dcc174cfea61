"""A scores file read a sequence at a time: which one is meant, and what it holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io import one_of
from fastism.io.header import Header
from fastism.io.one_of import output_name, scored_sequence, sequence_index
from fastism.io.rows import Rows
from fastism.io.scores import ScoresReader, ScoresWriter


def write(path: Path, names: list[str], own: bool = False, alphabet: str = "ACGT") -> None:
    """Sequences of three bases with two outputs; the numbers count up."""
    n, rows = len(names), np.eye(4, dtype=np.float32)[:, None]
    shapes = {"counts": (1,), "profile": (2, 5)}
    header = Header(
        outputs=shapes,
        sites=np.array([(start, 1) for start in range(3)]),
        alternatives=np.zeros((0, 3, 4, 1, 4), np.float32) if own else rows,
        length=3,
        channels=4,
        alphabet=alphabet,
        attributes={"alphabet": alphabet, "model": "m.h5"},
    )

    def counted(shape: tuple[int, ...]) -> np.ndarray:
        return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)

    scores = {name: (counted((n, *o)), counted((n, 3, 4, *o))) for name, o in shapes.items()}
    sequences = np.tile(np.eye(4)[[0, 2, 3]], (n, 1, 1))
    written = np.broadcast_to(rows, (n, 3, 4, 1, 4)) if own else None
    writer = ScoresWriter(path, header)
    writer.append(Rows(names, sequences, scores, written))
    writer.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ScoresReader]:
    write(tmp_path / "s.h5", ["one", "two", "two"])
    with ScoresReader(tmp_path / "s.h5") as opened:
        yield opened


@pytest.mark.parametrize("own", [False, True])
def test_one_sequence(tmp_path: Path, own: bool) -> None:
    write(tmp_path / "s.h5", ["one", "two"], own)
    with ScoresReader(tmp_path / "s.h5") as opened:
        assert len(opened) == 2
        scored = scored_sequence(opened, 1, "profile")
    assert (scored.name, scored.text, scored.output) == ("two", "AGT", "profile")
    np.testing.assert_array_equal(scored.reference, np.arange(10, 20).reshape(2, 5))
    assert scored.alternate[2, 3, 1, 4] == 239
    np.testing.assert_array_equal(scored.held, np.eye(4, dtype=bool)[[0, 2, 3]])


def test_letters_beside_tracks_are_shown_alone(tmp_path: Path) -> None:
    rows = np.eye(5, dtype=np.float32)[[1, 2, 4], None]
    header = Header(
        outputs={"y": (1,)},
        sites=np.array([(0, 1), (1, 1)]),
        alternatives=rows,
        length=2,
        channels=5,
        alphabet=".AC.T",
        letters=(1, 2, 4),
    )
    writer = ScoresWriter(tmp_path / "s.h5", header)
    sequences = np.array([[[7, 1, 0, 7, 0], [7, 0, 0, 7, 1]]])
    writer.append(Rows(["a"], sequences, {"y": (np.zeros((1, 1)), np.zeros((1, 2, 3, 1)))}))
    writer.close()
    with ScoresReader(tmp_path / "s.h5") as opened:
        scored = scored_sequence(opened, 0, "y")
    assert (scored.text, scored.alphabet, scored.labels) == ("AT", "ACT", ("A", "C", "T"))
    assert scored.rows.shape == (2, 3)


def test_what_is_no_scores_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.h5").write_text("no")
    with pytest.raises(InputError, match=r"s\.h5 is not a scores file"):
        ScoresReader(tmp_path / "s.h5")


@pytest.mark.parametrize(("shown", "listed"), [(3, "one, two, two"), (2, "one, two, ...")])
def test_as_many_names_as_there_is_room_for(
    file: ScoresReader, monkeypatch: pytest.MonkeyPatch, shown: int, listed: str
) -> None:
    monkeypatch.setattr(one_of, "_SHOWN", shown)
    with pytest.raises(InputError, match=rf"they are {re.escape(listed)}\n"):
        sequence_index(file, None)


def test_which_sequence(file: ScoresReader) -> None:
    assert sequence_index(file, "one") == 0
    for name, said in {
        None: "holds 3 sequences, and one is shown\n  why: they are one, two, two",
        "ones": "no sequence 'ones'\n  why: it holds one, two, two\n  try: did you mean 'one'?",
        "two": "2 sequences of .* are called 'two'\n  why: they are at 1, 2\n  try: --index 1",
    }.items():
        with pytest.raises(InputError, match=said):
            sequence_index(file, name)
    with pytest.raises(InputError, match=r"there is no sequence 3: .* holds 3"):
        scored_sequence(file, 3, "counts")


def test_which_output(file: ScoresReader) -> None:
    assert output_name(file, "counts") == "counts"
    with pytest.raises(InputError, match=r"several outputs\n  why: they are counts, profile"):
        output_name(file, None)
    with pytest.raises(InputError, match="has no output 'count'"):
        output_name(file, "count")


def test_the_only_ones_need_no_name(tmp_path: Path) -> None:
    write(tmp_path / "s.h5", ["one"])
    with h5py.File(tmp_path / "s.h5", "a") as file:
        del file["profile"]
    with ScoresReader(tmp_path / "s.h5") as opened:
        assert (sequence_index(opened, None), output_name(opened, None)) == (0, "counts")


def test_letters_must_be_known(tmp_path: Path) -> None:
    write(tmp_path / "s.h5", ["one"], alphabet="")
    said = "does not say which letters its 4 channels are"
    with ScoresReader(tmp_path / "s.h5") as opened, pytest.raises(InputError, match=said):
        scored_sequence(opened, 0, "counts")
