"""Masks: never lost, wherever they come from and whoever reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fastism import api
from fastism.errors import LoweringError
from fastism.frontends.keras.lowering.lower import lower
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from tests.compare import TOLERANCES, assert_matches_model
from tests.zoo import ZOO
from tests.zoo.opaque import Subclassed
from tests.zoo.registry import randomize

layers, ops = keras.layers, keras.ops

READS = "reads the mask of what it is given"
MET = "meets a value that is changed everywhere"

STOPS = {
    "masked": {"memory": READS},
    "masked_local": {
        "average": READS,
        "pooled": "pools over the whole length",
    },
    "masked_memory": {"memory": READS},
    "masked_memories": {"both_ways": READS},
    "masked_attention": {"attention": READS, "add": MET},
    "masked_scores": {"scores": READS},
    "masked_products": {"product": READS, "largest": READS},
    "masked_by_nested": {"memory": READS},
    "masked_into_nested": {"encoder": READS},
}
"""Where locality must end: at who reads the mask, and not before."""


def stops(plan: Plan) -> dict[str, str | None]:
    return {n.name: n.stop for n in plan.stage["segmented"].main.nodes if n.stop}


def gapped(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """One-hot sequences with stretches of zeros: at both ends, and inside."""
    random = np.random.default_rng(seed)
    x = np.eye(4, dtype=np.float32)[random.integers(0, 4, shape)]
    x[:, :2] = x[:, 9:12] = x[:, -3:] = 0.0
    return x


@pytest.mark.parametrize("name", STOPS)
def test_locality_ends_where_a_mask_is_read(name: str, compiled: Callable) -> None:
    assert stops(compiled(name).plan) == STOPS[name]


@pytest.mark.parametrize("backend", ["tensorflow", "reference"])
@pytest.mark.parametrize("name", ["masked", "masked_local"])
def test_edits_that_move_the_mask(name: str, backend: str) -> None:
    """A letter where there was none, and none where there was a letter; every site."""
    model = ZOO[name]()
    rows = np.concatenate([np.eye(4)[:2], np.zeros((1, 4))])
    sites = None if backend == "tensorflow" else [0, 1, 2, 9, 15, 27, 29]
    plan = api.compile(model, alternatives=rows, sites=sites, backend=backend)
    assert_matches_model(plan, model, gapped((2, plan.length)))


def test_a_value_of_its_own_is_masked() -> None:
    inputs = keras.Input((20, 4))
    x = layers.Masking(mask_value=0.25, name="masking")(inputs)
    model = keras.Model(inputs, [x, layers.LSTM(3, name="memory")(x)])
    randomize(model, 1)
    plan = api.compile(model, alternatives="uniform")
    assert set(plan.opaque) == {"memory"}
    given = gapped((2, 20))
    given[:, 5:8] = 0.25
    assert_matches_model(plan, model, given)
    modes = {n.name: n.mode for n in plan.stage["segmented"].main.nodes}
    assert modes == {"masking": "delta", "masking/mask": "delta", "memory": "whole"}


def _memory_with_state(x: Any) -> Any:
    state = layers.Dense(4)(layers.Flatten()(x))
    return layers.GRU(4, name="memory")(x, initial_state=state)


def _distributed(x: Any) -> Any:
    return layers.TimeDistributed(layers.Dense(3), name="each")(x)


def _dropped_by_an_operation(x: Any) -> Any:
    return layers.GlobalAveragePooling1D(name="average")(x * 2.0)


def _kept_by_an_operation(x: Any) -> Any:
    return layers.GlobalAveragePooling1D(name="average")(ops.cast(x, "float32"))


def _half(x: Any) -> Any:
    return layers.LSTM(3, name="memory", dtype="mixed_float16")(x)


def _joined(x: Any) -> Any:
    return layers.LSTM(3, name="memory")(layers.Concatenate(name="both")([x, layers.Dense(2)(x)]))


def _subclassed(x: Any) -> Any:
    return Subclassed(name="model")(x)


READERS = {
    _memory_with_state: {"memory"},
    _distributed: {"each"},
    _dropped_by_an_operation: set(),
    _kept_by_an_operation: {"average"},
    _half: {"memory"},
    _joined: {"both", "memory"},
    _subclassed: {"model"},
}


def _nested(x: Any, hidden: Any) -> Any:
    inner = keras.Input(x.shape[1:])
    return keras.Model(inner, layers.Dense(2)(hidden(inner)), name="nested")(x)


@pytest.mark.parametrize("hidden", [layers.Dropout(0.1), layers.Masking()])
def test_a_mask_that_is_lost_on_the_way_through_a_nested_model(hidden: keras.Layer) -> None:
    """A model called on symbolic tensors does not hand its mask on, called on numbers it does.

    Joined with a value that has a mask, that makes two masks: one that layers are told of when the
    model is built, and one that hangs on the values when it runs.
    """
    keras.utils.clear_session(free_memory=False)
    inputs = keras.Input((20, 4))
    x = layers.Masking()(inputs)
    x = layers.Concatenate()(
        [x, _nested(x if isinstance(hidden, layers.Dropout) else inputs, hidden)]
    )
    model = keras.Model(inputs, [layers.GRU(3)(x), layers.GlobalAveragePooling1D()(x)])
    randomize(model, 3)
    plan = api.compile(model, alternatives="letters", sites=[0, 2, 9, 10, 13, 19])
    assert_matches_model(plan, model, gapped((2, 20)))


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_a_mask_gets_it(reader: Callable[[Any], Any]) -> None:
    keras.utils.clear_session(free_memory=False)
    inputs = keras.Input((20, 4))
    x = layers.Dense(5, activation="relu", name="front")(layers.Masking()(inputs))
    model = keras.Model(inputs, reader(x))
    randomize(model, 3)
    plan = api.compile(model, alternatives="letters", sites=[0, 2, 9, 10, 13, 19])
    assert set(plan.opaque) == READERS[reader]
    assert plan.stage["segmented"].main.by_name["front"].mode == "delta"
    tolerance = TOLERANCES["float16" if reader is _half else "float32"]
    assert_matches_model(plan, model, gapped((2, 20)), tolerance)


class Gaps(keras.Layer):
    """A user's layer that makes a mask, by Keras's own rule for it."""

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.greater(ops.sum(inputs, axis=-1), 0.5)

    def call(self, x: Any) -> Any:
        return x * 1.0


def test_a_mask_that_a_reshape_takes_off_stays_off() -> None:
    """Also where the reshape is none: its value is then the very one that has the mask."""
    inputs = keras.Input((12, 4))
    each = layers.TimeDistributed(layers.LayerNormalization(), name="each")
    masked = each(layers.Masking()(inputs))
    bare = layers.Reshape((12, 4))(layers.Reshape((12, 2, 2))(masked))
    model = keras.Model(inputs, layers.Multiply(name="product")([masked, bare]))
    randomize(model, 1)
    plan = api.compile(model)
    assert set(plan.opaque) == {"each", "product"}
    assert_matches_model(plan, model, gapped((2, 12)))


def test_a_layer_of_the_users_that_makes_a_mask() -> None:
    inputs = keras.Input((20, 4))
    x = layers.Dense(4, activation="relu")(Gaps(name="gaps")(inputs))
    model = keras.Model(inputs, layers.LSTM(3, name="memory")(x))
    randomize(model, 3)
    plan = api.compile(model, sites=[0, 2, 9, 13, 19])
    assert set(plan.opaque) == {"gaps", "memory"}
    assert stops(plan)["gaps"]
    assert_matches_model(plan, model, gapped((2, 20)))


def test_what_computes_a_mask_nobody_reads_is_gone() -> None:
    inputs = keras.Input((20, 4))
    x = layers.Conv1D(3, 3, name="conv")(layers.Masking(name="masking")(inputs))
    lowered = lower(keras.Model(inputs, x))
    assert [node.name for node in lowered.module.main.nodes] == ["masking", "conv"]
    assert not lowered.opaque


def test_a_plan_with_masks_is_stored(tmp_path: Path) -> None:
    model = ZOO["masked_attention"]()
    plan = api.compile(model, sites=[0, 3, 11, 23])
    plan.save(tmp_path / "plan")
    loaded = api.load(tmp_path / "plan")
    given = random_inputs(plan.module.main)
    assert_matches_model(loaded, model, given)
    assert {k: (m.masked, m.masks) for k, m in loaded.opaque.items()} == {
        k: (m.masked, m.masks) for k, m in plan.opaque.items()
    }


class Eager(keras.Layer):
    """It makes a mask, and cannot be traced."""

    supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.convert_to_tensor(np.asarray(inputs).sum(-1) > 0)

    def call(self, x: Any) -> Any:
        return x

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def test_a_mask_that_cannot_be_found_out_is_an_error() -> None:
    inputs = keras.Input((20, 4))
    layer = Eager(name="eager")
    layer.compute_mask = lambda inputs, mask=None: None  # to build the model at all
    model = keras.Model(inputs, layer(inputs))
    del layer.compute_mask
    with pytest.raises(LoweringError, match="cannot tell whether a layer gives its results masks"):
        lower(model)


def test_a_mask_of_tokens_in_double_precision() -> None:
    """The mask of an embedding is computed in the embedding's own element type."""
    tokens = keras.Input((20,), dtype="int32")
    x = layers.Embedding(6, 5, mask_zero=True, dtype="float64")(tokens)
    model = keras.Model(tokens, layers.LSTM(3, dtype="float64", name="memory")(x))
    randomize(model, 3)
    plan = api.compile(model, sites=[0, 2, 9, 13, 19])
    assert set(plan.opaque) == {"memory"}
    assert stops(plan) == {"memory": READS}
    assert_matches_model(plan, model, random_inputs(plan.module.main))
