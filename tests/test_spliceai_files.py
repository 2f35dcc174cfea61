"""The five published SpliceAI files, each as it was published and saved again as ``.keras``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastism import api, data
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.test_spliceai import CROP, LENGTH, path, paths, sequence  # noqa: F401  (fixtures)

pytestmark = pytest.mark.xdist_group("spliceai")  # they fetch the same files

SITES = (5_000, 5_050, 5_100)
"""Both borders of the 101 positions that are scored, and their middle."""


@pytest.mark.parametrize("index", range(5))
def test_both_formats_score_alike(
    index: int,
    tmp_path: Path,
    paths: list[Path],  # noqa: F811
    sequence: np.ndarray,  # noqa: F811
) -> None:
    old = paths[index]
    new = tmp_path / "model.keras"
    model = load_model(old)
    model.save(new)
    mutants = np.repeat(sequence, len(SITES), axis=0)
    mutants[range(len(SITES)), SITES] = np.eye(4)[1]
    expected = np.asarray(model(mutants, training=False))
    for file in (old, new):
        plan = api.compile(file, length=LENGTH, sites=SITES)
        site = np.arange(len(SITES))
        items = (np.zeros_like(site), site, np.ones_like(site))
        (found,) = plan.score_items(sequence, *items).values()
        assert found.shape == (len(SITES), LENGTH - 2 * CROP, 3)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_keras_agrees_on_the_published_file(path: Path, sequence: np.ndarray) -> None:  # noqa: F811
    """What is rebuilt from the old file is what Keras itself makes of it."""
    theirs = keras.saving.load_model(path, compile=False)(sequence, training=False)
    ours = load_model(path)(sequence, training=False)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=0, atol=1e-6)


def test_the_bundled_model_in_both_formats(tmp_path: Path) -> None:
    old = data.path("demo.h5")
    model = load_model(old)
    model.save(tmp_path / "demo.keras")
    shape = (1, *model.input_shape[1:3])
    x = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, shape[:2])]
    scores = [
        api.compile(f, sites=[0, 100, shape[1] - 1])(x) for f in (old, tmp_path / "demo.keras")
    ]
    for score in scores:
        np.testing.assert_allclose(score.reference, np.asarray(model(x)), atol=1e-5)
    np.testing.assert_allclose(scores[0].alternate, scores[1].alternate, atol=1e-5)
