"""Random sites, random alternatives, sequences of all kinds: the model's own numbers every time."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastism import api
from fastism.runtime.alternatives import NAMED
from tests.compare import assert_matches_model
from tests.zoo import ENTRIES


@cache
def model(name: str) -> keras.Model:
    return ENTRIES[name].build()


@st.composite
def sites(draw: st.DrawFn, length: int) -> tuple[Any, int | None]:
    """Sites in some form, and their width where the form does not say it."""
    width = draw(st.integers(1, 9))
    form = draw(st.sampled_from(["slice", "starts", "pairs", "mask"]))
    if form == "slice":
        start = draw(st.integers(0, length - width))
        stop = draw(st.integers(start + width, length))
        return slice(start, stop, draw(st.integers(1, 12))), width
    if form == "mask":
        first = draw(st.integers(0, length - width))
        chance = np.random.default_rng(draw(st.integers(0, 99))).random(length)
        mask = chance < draw(st.floats(0.2, 0.9))
        mask[first : first + width] = True
        return mask, width
    starts = draw(st.lists(st.integers(0, length - width), min_size=1, max_size=6))
    if form == "starts":
        return starts, width
    return [(start, start + width) for start in starts], None


def sequences(random: np.random.Generator, kind: str, length: int, channels: int) -> Any:
    """Two sequences: letters, letters and gaps, or shares of letters."""
    if kind == "soft":
        return random.dirichlet(np.ones(channels), (2, length)).astype(np.float32)
    x = np.eye(channels, dtype=np.float32)[random.integers(0, channels, (2, length))]
    if kind == "gaps":
        x[random.random((2, length)) < 0.3] = random.choice([0.0, 1 / channels])
    return x


@pytest.mark.parametrize("name", ["pool_same", "global_maximum", "protein"])
@settings(max_examples=8, derandomize=True)
@given(data=st.data())
def test_scores_are_those_of_the_model(name: str, data: st.DataObject) -> None:
    _, length, channels = model(name).input_shape
    where, width = data.draw(sites(length))
    plan = api.compile(
        model(name), sites=where, width=width, alternatives="zeros", backend="reference"
    )
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = sequences(random, data.draw(st.sampled_from(["letters", "gaps", "soft"])), length, channels)
    own = data.draw(st.sampled_from([(), (2,), (2, len(plan.executor.starts))]))
    rows = random.normal(size=(*own, 2, plan.executor.width, channels))
    names = sorted(set(NAMED) - {"words"})
    for alternatives in (rows, data.draw(st.sampled_from(names))):
        assert_matches_model(plan, model(name), x, alternatives=alternatives)
