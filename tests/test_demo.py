"""The demo, from end to end, as a new user runs it."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism import data, demo
from fastism.cli import main
from fastism.demo import planted, strongest
from fastism.errors import InputError


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder the demo wrote, and what it printed; timed once, and not the median of three."""
    folder, out, err = tmp_path_factory.mktemp("demo"), io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(demo, "REPEATS", 1)
        patch.setattr(demo, "MODEL_BATCHES", (512,))
        assert main(["demo", "-o", str(folder)]) == 0
    return folder, out.getvalue() + err.getvalue()


def test_it_prints_speed_up_and_difference(finished: tuple[Path, str]) -> None:
    text = finished[1]
    assert re.search(r"speed-up .*: \d+\.\dx", text)
    difference = re.search(r"largest difference from the model: (\S+)", text)
    assert difference is not None
    assert float(difference[1]) < 1e-5


def test_top_bases_fall_on_planted_motifs(finished: tuple[Path, str]) -> None:
    with h5py.File(finished[0] / "scores.h5") as file:
        alternate, reference = file["bound/alternate"][()], file["bound/reference"][()]
    delta = (alternate - reference[:, None, None])[..., 0]
    for motif, top in zip(planted(data.path("demo.fa")), strongest(delta), strict=True):
        assert all(motif.start <= position < motif.stop for position in top)


def test_it_ends_with_a_picture_and_a_page(finished: tuple[Path, str]) -> None:
    folder, text = finished
    lines = text.strip().splitlines()
    assert lines[-2] == f"a picture of the first sequence: {folder / 'seq_0.png'}"
    assert lines[-1] == f"every sequence, to open in a browser: {folder / 'report.html'}"
    assert (folder / "seq_0.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "conv_1, norm_1, relu_1" in page
    assert "all 19,200 mutants, against the model" in page
    assert page.count('"name": "seq_') == 32


def test_strongest_takes_either_sign() -> None:
    delta = np.zeros((1, 6, 4))
    delta[0, 4, 1], delta[0, 2, 3], delta[0, 0, 0] = -3, 2, 1
    assert strongest(delta, 2).tolist() == [[4, 2]]


def test_planted_motifs_are_in_the_sequences() -> None:
    fasta = data.path("demo.fa")
    sequences = fasta.read_text().split("\n")[1::2]
    found = {seq[m.start : m.stop] for seq, m in zip(sequences, planted(fasta), strict=True)}
    assert found == {"CCACCAGGGGGC", "AGATAAG"}


def test_an_unknown_file_is_refused_with_the_list() -> None:
    with pytest.raises(InputError, match=r"demo\.fa, demo\.h5"):
        data.path("demo.keras")
