"""Files as a whole: how large they will be, how they are packed, what they say of themselves."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.header import CONVENTION, facts
from fastism.io.rows import Rows
from fastism.io.writers.arrays import NpzWriter
from fastism.io.writers.base import Options
from fastism.io.writers.beside import arguments_text
from fastism.io.writers.h5 import refuse_choice
from fastism.io.writers.publish import Target, are_whole, claims, publish, write_files
from fastism.io.writers.registry import FORMATS
from tests.io.needs import ZARR
from tests.io.writers.small import HEADER, ONE, ROWS, write


@pytest.mark.parametrize(
    ("format", "options", "size"),
    [
        # ten sequences, three positions, four bases: int8 beside float32, or float16
        ("modisco", ONE, 10 * 3 * 4 * (1 + 4)),
        ("chrombpnet", ONE, 10 * 3 * 4 * (1 + 2 + 2)),
        ("bpnet", ONE, 10 * 3 * 4 * (1 + 2)),
        ("basenji", ONE, 10 * 3 * 4 * (1 + 2)),
        ("basenji", Options(), 10 * 3 * 4 * (1 + 2 * 2)),
        ("bigwig", ONE, 10 * 5 * 8),
        # a reference and twelve alternates of two float32 each, an int8 of each base, and a name
        ("h5", Options(), 10 * (13 * 2 * 4 + 5 * 4 + 64)),
        ("zarr", Options(), 10 * (13 * 2 * 4 + 5 * 4 + 64)),
        ("tsv", Options(), 10 * 3 * 4 * (40 + 12 * 2)),
        ("tsv", ONE, 10 * 3 * 4 * (40 + 12)),
    ],
)
def test_about_how_many_bytes(format: str, options: Options, size: int) -> None:
    assert FORMATS[format].size(HEADER, options, 10) == size


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("format", ["basenji", "bpnet", "chrombpnet"])
def test_datasets_are_packed_where_asked(
    tmp_path: Path, format: str, compression: str | None
) -> None:
    with h5py.File(write(tmp_path, format, replace(ONE, compression=compression))) as file:
        found: list[str | None] = []
        file.visititems(
            lambda name, item: (
                found.append(item.compression)
                if isinstance(item, h5py.Dataset) and item.ndim > 1
                else None
            )
        )
    assert len(found) == (3 if format == "chrombpnet" else 2)
    assert set(found) == {compression}


def test_equal_arrays_make_equal_files(tmp_path: Path) -> None:
    one, two = (write(tmp_path, "modisco", name=name) for name in ("one", "two"))
    assert (one / "shap.npz").read_bytes() == (two / "shap.npz").read_bytes()
    packed = write(tmp_path, "modisco", replace(ONE, compression="gzip"), name="packed")
    with np.load(packed / "ohe.npz") as file:
        assert file.zip.infolist()[0].compress_type == 8
        assert file.zip.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("format", ["h5", "tsv", "bpnet"])
def test_a_file_is_replaced_by_force_alone(tmp_path: Path, format: str) -> None:
    path = tmp_path / "x.h5"
    FORMATS[format].check_path(path, force=False)
    path.write_text("")
    FORMATS[format].check_path(path, force=True)
    with pytest.raises(InputError, match=r"x\.h5 exists already"):
        FORMATS[format].check_path(path, force=False)


def test_a_file_that_is_dropped_is_closed(tmp_path: Path) -> None:
    writer = NpzWriter(tmp_path / "x.npz", (1, 2), np.int8)
    file, entry = writer._zip, writer._file
    del writer
    gc.collect()
    assert entry.closed
    assert file.fp is None


def test_what_was_read_is_recorded_by_hash() -> None:
    header = replace(
        HEADER, attributes={"arguments": '{"a": 1}', "plan_sha256": "ab", "model": "m.h5"}
    )
    assert '"arguments": {\n    "a": 1\n  }' in arguments_text(header)
    assert '"read": {\n    "plan_sha256": "ab"\n  }' in arguments_text(header)
    assert arguments_text(header).endswith("}\n")
    assert '"arguments": {},' in arguments_text(replace(HEADER, attributes={}))


def test_a_run_of_no_sequences_is_a_file_of_none(tmp_path: Path) -> None:
    rows = ROWS.part(0, 0)
    target = Target(tmp_path / "x.h5", FORMATS["bpnet"], replace(ONE, compression="gzip"))
    write_files([target], HEADER, [rows], 0)
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["hyp_scores"].shape == (0, 3, 4)


def test_blocks_follow_each_other_in_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = h5py.File(write(tmp_path, "bpnet", name="whole.h5"))["hyp_scores"][:]
    monkeypatch.setattr("fastism.io.writers.publish.rows_a_block", lambda header: 1)
    with h5py.File(write(tmp_path, "bpnet", name="apart.h5")) as file:
        np.testing.assert_array_equal(file["hyp_scores"][:], whole)


def test_rows_of_each_sequence_that_are_the_same_at_every_site(tmp_path: Path) -> None:
    """A table has them at all of its sites."""
    own = np.eye(4, dtype=np.int8)[None, None, :, None].repeat(4, axis=0)  # (N, 1, A, width, C)
    options = replace(ONE, score="delta")
    path = write(tmp_path, "tsv", options, rows=replace(ROWS, alternatives=own))
    same = write(tmp_path, "tsv", options, name="same.tsv")
    assert path.read_text().splitlines()[1:] == same.read_text().splitlines()[1:]


def test_what_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    target = Target(tmp_path / "x.h5", FORMATS["bpnet"], ONE)
    used = target.format.regions_path(target.path)
    assert used in target.files()
    assert used not in target.files(False)
    write_files([target], HEADER, [ROWS], len(ROWS))
    with pytest.raises(InputError, match="exists already"):
        write_files([target], HEADER, [ROWS], len(ROWS))
    write_files([target], HEADER, [ROWS], len(ROWS), force=True)


def test_that_names_begin_to_change_is_noted(tmp_path: Path) -> None:
    """Once all is written, and not before."""
    target, begun = Target(tmp_path / "x.h5", FORMATS["bpnet"], ONE), tmp_path / "begun"

    def blocks() -> Iterator[Rows]:
        assert not begun.exists()
        yield ROWS

    with claims([target.path]) as folders:
        publish([target], folders, HEADER, blocks(), len(ROWS), force=False, begun=begun)
    assert begun.exists()


def test_options_that_choose_are_named() -> None:
    for option, given in {
        "--score": {"score": "delta"},
        "--output-name": {"output": "head"},
        "--target": {"targets": ((0,),)},
    }.items():
        with pytest.raises(InputError, match=f"^{option} says nothing of a file"):
            refuse_choice("a file", Options(**given))
    refuse_choice("a file", Options(score="raw"))


def test_the_head_of_a_file_says_what_its_scores_are() -> None:
    assert HEADER.attributes["convention"] == CONVENTION


def test_whether_all_files_are_there_by_the_same_arguments(tmp_path: Path) -> None:
    """Every file of every target, the arguments and the regions too; and asked for the same."""
    targets = [
        Target(tmp_path / "x.modisco", FORMATS["modisco"], ONE),
        Target(tmp_path / "x.h5", FORMATS["bpnet"], ONE),
    ]
    assert not are_whole(targets, HEADER)
    write_files(targets, HEADER, [ROWS], len(ROWS))
    assert are_whole(targets, HEADER)
    other = replace(HEADER, attributes=facts(("basset.h5", "abc"), {"sequences": "y.fa"}))
    assert not are_whole(targets, other)
    files = [path for target in targets for path in target.files()]
    assert len(files) == 4 + 3
    for path in files:
        kept = path.read_bytes()
        path.unlink()
        assert not are_whole(targets, HEADER), path
        path.write_bytes(kept)
    targets[1].files()[-1].unlink()
    assert not are_whole(targets, HEADER)
    assert are_whole(targets, replace(HEADER, regions=False))


def test_every_file_of_bases_says_their_order(tmp_path: Path) -> None:
    rna = replace(HEADER, alphabet="ACGU")
    for format in ("basenji", "bpnet", "chrombpnet"):
        with h5py.File(write(tmp_path, format, name=format, header=rna)) as file:
            assert file.attrs["alphabet"] == "ACGT"
            assert file.attrs["score_of"] == "head.1"
    with h5py.File(write(tmp_path, "bpnet")) as file:
        assert file["coords_start"].dtype == np.int64


@pytest.mark.parametrize("format", ["h5", pytest.param("zarr", marks=ZARR)])
def test_predictions_are_kept_whatever_the_score_is_called(format: str) -> None:
    FORMATS[format].check(HEADER, Options(score="raw"))
    for options in (Options(score="delta"), Options(output="head"), Options(targets=((0,),))):
        with pytest.raises(InputError, match="says nothing of"):
            FORMATS[format].check(HEADER, options)


@ZARR
def test_a_zarr_store_of_letters_beside_tracks_and_rows_of_their_own(tmp_path: Path) -> None:
    import zarr

    own = np.broadcast_to(np.eye(4, dtype=np.int8)[:, None], (4, 3, 4, 1, 4))
    header = replace(HEADER, letters=(0, 1, 2), alternatives=own[:0])
    path = write(
        tmp_path,
        "zarr",
        Options(),
        name="x.zarr",
        header=header,
        rows=replace(ROWS, alternatives=own),
    )
    found = zarr.open_group(str(path), mode="r")
    assert found.attrs["letters"] == [0, 1, 2]
    assert found["alternatives"].dtype == np.int8
    assert found["alternatives"][:].tolist() == own.tolist()
    assert found["head/alternate"].dtype == np.float32
    assert found["sequences"].dtype == np.int8
    assert found["regions/start"].dtype == np.int64
    assert found["regions/start"][:].tolist() == [10, 3, 12, 40]


def test_a_folder_of_files_is_replaced_by_force_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "modisco")
    FORMATS["modisco"].check_path(path, force=True)
    with pytest.raises(InputError, match=r"out.*\.npz exists already"):
        FORMATS["modisco"].check_path(path, force=False)
