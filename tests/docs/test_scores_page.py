"""The Python on the page of scores runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np
from keras import layers

import fastism

PAGE = Path(fastism.__file__).parents[1] / "docs" / "scores.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def model(seed: int) -> keras.Model:
    """A profile of two strands at 600 positions, and two counts."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((600, 4))
    x = layers.Conv1D(2, 5, padding="same", name="profile")(inputs)
    return keras.Model(inputs, [x, layers.Dense(2, name="counts")(layers.Flatten()(inputs))])


def test_every_block_runs() -> None:
    counts = {"outputs": "counts", "sites": [3, 597], "backend": "reference"}
    plans = [fastism.compile(model(seed), **counts) for seed in range(2)]
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (1, 600))]
    scores = plans[0](x)
    reduced = fastism.compile(model(0), outputs="profile", backend="reference", sites=[3])
    given = {
        **{"fastism": fastism, "keras": keras, "x": x, "model": model(0)},
        **{"plan": plans[0], "plan_0": plans[0], "plan_1": plans[1]},
        **{"reference": scores.reference, "alternate": scores.alternate},
    }
    for block in BLOCKS:
        strands = "BothStrands" in block  # its plan has the profile
        exec(block, {**given, "plan": reduced if strands else given["plan"]})
    assert len(BLOCKS) == 3
