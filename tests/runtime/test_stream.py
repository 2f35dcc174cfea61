"""Batches as they come: the scores of a call, one batch held at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastism
from fastism import data
from fastism.errors import FastismWarning, InputError
from fastism.runtime.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fastism.compile(data.path("demo.h5"), sites=slice(90, 110, 5))


def test_a_batch_is_asked_for_when_the_one_before_is_done(plan: Plan) -> None:
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (5, 200))]
    asked: list[int] = []

    def batches() -> Iterator[Any]:
        for first in range(0, 5, 2):
            asked.append(first)
            yield x[first : first + 2]

    found = []
    for index, scores in enumerate(plan.stream(batches(), alternatives="zeros")):
        assert asked == [0, 2, 4][: index + 1]
        found.append(scores.alternate)
    assert [len(part) for part in found] == [2, 2, 1]
    whole = plan(x, alternatives="zeros").alternate
    np.testing.assert_allclose(np.concatenate(found), whole, atol=1e-6)


def test_a_doubt_is_said_once(plan: Plan) -> None:
    two_hot = np.full((2, 200, 4), 0.5, np.float32)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(plan.stream([two_hot, two_hot]))
    assert [str(each.message)[:44] for each in caught if each.category is FastismWarning] == [
        "400 of the 400 rows of the sequences are not"
    ]


def test_a_batch_that_does_not_fit(plan: Plan) -> None:
    with pytest.raises(InputError, match="a single sequence is"):
        list(plan.stream(np.zeros((2, 200, 4), np.float32)))
    assert list(plan.stream([])) == []
