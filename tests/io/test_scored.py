"""One sequence of a run, in words: what it holds, what was written, who computed it."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.computed import ATTRIBUTE, computed, machines_of, this_machine
from fastism.io.genomics import load_pysam
from fastism.io.header import Header
from fastism.io.room import check_room, in_words
from fastism.io.scored import ScoredSequence, spelled
from fastism.io.versions import _installed, fastism_version, versions

EYE = np.eye(4)
ROWS = np.array([EYE[0], EYE[1], [0.5, 0.5, 0, 0], [1, 1, 0, 0], [1, -1, 0, 1], EYE[3], [0] * 4])


def scored(alternatives: Any, starts: Any = (0, 1, 5), width: int = 1) -> ScoredSequence:
    nothing = np.zeros(0)
    return ScoredSequence(
        "s", "ACGT", ROWS, np.array(starts), width, np.array(alternatives), "y", nothing, nothing
    )


def test_letters_and_what_is_none() -> None:
    assert list(spelled(ROWS, "ACGT")) == ["A", "C", ".", ".", ".", "T", "."]
    assert scored(EYE[:, None]).text == "AC...T."


def test_what_alternatives_are_called() -> None:
    odd = [[[0, 0.5, 0.5, 0]], [[0, 0, 0, 0]], [[0.25] * 4], [[0, 0, 1, 0]]]
    assert scored(odd).labels == ("1", "zeros", "uniform", "G")
    words = [[EYE[0], EYE[3]], [EYE[2], EYE[2]], [EYE[2], [0] * 4]]
    assert scored(words, width=2).labels == ("AT", "GG", "3")
    assert scored(np.zeros((3, 5, 1, 4))).labels == ("1", "2", "3", "4", "5")


def test_what_a_site_holds_already() -> None:
    assert np.argwhere(scored(EYE[:, None]).held).tolist() == [[0, 0], [1, 1], [2, 3]]
    words = [[EYE[0], EYE[1]], [EYE[1], EYE[1]]]
    assert scored(words, starts=(0, 1), width=2).held.tolist() == [[True, False], [False, False]]
    own = np.array([[[EYE[0]]], [[EYE[0]]], [[EYE[3]]]])
    assert scored(own).held.tolist() == [[True], [False], [True]]


def header(**attributes: str) -> Header:
    return Header(
        outputs={"y": (1,)},
        sites=np.array([(0, 1)]),
        alternatives=EYE[:, None],
        length=7,
        channels=4,
        alphabet="ACGT",
        attributes=attributes,
    )


def test_machines_are_counted_together() -> None:
    made = computed(header(model="m"), [("b, one", 3), ("a, two", 1), ("b, one", 4)])
    assert made.attributes[ATTRIBUTE] == json.dumps({"a, two": 1, "b, one": 7})
    assert made.attributes["model"] == "m"
    assert machines_of(made) == [("a, two", 1), ("b, one", 7)]
    assert machines_of(header()) == []
    name, _, processor = this_machine().partition(", ")
    assert name
    assert ":" not in processor


def test_pysam_says_nothing_by_itself_and_is_asked_for_by_name(monkeypatch: Any) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("fastism.io.genomics.require_extra", lambda *given: asked.append(given))
    assert load_pysam("reading variants").get_verbosity() == 0
    assert asked == [("genomics", "reading variants", "pysam")]


def test_a_version_is_that_of_the_first_name_installed() -> None:
    assert _installed(("no-such-name", "numpy", "no-other")) == np.__version__
    assert _installed(("no-such-name",)) == "not installed"
    assert fastism_version() == versions()["fastism"]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (3_449_000, "3.4 MB"),
        (999_900_000, "999.9 MB"),
        (12_000_000_000, "12.0 GB"),
        (1_234_000_000_000_000, "1,234.0 TB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words


def test_files_of_one_disk_are_counted_together(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2_500_000))
    one, two = tmp_path / "a.h5", tmp_path / "b.tsv"
    check_room([(one, 2_500_000)])
    check_room([(one, 1_000_000), (two, 1_500_000)])
    with pytest.raises(InputError) as caught:
        check_room([(one, 1_000_000), (two, 1_500_001), (one, 0)])
    assert caught.value.what == f"there is no room for {one}, {two}"
    assert caught.value.why == f"2.5 MB are written, and 2.5 MB are free in {tmp_path}"


def test_each_disk_has_room_of_its_own(tmp_path: Any, monkeypatch: Any) -> None:
    stat = os.stat
    (tmp_path / "other").mkdir()

    def disk(path: Any, **how: Any) -> Any:
        return SimpleNamespace(st_dev=2) if "other" in str(path) else stat(path, **how)

    monkeypatch.setattr("fastism.io.room.os.stat", disk)
    free = {"other": 1_000_000, tmp_path.name: 2_000_000}
    monkeypatch.setattr("shutil.disk_usage", lambda at: SimpleNamespace(free=free[at.name]))
    one, two = tmp_path / "a.h5", tmp_path / "other" / "b.h5"
    check_room([(one, 2_000_000), (two, 1_000_000)])
    with pytest.raises(InputError, match=f"no room for {two}\n"):
        check_room([(one, 1_000_000), (two, 1_000_001)])
