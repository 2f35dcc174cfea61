"""SavedModel folders without Keras's layers: a program of TensorFlow, run by what it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fastism import api
from fastism.errors import ModelError, PlanError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras, tf

LENGTH = 24
Array = npt.NDArray[np.float32]


def one_hot(count: int = 3) -> Array:
    return np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (count, LENGTH))]


def exported(folder: Path) -> keras.Model:
    """What ``model.export`` of Keras 3 writes, of two inputs and two outputs."""
    layers = keras.layers
    sequence = keras.Input((LENGTH, 4), name="sequence")
    track = keras.Input((LENGTH, 1), name="a_track")
    y = layers.Conv1D(6, 5, padding="same", activation="relu")(sequence)
    y = layers.Conv1D(6, 3, padding="same", dilation_rate=2)(layers.Concatenate()([y, track]))
    y = layers.BatchNormalization()(y)
    heads = {
        "profile": layers.Conv1D(2, 3)(y),
        "counts": layers.Dense(1)(layers.GlobalAveragePooling1D()(y)),
    }
    model = keras.Model({"sequence": sequence, "a_track": track}, heads)
    draws = np.random.default_rng(1)
    model.set_weights([draws.uniform(0.1, 0.6, w.shape) for w in model.get_weights()])
    model.export(folder, verbose=False)
    return model


class Scan(tf.Module):
    """A running product, written as a loop of TensorFlow, which no graph of layers expresses."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(np.random.default_rng(2).normal(size=(4, 3)).astype("float32"))

    def run(self, x: Any) -> Any:
        steps = tf.transpose(tf.nn.sigmoid(tf.matmul(x, self.kernel)), (1, 0, 2))
        return {"score": tf.scan(lambda a, b: 0.5 * a + b, steps)[-1]}


def saved(folder: Path, batch: int | None = None, length: int | None = LENGTH) -> Scan:
    """A folder that serves it, for any number of sequences or a fixed one."""
    module = Scan()
    spec = tf.TensorSpec((batch, length, 4), name="letters")
    served = tf.function(module.run).get_concrete_function(spec)
    tf.saved_model.save(module, str(folder), signatures=served)
    return module


def test_a_program_is_read_through_where_its_operations_are_known(tmp_path: Path) -> None:
    model, x = exported(tmp_path / "saved"), one_hot()
    track = np.random.default_rng(3).normal(size=(3, LENGTH, 1)).astype("float32")
    with pytest.raises(ModelError, match=r"would execute what is in the folder\n.*unsafe=True"):
        api.compile(tmp_path / "saved", seq_input="sequence")
    plan = api.compile(tmp_path / "saved", seq_input="sequence", unsafe=True)
    assert "opaque" not in {node.op for node in plan.stage["canonical"].main.nodes}
    assert [x.name for x in plan.stage["canonical"].main.inputs] == ["a_track", "sequence"]
    plan.save(tmp_path / "plan")
    scores = api.load(tmp_path / "plan")({"sequence": x, "a_track": track})  # no program in it
    x[:, 7] = (0, 0, 1, 0)
    for name, wanted in model.predict({"sequence": x, "a_track": track}, verbose=0).items():
        np.testing.assert_allclose(scores[name].alternate[:, 7, 2], wanted, rtol=1e-5)


@pytest.mark.parametrize("batch", [None, 2])
def test_a_program_that_is_not_read_runs_whole(tmp_path: Path, batch: int | None) -> None:
    module, x = saved(tmp_path / "saved", batch), one_hot()
    plan = api.compile(tmp_path / "saved", unsafe=True)
    assert [node.op for node in plan.stage["canonical"].main.nodes] == ["opaque"]
    assert [x.name for x in plan.stage["canonical"].main.inputs] == ["letters"]
    plan.save(tmp_path / "plan")
    with pytest.raises(PlanError, match=r"a TensorFlow program, which executes(.|\n)*unsafe=True"):
        api.load(tmp_path / "plan")
    scores = api.load(tmp_path / "plan", unsafe=True)(x)
    x[:, 7] = (0, 0, 1, 0)
    np.testing.assert_allclose(scores.alternate[:, 7, 2], module.run(x)["score"], atol=1e-6)


def test_a_program_for_batches_of_one_size_says_so_and_its_last_batch_may_be_smaller(
    tmp_path: Path,
) -> None:
    module, x = saved(tmp_path / "saved", batch=4), one_hot()
    plan = api.compile(tmp_path / "saved", unsafe=True, sites=[7])
    (layer,) = plan.opaque.values()
    assert layer.why == "it is a TensorFlow program for batches of exactly 4"
    scores = plan(x)  # twelve mutations in batches of four, three references in one
    np.testing.assert_allclose(scores.reference, module.run(x)["score"], atol=1e-6)
    for letter in range(4):
        x[:, 7] = np.eye(4)[letter]
        wanted = module.run(x)["score"]
        np.testing.assert_allclose(scores.alternate[:, 0, letter], wanted, atol=1e-6)


class Two(tf.Module):
    """A model of the sum of its letters, and of twice that, served by two names."""

    def letters(self, x: Any) -> Any:
        return {"score": tf.reduce_sum(x[:, :, 0], 1, keepdims=True)}

    def doubled(self, x: Any) -> Any:
        return {"score": 2.0 * tf.reduce_sum(x[:, :, 0], 1, keepdims=True)}


def serves_two(folder: Path) -> None:
    module, spec = Two(), tf.TensorSpec((None, LENGTH, 4), name="x")
    functions = {name: tf.function(getattr(module, name)) for name in ("letters", "doubled")}
    named = {name: f.get_concrete_function(spec) for name, f in functions.items()}
    tf.saved_model.save(module, str(folder), signatures=named)


def test_which_of_several_signatures_is_the_model(tmp_path: Path) -> None:
    folder, x = tmp_path / "saved", one_hot()
    serves_two(folder)
    with pytest.raises(
        ModelError, match=r"'serving_default' \(but doubled, letters\)\n.*which: sig"
    ):
        api.compile(folder, unsafe=True)
    with pytest.raises(ModelError, match=r"'double' \(but doubled.*\n.*did you mean 'doubled'"):
        api.compile(folder, unsafe=True, signature="double")
    with pytest.raises(ModelError, match=r"would execute what is in the folder"):
        api.compile(folder, signature="doubled")
    once, twice = (
        api.compile(folder, unsafe=True, signature=name)(x).alternate
        for name in ("letters", "doubled")
    )
    assert once[0, 0, 0, 0] == x[0, 1:, 0].sum() + 1
    np.testing.assert_array_equal(twice, 2 * once)


def test_a_file_that_serves_nothing_has_no_signature(tmp_path: Path) -> None:
    inputs = keras.Input((LENGTH, 4))
    keras.Model(inputs, keras.layers.Conv1D(2, 3)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="no signature 'a': only a SavedModel folder serves"):
        load_model(tmp_path / "model.keras", signature="a")


def test_a_program_for_any_length(tmp_path: Path) -> None:
    module, x = saved(tmp_path / "saved", length=None), one_hot()
    plan = api.compile(tmp_path / "saved", unsafe=True, length=LENGTH, sites=[3])
    plan.save(tmp_path / "plan")
    scores = api.load(tmp_path / "plan", unsafe=True)(x)
    np.testing.assert_allclose(scores.reference, module.run(x)["score"], atol=1e-6)


def test_another_process_restores_what_fastism_adds_to_keras(tmp_path: Path) -> None:
    saved(tmp_path / "saved")
    api.compile(tmp_path / "saved", unsafe=True, sites=[3]).save(tmp_path / "plan")
    code = f"from fastism import load; print(load({str(tmp_path / 'plan')!r}, unsafe=True).opaque)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "program" in run.stdout


def words(x: Any) -> Any:
    return {"score": tf.strings.length(x)}


def halves(x: Any, y: Any) -> Any:
    return {"score": x[:, 0] * y}


@pytest.mark.parametrize(
    ("function", "specs", "why"),
    [
        (None, (), "no signature 'serving_default' and no other"),
        (words, [tf.TensorSpec((None,), tf.string)], r"input 'x' .*\n.*not an array of numbers"),
        (
            halves,
            [tf.TensorSpec((None, LENGTH, 4)), tf.TensorSpec((1,))],
            r"not for the same number of sequences: x \(None, 24, 4\), y \(1,\)",
        ),
    ],
)
def test_a_program_that_serves_no_predictions(
    tmp_path: Path, function: Any, specs: Any, why: str
) -> None:
    served = function and tf.function(function).get_concrete_function(*specs)
    tf.saved_model.save(tf.Module(), str(tmp_path / "saved"), signatures=served)
    with pytest.raises(ModelError, match=why):
        load_model(tmp_path / "saved", unsafe=True)


def test_a_program_with_a_table(tmp_path: Path) -> None:
    module = tf.Module()
    pairs = tf.lookup.KeyValueTensorInitializer([0, 1], [1.0, 2.0])
    module.table = tf.lookup.StaticHashTable(pairs, 0.0)
    look_up = tf.function(lambda x: {"score": module.table.lookup(x)})
    served = look_up.get_concrete_function(tf.TensorSpec((None, LENGTH), tf.int32, name="x"))
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=served)
    with pytest.raises(ModelError, match="reads tables or other state"):
        load_model(tmp_path / "saved", unsafe=True)


def test_a_damaged_program(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"TensorFlow says: .*saved_model\.pb"):
        load_model(tmp_path / "saved", unsafe=True)


def test_a_program_is_reduced_like_a_model(tmp_path: Path) -> None:
    exported(tmp_path / "saved")
    options = {"seq_input": "sequence", "unsafe": True, "outputs": ["profile"]}
    whole, summed = (
        api.compile(tmp_path / "saved", sites=[5], **options, **asked)
        for asked in ({}, {"target": 1, "reduce": "sum"})
    )
    given = {"sequence": one_hot(), "a_track": np.ones((3, LENGTH, 1), "float32")}
    wanted = whole(given).alternate[..., 1].sum(axis=3)
    np.testing.assert_allclose(summed(given).alternate.reshape(wanted.shape), wanted, atol=1e-5)
