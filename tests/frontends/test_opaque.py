"""Opaque layers: run live, stored as JSON and arrays, restored the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastism.errors import PlanError
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.frontends.keras.lowering.lower import lower
from fastism.ir.types import NUMPY_DTYPES
from fastism.quiet import keras
from tests.zoo import ENTRIES, by_model, opaque

WITH_OPAQUE = by_model(name for name, entry in ENTRIES.items() if entry.opaque)


def _layers(name: str) -> dict[str, OpaqueLayer]:
    entry = ENTRIES[name]
    return dict(lower(entry.build(), length=entry.length).opaque)


def _tensors(layer: OpaqueLayer) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    tensors = [
        random.normal(size=(3, *type.shape[1:])).astype(NUMPY_DTYPES[type.dtype])
        for type in layer.types
    ]
    masks = [random.random((3, *type.shape[1:])) < 0.6 for type in layer.masked.values()]
    return [*tensors, *(mask.astype("float32") for mask in masks)]


def _stored(layer: OpaqueLayer) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return json.loads(json.dumps(layer.config())), layer.weights()


@pytest.mark.parametrize("name", WITH_OPAQUE)
def test_a_restored_layer_computes_the_same(name: str, compiled: Callable) -> None:
    for layer in compiled(name).plan.opaque.values():
        given = {"OwnDense": opaque.OwnDense}
        again = OpaqueLayer.restore(*_stored(layer), given, unsafe=True)
        tensors = _tensors(layer)
        first, second = layer(*tensors), again(*tensors)
        assert (again.key, again.types, again.why) == (layer.key, layer.types, layer.why)
        assert again.result_types() == layer.result_types()
        assert len(first) == len(second) == len(layer.result_types())
        for a, b, type in zip(first, second, layer.result_types(), strict=True):
            assert tuple(a.shape[1:]) == type.shape[1:]
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-6)


def test_weights_are_needed_and_checked() -> None:
    config, weights = _stored(_layers("lstm")["memory"])
    assert {"0.kernel", "1.recurrent_kernel", "2.bias"} <= set(weights)
    short = {name: array for name, array in weights.items() if name != "2.bias"}
    with pytest.raises(PlanError, match="the stored weights do not fit layer 'memory'"):
        OpaqueLayer.restore(config, short)


def test_a_lambda_runs_its_code_only_when_allowed() -> None:
    config, weights = _stored(_layers("lambda_layer")["running"])
    with pytest.raises(PlanError, match="layer 'running' cannot be restored") as caught:
        OpaqueLayer.restore(config, weights)
    assert "unsafe=True" in str(caught.value)
    assert OpaqueLayer.restore(config, weights, unsafe=True).key == "running"


class Hidden(keras.layers.Layer):
    """A class that is registered nowhere."""

    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return keras.ops.cumsum(x, axis=1) * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def test_a_users_class_is_asked_for_by_name() -> None:
    inputs = keras.Input((10, 4))
    lowered = lower(keras.Model(inputs, Hidden(3.0, name="hidden")(inputs)))
    config, weights = _stored(lowered.opaque["hidden"])
    config["operation"]["module"] = "somebody.elses.code"
    with pytest.raises(PlanError) as caught:
        OpaqueLayer.restore(config, weights)
    assert "custom_objects={'Hidden': Hidden}" in str(caught.value)
    again = OpaqueLayer.restore(config, weights, {"Hidden": Hidden})
    ramp = np.arange(1.0, 11.0)[:, None] * np.full((1, 10, 4), 3.0)
    np.testing.assert_array_equal(again(np.ones((1, 10, 4)))[0], ramp)


class Unstorable(keras.layers.Layer):
    def __init__(self, function: Any) -> None:
        super().__init__(name="unstorable")
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("no configuration")


def test_a_layer_without_a_configuration_says_so() -> None:
    inputs = keras.Input((10, 4))
    lowered = lower(keras.Model(inputs, Unstorable(lambda x: x**x)(inputs)))
    with pytest.raises(PlanError, match="give Unstorable a get_config method"):
        lowered.opaque["unstorable"].config()


def test_layers_run_as_at_prediction_time() -> None:
    layer = _layers("bidirectional")["both_ways"]
    tensors = _tensors(layer)
    np.testing.assert_array_equal(layer(*tensors)[0], layer(*tensors)[0])
