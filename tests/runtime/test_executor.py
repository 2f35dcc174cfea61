"""How items are run: in which chunks, what is not run at all, and what is predicted in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fastism.errors import FastismWarning
from fastism.ir import Sites
from fastism.ir.program import EDIT
from fastism.runtime import edits, scoring
from fastism.runtime.execute import Executor, Function
from fastism.runtime.items import Items
from fastism.runtime.scoring import Scoring
from tests.runtime.executed import (
    LENGTH,
    LETTERS,
    PASSES,
    compiled,
    on_every_mutant,
    sequences,
)
from tests.runtime.test_executed import GRAPHS

EVERY = Sites.every(LENGTH)
ROWS = LETTERS[:, None]


class Counted:
    """Functions that note how many items and sequences they were called with."""

    def __init__(self, executor: Executor) -> None:
        self.items: list[int] = []
        self.sequences: list[int] = []
        functions = dict(executor.functions)

        def counting(name: str) -> Function:
            def run(given: Mapping[str, Any]) -> Mapping[str, Any]:
                if EDIT in given:
                    self.items.append(len(given[EDIT]))
                else:
                    self.sequences.append(len(given["seq"]))
                return functions[name](given)

            return run

        executor.functions = {name: counting(name) for name in functions}


@pytest.mark.parametrize("memory", [1, 60_000, None])
@pytest.mark.parametrize("workers", [1, 2])
def test_any_items_in_any_order(workers: int, memory: int | None) -> None:
    passes = f"{PASSES}{{workers={workers}}}"
    executor, x = compiled(*GRAPHS["two strands"], EVERY, passes), sequences(5)
    expected = on_every_mutant(executor, x, ROWS)
    random = np.random.default_rng(3)
    items = Items(*(random.integers(0, high, 90) for high in (5, LENGTH, 4)))
    said: list[tuple[int, int]] = []
    run = Scoring(
        executor, {"seq": x}, ROWS, 2, memory=memory, progress=lambda *now: said.append(now)
    )
    for head, whole in zip(run.chosen(items), expected, strict=True):
        values = whole[items.sequence, items.site, items.alternative]
        np.testing.assert_allclose(head, values, atol=1e-5 * np.abs(whole).max(), rtol=0)
    assert said[-1] == (90, 90)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


@pytest.mark.parametrize("piece", [edits.PIECE, 1, 10])
def test_what_is_there_already_is_not_computed(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Three letters of four are run, and the fourth is the reference bit for bit.

    However few of the items are looked at together.
    """
    monkeypatch.setattr(edits, "PIECE", piece)
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(3)
    counted = Counted(executor)
    (head,) = Scoring(executor, {"seq": x}, ROWS, 2, memory=None).every()
    assert sum(counted.items) == 3 * LENGTH * 3
    assert counted.sequences == [2, 1]
    held = head.alternate[x.astype(bool)].reshape(3, LENGTH, -1)
    assert (held == head.reference[:, None]).all()


@pytest.mark.parametrize("said", [True, False])
def test_chunks_fit_the_memory(monkeypatch: pytest.MonkeyPatch, said: bool) -> None:
    """What the call says, or else what the machine has to spare."""
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(2)
    counted = Counted(executor)
    memory = 4 * max(group.pair_bytes * group.workers for group in executor.groups)
    monkeypatch.setattr(scoring, "default_memory", lambda: memory)
    Scoring(executor, {"seq": x}, ROWS, 2, memory=memory if said else None).every()
    assert max(counted.items) == 4 * 3


def test_a_pair_of_more_items_than_scheduled_takes_the_room_of_several() -> None:
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(1)
    counted = Counted(executor)
    rows = np.random.default_rng(0).random((10, 1, 4), "float32")
    memory = 6 * max(group.pair_bytes * group.workers for group in executor.groups)
    (head,) = Scoring(executor, {"seq": x}, rows, 1, memory=memory).every()
    assert max(counted.items) == 10  # one pair, where 6 * 3 items have room
    (expected,) = on_every_mutant(executor, x, rows)
    np.testing.assert_allclose(head.alternate, expected, atol=1e-5 * np.abs(expected).max())


def test_rows_of_each_sequence_and_site() -> None:
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(3)
    rows = np.random.default_rng(0).random((3, LENGTH, 2, 1, 4), "float32")
    (head,) = Scoring(executor, {"seq": x}, rows, batch_size=2, memory=None).every()
    mutants = np.broadcast_to(x[:, None, None], (3, LENGTH, 2, LENGTH, 4)).copy()
    for site in range(LENGTH):
        mutants[:, site, :, site] = rows[:, site, :, 0]
    found = executor.reference({"seq": mutants.reshape(-1, LENGTH, 4)})[executor.heads[0]]
    expected = found.reshape(head.alternate.shape)
    np.testing.assert_allclose(head.alternate, expected, atol=1e-5 * np.abs(expected).max())


TINY = "%conv : f32[N,24,1] = conv1d(%seq) {width=1} @conv.kernel @conv.bias\n"
TOP = "%top : f32[N,1] = global_sum_pool(%f)"


def tiny(op: str, letters: list[float]) -> Executor:
    """The sum of a function of a number for each letter, and those numbers themselves."""
    kernel = np.array(letters, "float32").reshape(1, 4, 1)
    body = f"{TINY}%f : f32[N,24,1] = {op}(%conv)\n{TOP}"
    return compiled(body, "%top, %conv", EVERY, kernel=kernel, bias=np.zeros(1, "float32"))


def written(*letters: str) -> np.ndarray:
    """Sequences of the letters 0 to 3."""
    return LETTERS[[[int(letter) for letter in sequence] for sequence in letters]]


def test_beside_numbers_of_a_million_differences_are_not_used() -> None:
    """exp(13.80) is 985,000 and exp(13.82) is 1,005,000: the second sequence is run in full."""
    executor = tiny("exponential", [13.80, 13.82, 0, 0])
    counted, x = Counted(executor), written("0" * 24, "0" * 23 + "1")
    with pytest.warns(FastismWarning, match="^72 of 192 edits .* predicted in full"):
        head, _ = Scoring(executor, {"seq": x}, ROWS, 2, memory=None).every()
    assert sum(counted.items) == 72
    assert counted.sequences == [2, 32, 32, 8]
    expected, _ = on_every_mutant(executor, x, ROWS)
    assert (head.alternate[1][x[1] == 0] == expected[1].reshape(24, 4, 1)[x[1] == 0]).all()


@pytest.mark.parametrize(("op", "infinite"), [("log", -np.inf), ("reciprocal", np.inf)])
@pytest.mark.parametrize(("batch", "run"), [(2, [2, 32, 32, 32]), (1, [1, 24, 1, 32, 32, 8])])
def test_beside_what_is_infinite_differences_are_not_used(
    op: str, infinite: float, batch: int, run: list[int]
) -> None:
    """Neither where the sequence holds it, nor where an edit makes it."""
    executor = tiny(op, [0, 1, 2, 3])
    counted, x = Counted(executor), written("1" * 24, "0" + "2" * 23)
    with pytest.warns(FastismWarning, match="^96 of 192 edits .* predicted in full"):
        head, _ = Scoring(executor, {"seq": x}, ROWS, batch, memory=None).every()
    assert sum(counted.items) == 72
    assert counted.sequences == run
    expected, _ = on_every_mutant(executor, x, ROWS)
    np.testing.assert_allclose(head.alternate, expected, rtol=1e-5)
    assert (head.alternate[0, :, 0] == infinite).all()


def test_chunks_run_for_timing() -> None:
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(2)
    counted, group = Counted(executor), executor.groups[-1]
    sites = np.repeat(group.sites[:7], group.alternatives)
    items = Items(np.ones_like(sites), sites, np.tile(np.arange(group.alternatives), 7))
    saved = executor.reference({"seq": x})
    executor.run_chunks(group, {"seq": x}, saved, items, ROWS, pairs=3)
    assert sorted(counted.items) == [3, 9, 9]
