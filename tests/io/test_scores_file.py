"""Scores out: whole or not at all, and back the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.header import Header, facts
from fastism.io.regions import Region
from fastism.io.rows import Rows, joined
from fastism.io.scores import ScoresFile, ScoresReader, ScoresWriter, read_scores
from fastism.io.writers.base import Options
from fastism.io.writers.h5 import H5
from fastism.io.writers.publish import Target, write_files
from fastism.io.writers.zarr import Zarr
from tests.io.needs import ZARR

SITES = [(start, 1) for start in range(3, 8)]
random = np.random.default_rng(0)
REFERENCE = random.normal(size=(6, 2)).astype(np.float32)
ALTERNATE = random.normal(size=(6, 5, 4, 2)).astype(np.float32)
SEQUENCES = np.eye(4, dtype=np.float32)[random.integers(4, size=(6, 10))]
NAMES = ["chr1:1-10", "s\u00e9q", "a", "a", "b", "c"]


HEADER = Header(
    outputs={"head": (2,), "total": ()},
    sites=np.asarray(SITES),
    alternatives=np.eye(4)[:, None],
    length=10,
    channels=4,
    alphabet="ACGT",
    attributes=facts(("basset.h5", "abc"), {"sequences": "x.fa"}),
)


def write(
    path: Path, *blocks: tuple[int, int], compression: str | None = None, force: bool = False
) -> None:
    target = Target(path, H5(), Options(compression=compression))
    write_files([target], HEADER, (rows(*block) for block in blocks), 6, force=force)


def rows(start: int, stop: int) -> Rows:
    part = slice(start, stop)
    reference, alternate = REFERENCE[part], ALTERNATE[part]
    scores = {
        "head": (reference, alternate),
        "total": (reference.sum(-1), alternate.sum(-1)),
    }
    return Rows(NAMES[part], SEQUENCES[part], scores)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_round_trip_in_batches(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "scores.h5"
    write(path, (0, 4), (4, 6), compression=compression)
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


@pytest.mark.parametrize("size", [1, 4, 6, 9])
def test_sequences_are_read_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    write(tmp_path / "s.h5", (0, 6))
    monkeypatch.setattr("fastism.io.scores.rows_a_block", lambda header: size)
    with ScoresReader(tmp_path / "s.h5") as reader:
        blocks = list(reader.blocks())
    assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
    assert [name for block in blocks for name in block.names] == NAMES
    alternates = [block.scores["head"][1] for block in blocks]
    np.testing.assert_array_equal(np.concatenate(alternates), ALTERNATE)


def test_what_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    write(path, (0, 1))
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
    path = tmp_path / "scores.h5"

    def interrupted() -> Iterator[Rows]:
        yield rows(0, 4)
        assert not path.exists()
        raise error

    with pytest.raises(error):
        write_files([Target(path, H5())], HEADER, interrupted(), 6)
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_the_file_that_was_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    write(path, (0, 2))

    def broken() -> Iterator[Rows]:
        yield rows(0, 1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_files([Target(path, H5())], HEADER, broken(), 6, force=True)
    assert read_scores(path).names == NAMES[:2]
    write(path, (0, 3), force=True)
    assert read_scores(path).names == NAMES[:3]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["scores.h5", "scores.h5.args.json"]


def test_an_existing_target_needs_force(tmp_path: Path) -> None:
    (tmp_path / "scores.h5").touch()
    with pytest.raises(InputError, match="exists already"):
        write(tmp_path / "scores.h5")
    with pytest.raises(InputError, match=r"why: there is no folder .*\n  try: mkdir -p"):
        write(tmp_path / "missing" / "scores.h5")
    with pytest.raises(InputError, match="is a folder"):
        write(tmp_path, force=True)


def test_a_large_sequence_is_split_over_its_sites(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    header = Header(
        outputs={"profile": (3000, 3)},
        sites=np.asarray([(start, 1) for start in range(500)]),
        alternatives=np.eye(4)[:, None],
        length=500,
        channels=4,
        alphabet="ACGT",
    )
    ScoresWriter(path, header).close()
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


def test_regions_are_kept_and_written_beside(tmp_path: Path) -> None:
    regions = [Region("chr1", -3, 7, "-"), Region("chr2", 90, 100)]
    path = tmp_path / "scores.h5"
    header = dataclasses.replace(HEADER, regions=True)
    given = dataclasses.replace(rows(0, 2), regions=regions)
    write_files([Target(path, H5())], header, [given], 2)
    assert read_scores(path).regions == regions
    assert (tmp_path / "scores.h5.regions.bed").read_text() == (
        "chr1\t0\t7\tchr1:1-10\t0\t-\t0\t-1\t-1\t2\nchr2\t90\t100\ts\u00e9q\t0\t.\t0\t-1\t-1\t5\n"
    )


def test_a_file_is_the_same_however_its_sequences_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastism.io.scores.BLOCK_BYTES", 2 * HEADER.bytes_a_sequence)
    write(tmp_path / "a.h5", (0, 6))
    write(tmp_path / "b.h5", (0, 1), (1, 5), (5, 6))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("name", ["names", "regions", "a/b"])
def test_outputs_with_names_that_no_dataset_can_have(name: str) -> None:
    with pytest.raises(InputError, match=f"the output '{name}' cannot be a dataset's name"):
        dataclasses.replace(HEADER, outputs={name: ()})


SPREAD = {name: (abs(r), abs(a)) for name, (r, a) in rows(0, 6).scores.items()}


def write_spread(target: Target) -> None:
    """An ensemble's scores, through parts and joins."""
    header = dataclasses.replace(HEADER, deviations=True)
    assert header.bytes_a_sequence > HEADER.bytes_a_sequence
    whole = dataclasses.replace(rows(0, 6), deviations=SPREAD)
    again = joined([whole.part(0, 2), whole.part(2, 6)])
    write_files([target], header, [again.part(0, 5), again.part(5, 6)], 6)


def test_how_far_the_members_of_an_ensemble_are_apart(tmp_path: Path) -> None:
    write_spread(Target(tmp_path / "s.h5", H5(), Options()))
    stored = read_scores(tmp_path / "s.h5")
    np.testing.assert_array_equal(stored.reference_std["head"], abs(REFERENCE))
    np.testing.assert_array_equal(stored.delta_std["total"], abs(ALTERNATE.sum(-1)))
    assert not read_written(tmp_path).delta_std


@ZARR
def test_a_zarr_store_holds_how_far_they_are_apart(tmp_path: Path) -> None:
    import zarr

    write_spread(Target(tmp_path / "s.zarr", Zarr(), Options()))
    group = zarr.open_group(str(tmp_path / "s.zarr"), mode="r")
    np.testing.assert_array_equal(group["head/delta_std"][:], abs(ALTERNATE))


def read_written(folder: Path) -> ScoresFile:
    write(folder / "plain.h5", (0, 6))
    return read_scores(folder / "plain.h5")
