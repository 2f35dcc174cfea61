"""Scores out: whole or not at all, and back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.scores import ScoresWriter, read_scores

SITES = [(start, 1) for start in range(3, 8)]
random = np.random.default_rng(0)
REFERENCE = random.normal(size=(6, 2)).astype(np.float32)
ALTERNATE = random.normal(size=(6, 5, 4, 2)).astype(np.float32)
SEQUENCES = np.eye(4, dtype=np.float32)[random.integers(4, size=(6, 10))]
NAMES = ["chr1:1-10", "s\u00e9q", "a", "a", "b", "c"]


def writer(path: Path, **options: Any) -> ScoresWriter:
    return ScoresWriter(
        path,
        outputs={"head": (2,), "total": ()},
        sites=SITES,
        alternatives=np.eye(4)[:, None],
        length=10,
        alphabet="ACGT",
        model=("basset.h5", "abc"),
        arguments={"sequences": "x.fa"},
        **options,
    )


def append(file: ScoresWriter, start: int, stop: int) -> None:
    part = slice(start, stop)
    reference, alternate = REFERENCE[part], ALTERNATE[part]
    scores = {
        "head": (reference, alternate),
        "total": (reference.sum(-1), alternate.sum(-1)),
    }
    file.append(NAMES[part], SEQUENCES[part], scores)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_round_trip_in_batches(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "scores.h5"
    with writer(path, compression=compression) as file:
        append(file, 0, 4)
        append(file, 4, 6)
        assert not path.exists()
    scores = read_scores(path)
    assert scores.names == NAMES
    np.testing.assert_array_equal(scores.sequences, SEQUENCES)
    np.testing.assert_array_equal(scores.sites, SITES)
    np.testing.assert_array_equal(scores.alternatives, np.eye(4)[:, None])
    np.testing.assert_array_equal(scores.reference["head"], REFERENCE)
    np.testing.assert_array_equal(scores.alternate["head"], ALTERNATE)
    np.testing.assert_array_equal(scores.alternate["total"], ALTERNATE.sum(-1))
    np.testing.assert_array_equal(scores.delta("head"), ALTERNATE - REFERENCE[:, None, None])
    assert scores.sequences.dtype == np.int8
    assert scores.alternate["head"].dtype == np.float32
    with h5py.File(path) as file:
        assert file["head/alternate"].chunks == (1, 5, 4, 2)
        assert file["head/alternate"].compression == compression


def test_what_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    with writer(path) as file:
        append(file, 0, 1)
    attributes = read_scores(path).attributes
    assert (attributes["model"], attributes["model_sha256"]) == ("basset.h5", "abc")
    assert (attributes["alphabet"], attributes["plan_format"]) == ("ACGT", 2)
    assert "delta = alternate - reference" in attributes["convention"]
    assert {"fastism_version", "tensorflow_version"} <= attributes.keys()
    beside = json.loads((tmp_path / "scores.h5.args.json").read_text())
    assert beside["arguments"] == {"sequences": "x.fa"} == json.loads(attributes["arguments"])
    assert beside["versions"]["fastism"] == attributes["fastism_version"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_after_an_error(tmp_path: Path, error: type[BaseException]) -> None:
    def interrupted() -> None:
        with writer(tmp_path / "scores.h5") as file:
            append(file, 0, 4)
            raise error

    with pytest.raises(error):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_the_file_that_was_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    with writer(path) as file:
        append(file, 0, 2)
    with pytest.raises(RuntimeError), writer(path, force=True):
        raise RuntimeError
    assert read_scores(path).names == NAMES[:2]
    with writer(path, force=True) as file:
        append(file, 0, 3)
    assert read_scores(path).names == NAMES[:3]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["scores.h5", "scores.h5.args.json"]


def test_an_existing_target_needs_force(tmp_path: Path) -> None:
    (tmp_path / "scores.h5").touch()
    with pytest.raises(InputError, match="exists already"):
        writer(tmp_path / "scores.h5")
    with pytest.raises(InputError, match=r"why: there is no folder .*\n  try: mkdir -p"):
        writer(tmp_path / "missing" / "scores.h5")
    with pytest.raises(InputError, match="is a folder"):
        writer(tmp_path, force=True)


def test_a_large_sequence_is_split_over_its_sites(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    file = ScoresWriter(
        path,
        outputs={"profile": (3000, 3)},
        sites=[(start, 1) for start in range(500)],
        alternatives=np.eye(4)[:, None],
        length=500,
        alphabet="ACGT",
        model=("m", ""),
        arguments={},
    )
    with file:
        pass
    with h5py.File(path) as stored:
        chunks = stored["profile/alternate"].chunks
    assert chunks[2:] == (4, 3000, 3)
    assert 4 * np.prod(chunks) <= 1 << 22


def test_files_that_are_not_scores(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no scores file"):
        read_scores(tmp_path / "missing.h5")
    text = tmp_path / "text.h5"
    text.write_text("hello")
    with pytest.raises(InputError, match="is not a scores file"):
        read_scores(text)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match="is not a scores file"):
        read_scores(tmp_path / "other.h5")
