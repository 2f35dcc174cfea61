"""``--sites``, ``--width`` and ``--alternatives``, from the command line to the scores file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastism
from fastism import data
from fastism.cli import main
from fastism.cli.edits import Written, parse_alternatives, parse_channels, parse_sites
from fastism.errors import InputError
from fastism.io.fasta import read_fasta
from fastism.io.scores import ScoresFile, read_scores

MODEL, LENGTH, WIDTH = data.path("demo.h5"), 200, 8
STARTS = [90, 98, 106]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model compiled for three tiles, to write zeros."""
    path = tmp_path_factory.mktemp("compiled") / "plan"
    line = ["compile", str(MODEL), "-o", str(path), "--tune", "off"]
    line += ["--sites", "90:114:8", "--width", str(WIDTH), "--alternatives", "zeros"]
    assert main(["--quiet", *line]) == 0
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder but for three records."""
    monkeypatch.chdir(tmp_path)
    records = [
        record.sequence for record, _ in zip(read_fasta(data.path("demo.fa")), "abc", strict=False)
    ]
    (tmp_path / "x.fa").write_text("".join(f">{i}\n{text}\n" for i, text in enumerate(records)))
    return tmp_path


def scored(plan: Path, *options: str) -> ScoresFile:
    """The scores of the three records, held against the model's own."""
    line = ["--quiet", "run", str(plan), "-s", "x.fa", "-o", "s.h5", "--force", *options]
    assert main(line) == 0
    scores = read_scores("s.h5")
    np.testing.assert_array_equal(scores.sites, [(start, WIDTH) for start in STARTS])
    rows = scores.alternatives
    rows = np.broadcast_to(rows, (3, len(STARTS), *rows.shape[-3:]))
    mutants = np.empty((*rows.shape[:3], LENGTH, 4), np.float32)
    mutants[:] = scores.sequences[:, None, None]
    for index, start in enumerate(STARTS):
        mutants[:, index, :, start : start + WIDTH] = rows[:, index]
    from fastism.frontends.keras.files.load import load_model

    (found,) = scores.alternate.values()
    expected = load_model(MODEL)(mutants.reshape(-1, LENGTH, 4)).numpy().reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    return scores


def test_what_the_plan_was_compiled_to_write(plan: Path) -> None:
    np.testing.assert_array_equal(scored(plan).alternatives, np.zeros((1, WIDTH, 4)))


@pytest.mark.parametrize("name", ["uniform", "letters"])
def test_by_name(plan: Path, name: str) -> None:
    assert len(scored(plan, "--alternatives", name).alternatives) == {"uniform": 1}.get(name, 4)


def test_words(plan: Path) -> None:
    rows = scored(plan, "--alternatives", "GGGGCCCC,tataaaaa").alternatives
    np.testing.assert_array_equal(rows.argmax(-1), [[2] * 4 + [1] * 4, [3, 0, 3, 0, 0, 0, 0, 0]])


def test_shuffles_of_every_sequence(plan: Path) -> None:
    scores = scored(plan, "--alternatives", "shuffle:3:7", "-bs", "2")
    assert scores.alternatives.shape == (3, 3, 3, WIDTH, 4)
    assert scores.alternatives.dtype == np.int8
    held = np.stack([scores.sequences[:, s : s + WIDTH] for s in STARTS], axis=1)
    np.testing.assert_array_equal(scores.alternatives.sum(3), held.sum(2)[:, :, None].repeat(3, 2))
    one_by_one = scored(plan, "--alternatives", "shuffle:3:7", "-bs", "1")
    np.testing.assert_array_equal(one_by_one.alternatives, scores.alternatives)
    other = scored(plan, "--alternatives", "shuffle:3")
    assert not np.array_equal(other.alternatives, scores.alternatives)


@pytest.mark.parametrize("shape", [(), (3,), (1, 3), (3, 3)])
def test_rows_from_a_file(plan: Path, shape: tuple[int, ...]) -> None:
    rows = np.random.default_rng(0).normal(size=(*shape, 2, WIDTH, 4)).astype(np.float32)
    np.save("rows.npy", rows)
    found = scored(plan, "--alternatives", "rows.npy", "-bs", "2").alternatives
    stored = rows[:, None] if rows.ndim == 4 else rows
    np.testing.assert_array_equal(found, np.broadcast_to(stored, found.shape))


def test_sites_from_a_bed_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sites.bed").write_text("input 20 24\ninput 23 25\ninput 3 5\n")
    assert parse_sites("sites.bed", 1) == [20, 21, 22, 23, 24, 3, 4]
    assert parse_sites("sites.bed", 2) == [20, 21, 22, 23, 3]
    line = ["--quiet", "compile", str(MODEL), "-o", "p", "--sites", "sites.bed", "--no-check"]
    assert main([*line, "--tune", "off"]) == 0
    from fastism import api

    assert api.load("p").module.sites.starts == (20, 21, 22, 23, 24, 3, 4)
    assert main([*line, "--width", "3", "--alternatives", "zeros", "--force"]) == 2
    assert "[23, 25) in sites.bed is narrower than --width 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("every:5", slice(None, None, 5)),
        ("4:9", slice(4, 9)),
        (":9", slice(None, 9)),
        ("4:", slice(4, None)),
        ("4:9:2", slice(4, 9, 2)),
        (None, None),
        ("-20:", slice(-20, None, None)),
        ("3:-2", slice(3, -2, None)),
        ("7", [7]),
        ("7,3,40", [7, 3, 40]),
    ],
)
def test_regions(text: str | None, sites: slice | list[int] | None) -> None:
    assert parse_sites(text, 1) == sites


@pytest.mark.parametrize(
    ("text", "letters"),
    [("0:4", slice(0, 4)), (":4", slice(None, 4)), ("0,1,5", [0, 1, 5]), (None, None)],
)
def test_letters(text: str | None, letters: slice | list[int] | None) -> None:
    assert parse_channels(text) == letters


@pytest.mark.parametrize("text", ["ACGT", "0:4:2", "-4:", "0:x", ""])
def test_text_that_names_no_channels(text: str) -> None:
    with pytest.raises(InputError, match="names no channels"):
        parse_channels(text)


def test_letters_are_kept_in_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--quiet", "compile", str(MODEL), "-o", "plan", "--tune", "off", "--sites", "0:2"]
    assert main([*line, "--letters", "0:3"]) == 0
    plan = fastism.load("plan")
    assert (plan.letters, plan.alternatives.shape) == ((0, 1, 2), (3, 1, 4))
    assert main([*line, "--letters", "0:9", "--force"]) == 0
    assert main([*line, "--letters", "7,8", "--force"]) == 2
    assert "channels of the sequence" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["every:", "every:0", "-4:-9", "7,", "9:9", "a:b", "chr1:3-5"])
def test_text_that_names_no_sites(text: str) -> None:
    with pytest.raises(InputError, match="names no positions"):
        parse_sites(text, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "cannot be read"),
        ("TATA,", "cannot be read"),
        ("missing.npy", "there is no file of rows"),
        ("text.npy", "not a .npy file of numbers"),
        ("names.npy", "not a .npy file of numbers"),
        ("archive.npy", "not a .npy file of numbers"),
        ("TATJ", "is not a letter of ACGT"),
        ("TA,TAT", "not of one length"),
        ("TAR", "R stands for more than one letter"),
        ("shuffle:0", "writes nothing"),
        ("shuffle", "is not a letter"),
    ],
)
def test_text_that_names_no_alternatives(folder: Path, text: str, message: str) -> None:
    (folder / "text.npy").write_text("not numpy")
    np.save("names.npy", np.array(["a"]))
    with open("archive.npy", "wb") as file:
        np.savez(file, np.eye(4))
    with pytest.raises(InputError, match=message):
        Written.parse(text, "ACGT")
    if text.startswith("shuffle"):
        with pytest.raises(InputError):
            parse_alternatives(text, "ACGT")


@pytest.mark.parametrize(
    ("alternatives", "message"),
    [
        ("TATA", r"the alternatives have the shape (1, 4, 4)"),
        ("rows.npy", "here are 3 sequences and 3 sites"),
    ],
)
def test_alternatives_that_do_not_fit(
    plan: Path, alternatives: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("rows.npy", np.zeros((2, 1, WIDTH, 4)))
    line = ["--quiet", "run", str(plan), "-s", "x.fa", "-o", "s.h5", "--alternatives", alternatives]
    assert main(line) == 2
    assert message in capsys.readouterr().err
    assert not Path("s.h5").exists()


def test_wide_sites_need_alternatives(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(MODEL), "-o", "p", "--width", "5"]) == 2
    err = capsys.readouterr().err
    assert "--width 5 leaves open what is written at a site\n  try: --alternatives zeros" in err
