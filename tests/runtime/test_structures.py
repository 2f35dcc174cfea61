"""Inputs as the model takes them: dicts by their keys, nested, truths, whole numbers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from fastism import FastISM, api
from fastism.checking.check import check_plan
from fastism.errors import InputError, ModelError
from fastism.runtime.plan import Plan
from tests.compare import assert_matches_model

RANDOM = np.random.default_rng(0)
FIRST, SECOND = np.eye(4, dtype=np.float32)[RANDOM.integers(0, 4, (2, 2, 30))]
VECTOR = RANDOM.normal(size=(2, 3)).astype(np.float32)


def sequence(name: str | None = None, dtype: str | None = None) -> Any:
    return keras.Input((30, 4), name=name, dtype=dtype)


def track(x: Any) -> Any:
    x = layers.Conv1D(5, 5, padding="same", activation="relu")(x)
    return layers.Dense(2)(layers.GlobalMaxPooling1D()(x))


def held(model: keras.Model, given: Any, **options: Any) -> Plan:
    """A plan that was held against the model, alone and after it was saved."""
    plan = api.compile(model, **options)
    assert_matches_model(plan, model, given)
    check_plan(plan, model)
    return plan


def test_a_dict_goes_by_its_keys_whatever_the_inputs_are_called() -> None:
    one, other = sequence("y"), sequence("x")
    model = keras.Model({"x": one, "y": other}, layers.Subtract()([track(one), track(other)]))
    given = {"x": FIRST, "y": SECOND}
    plan = held(model, given)
    assert plan.module.seq_input == "x"
    expected = model.predict(given, verbose=0)
    np.testing.assert_allclose(plan(given)[0].reference, expected, atol=1e-6)
    assert held(model, given, seq_input="y").module.seq_input == "y"
    assert FastISM(model, seq_input_idx=1)(given).shape == (2, 30, 2)


def test_inputs_without_names_of_their_own(tmp_path: Any) -> None:
    one, other = sequence(), sequence()
    model = keras.Model({"ref": one, "alt": other}, layers.Add()([track(one), track(other)]))
    given = {"ref": FIRST, "alt": SECOND}
    plan = held(model, given, seq_input="ref")
    plan.save(tmp_path / "plan")
    assert_matches_model(api.load(tmp_path / "plan"), model, given)
    with pytest.raises(InputError, match="one of alt, ref"):
        api.compile(model, seq_input="dna")
    with pytest.raises(InputError, match="'ref' is missing"):
        plan({"alt": SECOND, "reference": FIRST})


@pytest.mark.parametrize("nest", [lambda a, b: {"a": a, "b": (b,)}, lambda a, b: [a, [b]]])
def test_nested_inputs(nest: Any) -> None:
    one, vector = sequence(), keras.Input((3,))
    model = keras.Model(nest(one, vector), layers.Concatenate()([track(one), vector]))
    plan = held(model, nest(FIRST, VECTOR))
    assert_matches_model(plan, model, [FIRST, VECTOR])
    names = [tensor._keras_history.operation.name for tensor in model.inputs]
    assert_matches_model(plan, model, dict(zip(names, [FIRST, VECTOR], strict=True)))


class Subclassed(keras.Model):
    """A model without a graph, called on a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.track, self.head = layers.Conv1D(5, 3), layers.Dense(2)

    def call(self, given: Any) -> Any:
        scale = ops.mean(given["cell"], axis=-1, keepdims=True)
        return self.head(ops.max(self.track(given["dna"]), axis=1)) * scale


def test_a_subclassed_model_keeps_its_keys() -> None:
    model = Subclassed()
    model({"dna": FIRST, "cell": VECTOR})
    plan = held(model, {"dna": FIRST, "cell": VECTOR}, seq_input="dna")
    assert list(plan.inputs({"dna": FIRST, "cell": VECTOR})) == ["cell", "dna"]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32"])
def test_one_hot_rows_of_other_types(dtype: str) -> None:
    given = sequence(dtype=dtype)
    model = keras.Model(given, track(ops.cast(given, "float32")))
    plan = held(model, FIRST.astype(dtype))
    assert_matches_model(plan, model, FIRST)
    with pytest.raises(InputError, match="not whole"):
        plan(0.5 * FIRST)
    with pytest.raises(InputError, match="not whole"):
        plan(FIRST, alternatives=np.full((1, 4), 0.25))
    with pytest.raises(InputError, match="not whole"):
        api.compile(model, alternatives="uniform")


@pytest.mark.parametrize("options", [{"batch_size": -1}, {"batch_size": 1.5}, {"memory": "2GB"}])
def test_counts_are_checked(options: dict[str, Any]) -> None:
    given = sequence()
    plan = api.compile(keras.Model(given, track(given)))
    with pytest.raises(InputError, match="whole number above zero"):
        plan(FIRST, **options)
    with pytest.raises(InputError, match="whole number above zero"):
        plan.score_items(FIRST, [0], [3], [1], **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"length": "30"}, "length must be a whole number"),
        ({"seq_input": None}, "seq_input must be a number or a name"),
        ({"stop_layers": 3}, "stop_layers must be a name"),
        ({"outputs": 5}, "outputs must be a name"),
        ({"outputs": ["dense", "dense"]}, "wanted twice"),
        ({"width": "2"}, "width must be a whole number"),
        ({"sites": slice(0.5, 3)}, "not of whole numbers"),
        ({"sites": slice(0, 9, 0)}, "does not run forwards"),
        ({"alternatives": ["A", "C"]}, "not rows of numbers"),
        ({"alternatives": [[1.0], [1.0, 2.0]]}, "not rows of numbers"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], match: str) -> None:
    keras.utils.clear_session(free_memory=False)
    given = sequence()
    with pytest.raises(InputError, match=match):
        api.compile(keras.Model(given, track(given)), **options)


def test_one_output_by_its_name() -> None:
    given = sequence()
    model = keras.Model(given, [layers.Dense(2, name="first")(track(given)), track(given)])
    assert api.compile(model, outputs="first").output_names == ("first",)


@pytest.mark.parametrize("given", [None, 3, b"model", keras.layers.Dense(2)])
def test_what_is_no_model(given: Any) -> None:
    with pytest.raises(ModelError, match="is no Keras model"):
        api.compile(given)


@pytest.mark.parametrize("given", [["ACGT"], [[[1.0]], [[1.0, 0.0]]], None])
def test_what_is_no_array(given: Any) -> None:
    x = sequence()
    plan = api.compile(keras.Model(x, track(x)), sites=[0])
    with pytest.raises(InputError, match="not an array of numbers"):
        plan(given)
