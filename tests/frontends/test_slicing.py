"""Every way to take a part of a tensor, or turn it, against the live operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from fastism.backends import reference
from fastism.frontends.keras.lowering.lower import lower

SEQUENCES = np.random.default_rng(0).normal(size=(2, 11, 4)).astype(np.float32)

TAKEN: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "crop": (lambda x: x[:, 2:-3], ["crop"]),
    "crop, all axes named": (lambda x: x[:, 2:9, :], ["crop"]),
    "crop after dots": (lambda x: x[..., 2:9, :], ["crop"]),
    "to the end": (lambda x: x[:, 4:], ["crop"]),
    "past the end": (lambda x: x[:, 4:99], ["crop"]),
    "step": (lambda x: x[:, 1::3], ["slice"]),
    "step from the end": (lambda x: x[:, -2:1:-3], ["slice"]),
    "backwards": (lambda x: x[:, ::-1], ["slice"]),
    "backwards to the first": (lambda x: x[:, 4::-1], ["slice"]),
    "other strand": (lambda x: x[:, ::-1, ::-1], ["slice", "slice_channels"]),
    "channels": (lambda x: x[..., 1:3], ["slice_channels"]),
    "channels backwards": (lambda x: x[:, :, ::-2], ["slice_channels"]),
    "both": (lambda x: x[:, 3:8, 1:], ["crop", "slice_channels"]),
    "everything": (lambda x: x[:, :, :], []),
    "one position": (lambda x: x[:, 5], ["crop", "reshape"]),
    "the last position": (lambda x: x[:, -1, :], ["crop", "reshape"]),
    "one channel": (lambda x: x[..., 2], ["slice_channels", "reshape"]),
    "flip positions": (lambda x: ops.flip(x, axis=1), ["slice"]),
    "flip channels": (lambda x: ops.flip(x, axis=-1), ["slice_channels"]),
    "flip both": (lambda x: ops.flip(x, axis=(-2, -1)), ["slice", "slice_channels"]),
    "flip twice": (lambda x: x[:, ::-1][:, ::-1], ["slice", "slice"]),
}


def _lowered(take: Callable[[Any], Any]) -> tuple[keras.Model, Any]:
    inputs = keras.Input(SEQUENCES.shape[1:], name="sequence")
    model = keras.Model(inputs, take(inputs))
    return model, lower(model)


@pytest.mark.parametrize("name", TAKEN)
def test_it_is_expressed_and_takes_the_same(name: str) -> None:
    take, expected = TAKEN[name]
    model, lowered = _lowered(take)
    nodes = lowered.module.main.nodes
    assert [node.op for node in nodes if node.op != "identity"] == expected
    (found,) = reference.run(lowered.module, "main", {"sequence": SEQUENCES}).values()
    np.testing.assert_array_equal(found, model(SEQUENCES))


def test_a_part_of_a_vector_is_a_part_of_its_channels() -> None:
    inputs = [keras.Input((11, 4)), keras.Input((6,), name="vector")]
    lowered = lower(keras.Model(inputs, [inputs[0], inputs[1][:, 1:-1]]))
    assert [node.op for node in lowered.module.main.nodes] == ["slice_channels"]
