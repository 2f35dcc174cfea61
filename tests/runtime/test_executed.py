"""Programs run by the numpy backend alone, against the graph of the reference on every mutant.

The graphs are written as text, each for a few rules of propagation: no model is loaded for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fastism.backends import reference
from fastism.errors import FastismWarning
from fastism.ir import Sites
from fastism.ir.program import EDIT
from fastism.passes import Pipeline
from fastism.runtime.execute import Executor, Function
from fastism.runtime.items import Items
from fastism.runtime.scoring import Scoring
from tests.passes.conftest import module_of

LENGTH, LETTERS = 24, np.eye(4, dtype="float32")
PASSES = "annotate,segment,split,schedule"

CONV = "%conv : f32[N,24,6] = conv1d(%seq) {width=5, pad=same} @conv.kernel @conv.bias\n"
SHAPES: dict[str, tuple[int, ...]] = {
    "conv.kernel": (5, 4, 6),
    "conv.bias": (6,),
    "next.kernel": (3, 6, 6),
    "next.bias": (6,),
    "half.kernel": (3, 3, 6),
    "norm.scale": (6,),
    "norm.shift": (6,),
    "slope.alpha": (6,),
    "top.kernel": (6, 2),
    "all.kernel": (144, 3),
    "eight.kernel": (48, 3),
    "twelve.kernel": (72, 3),
    "one.kernel": (1, 6, 2),
}

GRAPHS: dict[str, tuple[str, str]] = {
    "pooled and dense": (
        """%relu : f32[N,24,6] = relu(%conv)
           %pool : f32[N,8,6] = max_pool(%relu) {size=3, stride=3}
           %flat : f32[N,48] = flatten(%pool)
           %top : f32[N,3] = dense(%flat) @eight.kernel""",
        "%top",
    ),
    "overlapping pools, same padding": (
        """%pool : f32[N,12,6] = max_pool(%conv) {size=3, stride=2, pad=same}
           %next : f32[N,12,6] = conv1d(%pool) {width=3, pad=same} @next.kernel @next.bias
           %mean : f32[N,6,6] = average_pool(%next) {size=5, stride=2, pad=same}""",
        "%mean",
    ),
    "average over padding": (
        "%mean : f32[N,24,6] = average_pool(%conv) {size=4, stride=1, pad=same}",
        "%mean",
    ),
    "an average of values": (
        """%relu : f32[N,24,6] = relu(%conv)
           %mean : f32[N,8,6] = average_pool(%relu) {size=4, stride=3, pad=same}
           %norm : f32[N,8,6] = scale_shift(%mean) @norm.scale @norm.shift
           %tanh : f32[N,8,6] = tanh(%norm)""",
        "%tanh",
    ),
    "dilated residual": (
        """%relu : f32[N,24,6] = relu(%conv)
           %next : f32[N,24,6] = conv1d(%relu) {width=3, dilation=4, pad=same} @next.kernel
           %sum : f32[N,24,6] = add(%relu, %next)
           %crop : f32[N,10,6] = crop(%sum) {left=6, right=8}""",
        "%crop",
    ),
    "strided": (
        """%next : f32[N,12,6] = conv1d(%conv) {width=3, stride=2, pad=same} @next.kernel @next.bias
           %flat : f32[N,72] = flatten(%next)
           %top : f32[N,3] = dense(%flat) @twelve.kernel""",
        "%top",
    ),
    "few of its results are read": (
        """%relu : f32[N,24,6] = relu(%conv)
           %next : f32[N,24,6] = conv1d(%relu) {width=3, pad=causal} @next.kernel @next.bias
           %crop : f32[N,2,6] = crop(%next) {left=11, right=11}""",
        "%crop",
    ),
    "scaled behind a convolution": (
        """%norm : f32[N,24,6] = scale_shift(%conv) @norm.scale @norm.shift
           %relu : f32[N,24,6] = relu(%norm)""",
        "%relu",
    ),
    "scaled and returned": (
        "%norm : f32[N,24,6] = scale_shift(%conv) @norm.scale @norm.shift",
        "%norm, %conv",
    ),
    "groups": (
        "%half : f32[N,24,6] = conv1d(%conv) {width=3, groups=2, pad=same} @half.kernel",
        "%half",
    ),
    "means, sums and maxima of all positions": (
        """%mean : f32[N,6] = global_average_pool(%conv)
           %sum : f32[N,6] = global_sum_pool(%conv)
           %most : f32[N,6] = global_max_pool(%conv)
           %kept : f32[N,1,6] = global_max_pool(%conv) {keepdims=true}
           %even : f32[N,1,6] = global_average_pool(%conv) {keepdims=true}""",
        "%mean, %sum, %most, %kept, %even",
    ),
    "two strands": (
        """%back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
           %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel @conv.bias
           %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
           %relu : f32[N,48,6] = relu(%both)
           %next : f32[N,48,6] = conv1d(%relu) {width=3, pad=same} @next.kernel
           %most : f32[N,6] = global_max_pool(%next)
           %sum : f32[N,6] = global_sum_pool(%next)""",
        "%most, %sum",
    ),
    "joined channels": (
        """%relu : f32[N,24,6] = relu(%conv)
           %both : f32[N,24,10] = concatenate(%relu, %seq) {axis=2}
           %soft : f32[N,24,10] = softmax(%both)""",
        "%soft",
    ),
    "padded and spread": (
        """%pad : f32[N,27,6] = zero_pad(%conv) {left=2, right=1}
           %up : f32[N,54,6] = upsample(%pad) {factor=2}
           %relu : f32[N,54,6] = relu(%up)
           %pool : f32[N,27,6] = max_pool(%relu) {size=2, stride=2}""",
        "%pool",
    ),
    "positions joined and split": (
        """%wide : f32[N,12,12] = reshape(%conv) {shape=(12, 12)}
           %relu : f32[N,12,12] = relu(%wide)
           %thin : f32[N,48,3] = reshape(%relu) {shape=(48, 3)}""",
        "%thin",
    ),
    "a product, and a slope a channel": (
        """%next : f32[N,24,6] = conv1d(%conv) {width=3, pad=causal} @next.kernel
           %gate : f32[N,24,6] = sigmoid(%next)
           %product : f32[N,24,6] = multiply(%conv, %gate)
           %slope : f32[N,24,6] = prelu(%product) @slope.alpha
           %less : f32[N,24,6] = subtract(%slope, %gate)""",
        "%less",
    ),
    "whole behind a window": (
        """%mean : f32[N,6] = global_average_pool(%conv)
           %tanh : f32[N,6] = tanh(%mean)
           %top : f32[N,2] = dense(%tanh) @top.kernel
           %soft : f32[N,2] = softmax(%top)""",
        "%soft",
    ),
    "a mean spread over positions": (
        """%mean : f32[N,1,6] = global_average_pool(%conv) {keepdims=true}
           %less : f32[N,24,6] = subtract(%conv, %mean)
           %one : f32[N,24,2] = conv1d(%less) {width=1} @one.kernel""",
        "%one",
    ),
    "the ends apart": (
        """%left : f32[N,4,6] = crop(%conv) {left=0, right=20}
           %right : f32[N,4,6] = crop(%conv) {left=20, right=0}""",
        "%left, %right",
    ),
}


def compiled(
    body: str, outputs: str, sites: Sites, passes: str = PASSES, **given: np.ndarray
) -> Executor:
    first = "" if "%conv :" in body else CONV
    text = f"graph @main(%seq: f32[N,{LENGTH},4]) {{\n{first}{body}\n  return {outputs}\n}}\n"
    random = np.random.default_rng(7)
    weights = {
        name: random.normal(size=shape).astype("float32")
        for name, shape in SHAPES.items()
        if f"@{name}" in text
    }
    weights |= {f"conv.{role}": array for role, array in given.items()}
    module = module_of(text, "canonical", weights, sites=sites)
    module = Pipeline.parse(passes).run(module)
    return Executor(module, reference.emit(module, {}))


def sequences(count: int = 3) -> np.ndarray:
    return LETTERS[np.random.default_rng(11).integers(0, 4, (count, LENGTH))]


def on_every_mutant(executor: Executor, x: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """The model's own graph on each (sequence, site, row), (N, S, A, *out) a head."""
    shape = (len(x), len(executor.starts), len(rows))
    mutants = np.broadcast_to(x[:, None, None], (*shape, *x.shape[1:])).copy()
    for site, start in enumerate(executor.starts):
        mutants[:, site, :, start : start + executor.width] = rows
    found = executor.reference({"seq": mutants.reshape(-1, *x.shape[1:])})
    return [found[head].reshape(*shape, *found[head].shape[1:]) for head in executor.heads]


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_mutant_is_scored(name: str, width: int) -> None:
    sites = Sites(tuple(range(LENGTH - width + 1)), width)
    executor, x = compiled(*GRAPHS[name], sites), sequences()
    rows = np.repeat(LETTERS[:, None], width, axis=1)
    found = Scoring(executor, {"seq": x}, rows, batch_size=2, memory=1 << 20).every()
    for head, expected in zip(found, on_every_mutant(executor, x, rows), strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(head.alternate, expected, atol=1e-5 * scale, rtol=0)


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
    scoring = Scoring(
        executor, {"seq": x}, ROWS, 2, memory=memory, progress=lambda *now: said.append(now)
    )
    for head, whole in zip(scoring.chosen(items), expected, strict=True):
        values = whole[items.sequence, items.site, items.alternative]
        np.testing.assert_allclose(head, values, atol=1e-5 * np.abs(whole).max(), rtol=0)
    assert said[-1] == (90, 90)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_what_is_there_already_is_not_computed() -> None:
    """Three letters of four are run, and the fourth is the reference bit for bit."""
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(2)
    counted = Counted(executor)
    (head,) = Scoring(executor, {"seq": x}, ROWS, 2, memory=None).every()
    assert sum(counted.items) == 2 * LENGTH * 3
    assert counted.sequences == [2]
    held = head.alternate[x.astype(bool)].reshape(2, LENGTH, -1)
    assert (held == head.reference[:, None]).all()


def test_chunks_fit_the_memory() -> None:
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(2)
    counted = Counted(executor)
    memory = 4 * max(group.pair_bytes * group.workers for group in executor.groups)
    Scoring(executor, {"seq": x}, ROWS, 2, memory=memory).every()
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
    """The sum of a function of a number for each letter."""
    kernel = np.array(letters, "float32").reshape(1, 4, 1)
    body = f"{TINY}%f : f32[N,24,1] = {op}(%conv)\n{TOP}"
    return compiled(body, "%top", EVERY, kernel=kernel, bias=np.zeros(1, "float32"))


def written(*letters: str) -> np.ndarray:
    """Sequences of the letters 0 to 3."""
    return LETTERS[[[int(letter) for letter in sequence] for sequence in letters]]


def test_beside_numbers_of_a_million_differences_are_not_used() -> None:
    """exp(13.80) is 985,000 and exp(13.82) is 1,005,000: the second sequence is run in full."""
    executor = tiny("exponential", [13.80, 13.82, 0, 0])
    counted, x = Counted(executor), written("0" * 24, "0" * 23 + "1")
    with pytest.warns(FastismWarning, match="^72 of 192 edits .* predicted in full"):
        (head,) = Scoring(executor, {"seq": x}, ROWS, 2, memory=None).every()
    assert sum(counted.items) == 72
    assert counted.sequences == [2, 32, 32, 8]
    (expected,) = on_every_mutant(executor, x, ROWS)
    assert (head.alternate[1][x[1] == 0] == expected[1].reshape(24, 4, 1)[x[1] == 0]).all()


def test_beside_the_logarithm_of_zero_differences_are_not_used() -> None:
    """Neither where the sequence holds it, nor where an edit makes it."""
    executor = tiny("log", [0, 1, 2, 3])
    counted, x = Counted(executor), written("1" * 24, "0" + "2" * 23)
    with pytest.warns(FastismWarning, match="^96 of 192 edits .* predicted in full"):
        (head,) = Scoring(executor, {"seq": x}, ROWS, 2, memory=None).every()
    assert sum(counted.items) == 72
    assert counted.sequences == [2, 32, 32, 32]
    (expected,) = on_every_mutant(executor, x, ROWS)
    np.testing.assert_allclose(head.alternate, expected, rtol=1e-5)
    assert np.isneginf(head.alternate[0, :, 0]).all()


def test_chunks_run_for_timing() -> None:
    executor, x = compiled(*GRAPHS["pooled and dense"], EVERY), sequences(2)
    counted, group = Counted(executor), executor.groups[-1]
    sites = np.repeat(group.sites[:7], group.alternatives)
    items = Items(np.ones_like(sites), sites, np.tile(np.arange(group.alternatives), 7))
    saved = executor.reference({"seq": x})
    executor.run_chunks(group, {"seq": x}, saved, items, ROWS, pairs=3)
    assert sorted(counted.items) == [3, 9, 9]
