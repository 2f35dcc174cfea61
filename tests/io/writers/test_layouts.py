"""Files in the layouts of other tools: the datasets, their axes and types, and what they hold."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fastism.errors import FastismWarning
from fastism.io.regions import Region
from fastism.io.scores import read_scores
from fastism.io.writers.base import Options
from tests.io.needs import ZARR
from tests.io.writers.small import (
    ALTERNATE,
    HEADER,
    ONE_HOT,
    REFERENCE,
    ROWS,
    centered,
    without_regions,
    write,
)

WINDOW = slice(1, 4)


def names(file: h5py.File) -> set[str]:
    found: set[str] = set()
    file.visititems(lambda name, item: found.add(name) if isinstance(item, h5py.Dataset) else None)
    return found


def test_modisco(tmp_path: Path) -> None:
    """As ``modisco motifs`` reads them: np.load(path)["arr_0"], bases on the second axis."""
    folder = write(tmp_path, "modisco")
    assert sorted(path.name for path in folder.iterdir()) == ["ohe.npz", "shap.npz"]
    with np.load(folder / "ohe.npz") as file:
        assert file.files == ["arr_0"]
        sequences = file["arr_0"]
    with np.load(folder / "shap.npz") as file:
        scores = file["arr_0"]
    assert (sequences.shape, sequences.dtype) == ((4, 4, 3), np.int8)
    assert (scores.shape, scores.dtype) == ((4, 4, 3), np.float32)
    np.testing.assert_array_equal(sequences, ONE_HOT[:, WINDOW].transpose(0, 2, 1))
    np.testing.assert_allclose(scores, centered().transpose(0, 2, 1), rtol=1e-6)
    beside = sorted(path.name for path in tmp_path.iterdir())
    assert beside == ["out", "out.args.json", "out.regions.bed"]


def test_modisco_compressed(tmp_path: Path) -> None:
    folder = write(tmp_path, "modisco", Options(targets=((1,),), compression="gzip"))
    np.testing.assert_allclose(
        np.load(folder / "shap.npz")["arr_0"], centered().transpose(0, 2, 1), rtol=1e-6
    )


def test_chrombpnet(tmp_path: Path) -> None:
    path = write(tmp_path, "chrombpnet", name="x.counts_scores.h5")
    with h5py.File(path) as file:
        assert names(file) == {"raw/seq", "shap/seq", "projected_shap/seq"}
        raw, scores, projected = (
            file[name]["seq"][:] for name in ("raw", "shap", "projected_shap")
        )
        assert file.attrs["score"] == "hypothetical"
        assert file.attrs["score_of"] == "head.1"
        assert file.attrs["model_sha256"] == "abc"
    assert (raw.dtype, scores.dtype, projected.dtype) == (np.int8, np.float16, np.float16)
    held = ONE_HOT[:, WINDOW].transpose(0, 2, 1)
    expected = centered().transpose(0, 2, 1).astype(np.float16)
    np.testing.assert_array_equal(raw, held)
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(projected, expected * held)
    assert (tmp_path / "x.interpreted_regions.bed").read_text().splitlines()[:2] == [
        "chr1\t10\t15\ta\t0\t.\t0\t-1\t-1\t2",
        "chr2\t3\t8\tb\t0\t-\t0\t-1\t-1\t2",
    ]


def test_bpnet(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path, "bpnet")) as file:
        expected = {"input_seqs", "hyp_scores", "coords_chrom", "coords_start", "coords_end"}
        assert names(file) == expected
        assert (file["input_seqs"].dtype, file["hyp_scores"].dtype) == (np.int8, np.float16)
        np.testing.assert_array_equal(file["input_seqs"][:], ONE_HOT[:, WINDOW])
        np.testing.assert_array_equal(file["hyp_scores"][:], centered().astype(np.float16))
        assert file["coords_chrom"][:].tolist() == [b"chr1", b"chr2", b"chr1", b"chr1"]
        assert file["coords_start"][:].tolist() == [11, 4, 13, 41]
        assert file["coords_end"][:].tolist() == [14, 7, 16, 44]


def test_basenji(tmp_path: Path) -> None:
    """Every target, centered, and the mutated window's own coordinates on either strand."""
    header = replace(HEADER, sites=HEADER.sites[:2])
    rows = replace(ROWS, scores={"head": (REFERENCE, ALTERNATE[:, :2])})
    with h5py.File(write(tmp_path, "basenji", Options(), header=header, rows=rows)) as file:
        assert names(file) == {"seqs", "sum", "chr", "start", "end", "strand"}
        assert (file["seqs"].dtype, file["sum"].dtype) == (np.bool_, np.float16)
        np.testing.assert_array_equal(file["seqs"][:], ONE_HOT[:, 1:3].astype(bool))
        expected = np.stack([centered(0), centered(1)], axis=-1)[:, :2]
        np.testing.assert_array_equal(file["sum"][:], expected.astype(np.float16))
        assert file["chr"][:].tolist() == [b"chr1", b"chr2", b"chr1", b"chr1"]
        assert file["start"][:].tolist() == [11, 5, 13, 41]
        assert file["end"][:].tolist() == [13, 7, 15, 43]
        assert file["strand"][:].tolist() == [b"+", b"-", b"+", b"+"]


def test_a_sequence_of_no_genome_is_one_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "bpnet", **without_regions())
    with h5py.File(path) as file:
        assert file["coords_chrom"][:].tolist() == [b"a", b"b", b"c", b"d"]
        assert file["coords_start"][:].tolist() == [1, 1, 1, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.args.json"]


def test_another_order_of_letters_is_put_right(tmp_path: Path) -> None:
    """Files hold A, C, G and T in this order, whatever the model's."""
    order = [3, 1, 0, 2]
    alternate = ALTERNATE[:, :, order]
    rows = replace(ROWS, sequences=ONE_HOT[:, :, order], scores={"head": (REFERENCE, alternate)})
    header = replace(HEADER, alphabet="TCAG")
    with h5py.File(write(tmp_path, "bpnet", header=header, rows=rows)) as file:
        np.testing.assert_array_equal(file["input_seqs"][:], ONE_HOT[:, WINDOW])
        np.testing.assert_array_equal(file["hyp_scores"][:], centered().astype(np.float16))


def test_tracks_beside_the_letters_are_left_out(tmp_path: Path) -> None:
    sequences = np.concatenate([np.full((4, 5, 1), 7, np.int8), ONE_HOT], axis=2)
    alternatives = np.concatenate([np.zeros((4, 1, 1)), np.eye(4)[:, None]], axis=2)
    header = replace(
        HEADER, channels=5, alphabet="xACGT", letters=(1, 2, 3, 4), alternatives=alternatives
    )
    rows = replace(ROWS, sequences=sequences)
    with h5py.File(write(tmp_path, "bpnet", header=header, rows=rows)) as file:
        np.testing.assert_array_equal(file["input_seqs"][:], ONE_HOT[:, WINDOW])
    again = read_scores(write(tmp_path, "h5", Options(), name="x.h5", header=header, rows=rows))
    np.testing.assert_array_equal(again.sequences, sequences)


def test_scores_beyond_half_precision_are_said(tmp_path: Path) -> None:
    rows = replace(ROWS, scores={"head": (REFERENCE, ALTERNATE * 1e5)})
    with pytest.warns(FastismWarning, match=r"scores are beyond 65,504.*bpnet"):
        path = write(tmp_path, "bpnet", rows=rows)
    with h5py.File(path) as file:
        assert np.abs(file["hyp_scores"][:]).max() == 65504


def test_tsv(tmp_path: Path) -> None:
    """Positions from 1; the forward strand's bases; no line where nothing changes."""
    lines = (write(tmp_path, "tsv")).read_text().splitlines()
    assert lines[0] == "chr\tpos\tref\talt\tid\tdelta"
    rows = [line.split("\t") for line in lines[1:]]
    assert len(rows) == 4 * 3 * 3 + 1  # one more where N stands, of which every base differs
    first = ALTERNATE[0, 0, 0, 1] - REFERENCE[0, 1]
    assert rows[0] == ["chr1", "12", "C", "A", "a", f"{first:.9g}"]
    reverse = [row for row in rows if row[0] == "chr2"]
    # CCNGT of the reverse strand over [3, 8): its second base, C, is G at 7, counted from 1.
    value = ALTERNATE[1, 0, 0, 1] - REFERENCE[1, 1]
    assert reverse[0] == ["chr2", "7", "G", "T", "b", f"{value:.9g}"]
    assert [row[1:4] for row in reverse[3:7]] == [["6", "N", letter] for letter in "TGCA"]


def test_tsv_of_several_numbers_compressed_and_of_no_genome(tmp_path: Path) -> None:
    path = write(tmp_path, "tsv", Options(score="raw"), name="x.tsv.gz", **without_regions())
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[0] == "chr\tpos\tref\talt\tid\traw:head.0\traw:head.1"
    values = "\t".join(f"{value:.9g}" for value in ALTERNATE[0, 0, 0])
    assert lines[1] == f"a\t2\tC\tA\ta\t{values}"


def test_tsv_of_words_and_of_alternatives_by_sequence(tmp_path: Path) -> None:
    words = np.stack([np.eye(4)[[0, 1]], np.eye(4)[[3, 3]]])  # AC, TT
    wide = replace(HEADER, sites=np.asarray([(1, 2)]), alternatives=words, outputs={"y": ()})
    scores = {"y": (REFERENCE[:, 0], ALTERNATE[:, :1, :2, 0])}
    lines = write(
        tmp_path, "tsv", Options(), header=wide, rows=replace(ROWS, scores=scores)
    ).read_text()
    assert [line.split("\t")[:4] for line in lines.splitlines()[1:5]] == [
        ["chr1", "12", "CG", "AC"],
        ["chr1", "12", "CG", "TT"],
        ["chr2", "6", "NG", "GT"],
        ["chr2", "6", "NG", "AA"],
    ]
    own = np.broadcast_to(words[:, None, None], (2, 1, 1, 2, 4)).swapaxes(0, 2)
    own = np.broadcast_to(own, (4, 1, 2, 2, 4)).astype(np.int8)
    by_sequence = replace(wide, alternatives=own[:0])
    rows = replace(ROWS, scores=scores, alternatives=own)
    path = write(tmp_path, "tsv", Options(), name="own", header=by_sequence, rows=rows)
    assert path.read_text() == lines


@ZARR
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_zarr_holds_what_h5_holds(tmp_path: Path, compression: str | None) -> None:
    import zarr

    path = write(tmp_path, "zarr", Options(compression=compression), name="x.zarr")
    found = zarr.open_group(str(path), mode="r")
    with h5py.File(write(tmp_path, "h5", Options(), name="x.h5")) as file:
        for name in names(file):
            expected = file[name]
            values = expected.asstr()[:] if expected.dtype.kind == "O" else expected[:]
            np.testing.assert_array_equal(found[name][:], values)
        assert dict(found.attrs) == dict(file.attrs)


def test_letters_of_rna(tmp_path: Path) -> None:
    header = replace(HEADER, alphabet="ACGU", regions=False)
    rows = replace(ROWS, regions=None)
    with h5py.File(write(tmp_path, "bpnet", header=header, rows=rows)) as file:
        np.testing.assert_array_equal(file["input_seqs"][:], ONE_HOT[:, WINDOW])


def test_regions_of_either_strand() -> None:
    from fastism.io.writers.letters import one_matrix
    from tests.io.writers.small import ONE

    matrix = one_matrix(replace(HEADER, sites=HEADER.sites[1:]), ONE, "delta", "x")
    assert matrix.regions(ROWS)[:2] == [Region("chr1", 12, 14), Region("chr2", 4, 6, "-")]


@pytest.mark.parametrize("format", ["modisco", "chrombpnet", "bpnet"])
def test_tf_modisco_takes_what_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """``modisco motifs`` itself, up to where it has read its input."""
    from modiscolite import cli

    read: dict[str, Any] = {}

    def motifs(**arguments: Any) -> tuple[None, None]:
        read.update(arguments)
        return None, None

    monkeypatch.setattr(cli.precompile, "start", lambda: None)
    monkeypatch.setattr(cli.modiscolite.tfmodisco, "TFMoDISco", motifs)
    monkeypatch.setattr(cli.modiscolite.io, "save_hdf5", lambda *arguments: None)
    path = write(tmp_path, format)
    if format == "modisco":
        given = ["-s", str(path / "ohe.npz"), "-a", str(path / "shap.npz")]
    else:
        given = ["-i", str(path)]
    cli.motifs.main([*given, "-n", "2000", "-w", "2"], standalone_mode=False)
    np.testing.assert_array_equal(read["one_hot"], ONE_HOT[:, 1:3])
    scores = centered()[:, :2]
    np.testing.assert_allclose(read["hypothetical_contribs"], scores, rtol=1e-3, atol=1e-3)
