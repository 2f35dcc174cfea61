"""The published SpliceAI model, whole: 10,101 positions, of which the output sees all but few.

The weights come with SpliceAI's wheel, fetched from the package index once and kept in pytest's
cache. Without them these tests fail: a model nobody ran is a model nobody checked.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from fastism import api
from fastism.checking.mutants import mutated
from fastism.frontends.keras.files.load import load_model
from fastism.ir.ranges import Interval
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

pytestmark = pytest.mark.xdist_group("spliceai")  # they fetch the same files

WHEEL = "spliceai==1.3.1"
MEMBERS = [f"spliceai/models/spliceai{index}.h5" for index in range(1, 6)]
LENGTH, CROP = 10_101, 5_000
SITES = (0, 1, 4_000, 4_999, 5_000, 5_001, 5_050, 5_100, 5_101, 7_500, 10_099, 10_100)
"""The input's ends, both borders of the 101 positions that are scored, the centre, and between."""

BATCH = 4


@pytest.fixture(scope="session")
def paths(pytestconfig: pytest.Config) -> list[Path]:
    """The five model files, fetched if they are not there."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("spliceai")
    paths = [folder / member for member in MEMBERS]
    if not all(path.exists() for path in paths):
        fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), WHEEL]
        done = subprocess.run(fetch, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"{WHEEL} cannot be fetched:\n{done.stderr}")
        (wheel,) = folder.glob("spliceai-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, MEMBERS)
    return paths


@pytest.fixture(scope="session")
def path(paths: list[Path]) -> Path:
    """The first of them, which is the one most tests use."""
    return paths[0]


@pytest.fixture(scope="session")
def plan(path: Path) -> Plan:
    return api.compile(path, length=LENGTH, sites=SITES)


@pytest.fixture(scope="session")
def sequence() -> np.ndarray:
    letters = np.random.default_rng(0).integers(0, 4, (1, LENGTH))
    return np.eye(4, dtype="float32")[letters]


def test_scores_are_those_of_the_model(path: Path, plan: Plan, sequence: np.ndarray) -> None:
    """Every site, its three other bases; softmax outputs, so the tolerance is absolute."""
    model = load_model(path)
    letters = sequence[0, list(SITES)].argmax(axis=-1)
    site = np.repeat(np.arange(len(SITES)), 3)
    alternative = (np.repeat(letters, 3) + np.tile([1, 2, 3], len(SITES))) % 4
    items = Items(np.zeros_like(site), site, alternative)
    (found,) = plan.score_items(sequence, items.sequence, site, alternative).values()
    assert found.shape == (len(SITES) * 3, LENGTH - 2 * CROP, 3)
    expected = predict(model, mutated(plan, {plan.module.seq_input: sequence}, items))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    reference = predict(model, {"sequence": sequence})
    moved = np.abs(expected - reference).max(axis=(1, 2)).reshape(len(SITES), 3).max(axis=1)
    inside = [CROP <= start < LENGTH - CROP for start in SITES]
    assert np.all(moved[inside] > 1e-5), "the sequence is too dull to tell mutants apart"


def predict(model: keras.Model, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The model's outputs, a few mutants at a time: one takes half a gigabyte."""
    (x,) = inputs.values()
    parts = [model(x[first : first + BATCH], training=False) for first in range(0, len(x), BATCH)]
    return np.concatenate([np.asarray(part) for part in parts])


def test_every_layer_runs_on_windows(plan: Plan) -> None:
    modes = {node.mode for node in plan.stage["segmented"].main.nodes}
    assert modes == {"delta"}


def test_the_ends_of_the_input_reach_the_ends_of_the_output(plan: Plan) -> None:
    """Its layers see 5,000 positions to each side: exactly as many as the crop takes away."""
    graph = plan.stage["annotated"].main
    change = graph.values[graph.outputs[0]].change
    assert change is not None
    reached = {start: change.at(index) for index, start in enumerate(SITES)}
    assert reached[0] == (Interval(0, 1),)
    assert reached[5_050] == (Interval(0, 101),)
    assert reached[10_100] == (Interval(100, 101),)
