"""The split stage's ops against loops over single positions, and against the ops they stand for.

Two sequences, three pairs and two alternatives throughout: N = 2, P = 3, M = 6, five sites.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

Draw = Callable[..., np.ndarray]
Evaluate = Callable[..., np.ndarray]

ALTERNATIVES = 2
SEQUENCE = np.array([1, 0, 1], "int32")
SITE = np.array([4, 0, 2], "int32")
START = np.array([-2, 0, 3, 5, 8], "int32")  # sites 0 and 4 hang over the ends of 10 positions
LENGTH = 10
START_TABLE = {"start": START}


def pair(item: int) -> int:
    return item // ALTERNATIVES


def close(actual: np.ndarray, wanted: np.ndarray) -> None:
    assert actual.shape == wanted.shape
    np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("fill", [0.0, -np.inf])
def test_window(fill: float, evaluate: Evaluate, draw: Draw) -> None:
    reference = draw(2, LENGTH, 3)
    out = evaluate(
        "window",
        *(reference, SEQUENCE, SITE),
        batches="NPP",
        constants=START_TABLE,
        width=4,
        fill=fill,
    )
    wanted = np.full((3, 4, 3), fill, "float32")
    for p in range(3):
        for j in range(4):
            position = START[SITE[p]] + j
            if 0 <= position < LENGTH:
                wanted[p, j] = reference[SEQUENCE[p], position]
    assert np.isinf(wanted).any() == np.isinf(fill)
    np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("shape", [(2, LENGTH, 3), (2, 5)])
def test_gather_reference(shape: tuple[int, ...], evaluate: Evaluate, draw: Draw) -> None:
    reference = draw(*shape)
    out = evaluate("gather_reference", reference, SEQUENCE, batches="NP")
    np.testing.assert_array_equal(out, np.stack([reference[1], reference[0], reference[1]]))


def test_place(evaluate: Evaluate, draw: Draw) -> None:
    delta = draw(6, 5, 3)
    shift = np.array([1, 1, -2, 3, 0], "int32")
    out = evaluate(
        "place",
        *(delta, SITE),
        batches="MP",
        constants={"shift": shift, "start": START},
        width=6,
        length=LENGTH,
    )
    wanted = np.zeros((6, 6, 3), "float32")
    for m in range(6):
        site = SITE[pair(m)]
        for j in range(6):
            source, position = j + shift[site], START[site] + j
            if 0 <= source < 5 and 0 <= position < LENGTH:
                wanted[m, j] = delta[m, source]
    np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize(("offset", "width"), [(1, 3), (-1, 3), (3, 4), (-2, 9)])
def test_pick(offset: int, width: int, evaluate: Evaluate, draw: Draw) -> None:
    delta = draw(6, 5, 3)
    out = evaluate("pick", delta, batches="M", offset=offset, width=width)
    for j in range(width):
        source = j + offset
        np.testing.assert_array_equal(out[:, j], delta[:, source] if 0 <= source < 5 else 0)


@pytest.mark.parametrize("shape", [(4, 3), (3,)])
def test_references_and_items_meet(shape: tuple[int, ...], evaluate: Evaluate, draw: Draw) -> None:
    delta, reference = draw(6, *shape), draw(3, *shape)
    copies = np.stack([reference[pair(m)] for m in range(6)])
    np.testing.assert_array_equal(evaluate("expand", reference, delta, batches="PM"), copies)
    mutated = evaluate("add_reference", delta, reference, batches="MP")
    np.testing.assert_array_equal(mutated, copies + delta)
    close(evaluate("subtract_reference", mutated, reference, batches="MP"), delta)


def test_zero_window(evaluate: Evaluate, draw: Draw) -> None:
    out = evaluate("zero_window", draw(6, 4, 3), batches="M", width=7, channels=2)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, np.zeros((6, 7, 2)))


def test_mask_outside(evaluate: Evaluate, draw: Draw) -> None:
    value = draw(6, 4, 3)
    for items, batches in ((value, "MP"), (value[::2], "PP")):
        out = evaluate(
            "mask_outside",
            *(items, SITE),
            batches=batches,
            constants=START_TABLE,
            length=LENGTH,
            fill=-np.inf,
        )
        wanted = items.copy()
        for m in range(len(items)):
            start = START[SITE[m * 3 // len(items)]]
            for j in range(4):
                if not 0 <= start + j < LENGTH:
                    wanted[m, j] = -np.inf
        np.testing.assert_array_equal(out, wanted)


def test_scale_positions(evaluate: Evaluate, draw: Draw) -> None:
    delta, factor = draw(6, 4, 3), draw(LENGTH)
    out = evaluate(
        "scale_positions",
        *(delta, SITE),
        batches="MP",
        constants={"factor": factor, "start": START},
    )
    wanted = delta.copy()
    for m in range(6):
        for j in range(4):
            position = START[SITE[pair(m)]] + j
            if 0 <= position < LENGTH:
                wanted[m, j] *= factor[position]
    close(out, wanted)


def mutants(reference: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Every item's sequence (M, LENGTH, channels): the reference plus the delta at its window."""
    whole = np.stack([reference[SEQUENCE[pair(m)]] for m in range(len(delta))])
    for m in range(len(delta)):
        for j in range(delta.shape[1]):
            position = START[SITE[pair(m)]] + j
            if 0 <= position < LENGTH:
                whole[m, position] += delta[m, j]
    return whole


def existing(delta: np.ndarray) -> np.ndarray:
    """The delta, zero where the window hangs over an end: what a place leaves of it."""
    position = START[np.repeat(SITE, ALTERNATIVES)][:, None] + np.arange(delta.shape[1])
    return delta * ((position >= 0) & (position < LENGTH))[..., None]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("width", [1, 3, 4])
@pytest.mark.parametrize("pad", ["same", "causal"])
def test_spread_and_place_are_the_convolution_of_a_delta(
    groups: int, dilation: int, width: int, pad: str, evaluate: Evaluate, draw: Draw
) -> None:
    reference, delta = draw(2, LENGTH, 4), existing(draw(6, 3, 4))
    constants = {"kernel": draw(width, 4 // groups, 6)}
    options = {"width": width, "dilation": dilation, "groups": groups}

    def convolved(x: np.ndarray) -> np.ndarray:
        return evaluate("conv1d", x, constants=constants, pad=pad, **options)

    difference = convolved(mutants(reference, delta)) - convolved(reference)[SEQUENCE].repeat(2, 0)

    # Output o reads inputs o - left + k * dilation: natural position 0 is o = start - reach + left.
    reach = (width - 1) * dilation
    left = reach if pad == "causal" else reach // 2
    natural = evaluate("conv1d_spread", delta, batches="M", constants=constants, **options)
    assert natural.shape == (6, 3 + reach, 6)
    start = START - reach + left
    placed = evaluate(
        "place",
        *(natural, SITE),
        batches="MP",
        constants={"shift": np.zeros_like(START), "start": start},
        width=natural.shape[1],
        length=LENGTH,
    )
    wanted = np.zeros_like(placed)
    for m in range(6):
        for j in range(placed.shape[1]):
            position = start[SITE[pair(m)]] + j
            if 0 <= position < LENGTH:
                wanted[m, j] = difference[m, position]
                difference[m, position] = 0
    close(placed, wanted)
    close(difference, np.zeros_like(difference))  # nothing changed outside the window


def test_dense_rows_are_flatten_and_dense_of_a_delta(evaluate: Evaluate, draw: Draw) -> None:
    reference, delta = draw(2, LENGTH, 3), draw(6, 4, 3)
    constants = {"kernel": draw(LENGTH * 3, 5)}

    def flat(x: np.ndarray) -> np.ndarray:
        return evaluate("dense", evaluate("flatten", x), constants=constants)

    out = evaluate(
        "dense_rows",
        *(delta, SITE),
        batches="MP",
        constants={**constants, "start": START},
        length=LENGTH,
    )
    close(out, flat(mutants(reference, delta)) - flat(reference)[SEQUENCE].repeat(2, axis=0))


def test_sum_window_is_the_global_average_of_a_delta(evaluate: Evaluate, draw: Draw) -> None:
    reference, delta = draw(2, LENGTH, 3), existing(draw(6, 4, 3))

    def average(x: np.ndarray) -> np.ndarray:
        return evaluate("global_average_pool", x)

    out = evaluate("sum_window", delta, batches="M", scale=1 / LENGTH)
    close(out, average(mutants(reference, delta)) - average(reference)[SEQUENCE].repeat(2, axis=0))


@pytest.mark.parametrize("reverse", [False, True])
def test_running_max(reverse: bool, evaluate: Evaluate, draw: Draw) -> None:
    x = draw(2, LENGTH, 3)
    out = evaluate("running_max", x, reverse=reverse)
    assert out.shape == (2, LENGTH + 1, 3)
    for i in range(LENGTH + 1):
        part = x[:, i:] if reverse else x[:, :i]
        np.testing.assert_array_equal(out[:, i], part.max(axis=1, initial=-np.inf))


def test_running_maxima_replace_the_window_of_a_global_max(evaluate: Evaluate, draw: Draw) -> None:
    x, window = draw(2, LENGTH, 3), draw(2, 4, 3)
    mutated = x.copy()
    mutated[:, 5:9] = window
    before = evaluate("running_max", x)[:, 5]
    after = evaluate("running_max", x, reverse=True)[:, 9]
    wanted = evaluate("global_max_pool", mutated)
    np.testing.assert_array_equal(np.maximum.reduce([before, window.max(axis=1), after]), wanted)


def test_an_empty_chunk_has_empty_results(evaluate: Evaluate, draw: Draw) -> None:
    none = np.zeros(0, "int32")
    placed = evaluate(
        "place",
        *(draw(0, 5, 3), none),
        batches="MP",
        constants={"shift": START, "start": START},
        width=6,
        length=LENGTH,
    )
    assert placed.shape == (0, 6, 3)
    assert evaluate("expand", draw(0, 5, 3), draw(0, 5, 3), batches="PM").shape == (0, 5, 3)
