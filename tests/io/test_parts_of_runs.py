"""Runs in parts: where they are cut, and which files make a whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.header import Header
from fastism.io.parts import ATTRIBUTE, Part, Share, in_order

RUN = {"the plan": "abc", "--batch-size": 4}


def part(number: int, parts: int = 3) -> Part:
    share = Share(number, parts)
    return Part(share, *share.bounds(10, 4), 10, RUN)


def header(text: str | None) -> Header:
    attributes = {} if text is None else {ATTRIBUTE: text}
    return Header(
        outputs={"head": ()},
        sites=np.asarray([(0, 1)]),
        alternatives=np.eye(4)[:, None],
        length=2,
        channels=4,
        alphabet="ACGT",
        attributes=attributes,
    )


@pytest.mark.parametrize(
    ("sequences", "batch", "parts", "cuts"),
    [
        (10, 4, 3, [0, 4, 8, 10]),  # between batches
        (10, 4, 2, [0, 4, 10]),
        (10, 4, 1, [0, 10]),
        (10, 4, 4, [0, 2, 5, 7, 10]),  # more parts than batches
        (2, 4, 3, [0, 0, 1, 2]),  # more than sequences
    ],
)
def test_parts_are_cut_between_batches(
    sequences: int, batch: int, parts: int, cuts: list[int]
) -> None:
    found = [Share(number, parts).bounds(sequences, batch) for number in range(1, parts + 1)]
    assert found == list(pairwise(cuts))


def test_the_first_and_the_last_part() -> None:
    for text, share in (("1/1", Share(1, 1)), ("1/4", Share(1, 4)), ("40/40", Share(40, 40))):
        assert Share.parse(text) == share
        assert str(share) == text


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", ""])
def test_what_is_no_part_of_a_run(text: str) -> None:
    with pytest.raises(InputError) as error:
        Share.parse(text)
    assert str(error.value) == (
        f"--shard {text} is no part of a run\n"
        "  why: it must be I/N, the I-th of N parts, counted from 1\n"
        "  try: --shard 3/40"
    )


def test_what_a_file_says_it_is_reads_back() -> None:
    second = part(2)
    assert Part.of(header(second.text()), Path("b.h5"), 4) == second
    with pytest.raises(InputError, match=r"b.h5 is not whole\n.*holds 3 of the 4 sequences of --s"):
        Part.of(header(second.text()), Path("b.h5"), 3)
    with pytest.raises(InputError, match=r"b.h5 is a scores file of its own, and no part of a run"):
        Part.of(header(None), Path("b.h5"), 4)
    with pytest.raises(InputError, match=r"b.h5 does not say which part of a run it is"):
        Part.of(header("{}"), Path("b.h5"), 4)


def test_files_come_in_the_order_of_the_run() -> None:
    files = {Path(name): part(number) for name, number in (("x", 3), ("y", 1), ("z", 2))}
    assert in_order(files) == [Path("y"), Path("z"), Path("x")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda one: dataclasses.replace(one, run={**RUN, "the plan": "abd"}),
            "y and x are not of one run\n  why: the plan was abc, and is abd\n"
            "  try: run that part again as the others were; or merge those of one run",
        ),
        (
            lambda one: part(2, 4),
            "y and x are not of one run\n  why: the number of parts was 3, and is 4\n"
            "  try: run that part again as the others were; or merge those of one run",
        ),
        (
            lambda one: part(1),
            "x and y are both --shard 1/3\n  try: leave one of them out",
        ),
        (
            lambda one: one,
            "1 of 3 parts are missing: 3/3\n  try: fastism run ... --shard 3/3 --resume",
        ),
    ],
)
def test_what_is_no_whole_run(change: Callable[[Part], Part], message: str) -> None:
    with pytest.raises(InputError) as error:
        in_order({Path("x"): part(1), Path("y"): change(part(2))})
    assert str(error.value) == message


def test_parts_that_are_begun_are_named_among_the_missing(tmp_path: Path) -> None:
    (tmp_path / "2.h5.partial").mkdir()
    with pytest.raises(InputError) as error:
        in_order({tmp_path / "1.h5": part(1, 20)})
    assert str(error.value) == (
        "19 of 20 parts are missing: 2/20, 3/20, 4/20, 5/20, 6/20, 7/20, 8/20, 9/20, 10/20, 11/20, "
        "12/20, 13/20 and 7 more\n"
        "  why: begun and not ended: 2.h5.partial\n"
        "  try: fastism run ... --shard 2/20 --resume"
    )
