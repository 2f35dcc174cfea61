"""Numbers so large that a difference of two of them holds nothing of the small ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from fastism import api
from fastism.passes.stops import LARGE
from tests.compare import assert_matches_model
from tests.runtime.test_masks import gapped
from tests.zoo.registry import randomize

layers, ops = keras.layers, keras.ops

Absent = Callable[[Any, Any], Any]

ABSENT: dict[str, tuple[Absent, str | None]] = {
    "added": (lambda score, present: score + (1 - present) * -1e9, "multiply"),
    "chosen": (lambda score, present: ops.where(present > 0, score, -1e9), "where/select"),
    "infinite": (lambda score, present: ops.where(present > 0, score, -np.inf), "where/select"),
    "by_position": (
        lambda score, present: score + (1 - present) * np.full((20, 1), -1e6, np.float32),
        "multiply/multiply",
    ),
    "less": (lambda score, present: score + (1 - present) * -5000.0, "multiply"),
    "by_comparison": (
        lambda score, present: score - 400.0 * ops.cast(present < 0.5, "float32"),
        "multiply",
    ),
    "moderate": (lambda score, present: score + (1 - present) * -50.0, None),
}
"""How positions without a letter are kept out of an attention, and the node that must run whole."""


@pytest.mark.parametrize("name", ABSENT)
def test_positions_without_a_letter_score_next_to_nothing(name: str) -> None:
    keras.utils.clear_session(free_memory=False)
    absent, stop = ABSENT[name]
    inputs = keras.Input((20, 4))
    x = layers.Conv1D(4, 3, padding="same", activation="relu", name="motifs")(inputs)
    score = absent(layers.Dense(1)(x), ops.sum(inputs, axis=-1, keepdims=True))
    model = keras.Model(inputs, ops.sum(ops.softmax(score, axis=1) * x, axis=1))
    randomize(model, 5)
    plan = api.compile(model, alternatives="letters")
    nodes = plan.stage["segmented"].main.by_name
    assert nodes["motifs"].mode == "delta"
    assert [node.name for node in nodes.values() if node.stop == LARGE] == ([stop] if stop else [])
    assert_matches_model(plan, model, gapped((2, 20)))
