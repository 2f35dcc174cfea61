"""The ancestor's interface: same arguments, same results."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import fastism
from fastism.errors import InputError, MismatchError, PassError
from tests.zoo import ENTRIES

LENGTH = 48


@pytest.fixture(scope="module")
def model():
    return ENTRIES["pool_even"].build()


@pytest.fixture(scope="module")
def sequences():
    letters = np.random.default_rng(0).integers(0, 4, (3, LENGTH))
    return np.eye(4, dtype=np.float32)[letters]


def by_hand(model, sequences, start, rows):
    """The model's own answer for one range, (B, *out)."""
    mutant = sequences.copy()
    mutant[:, start : start + len(rows)] = rows
    return np.asarray(model(mutant, training=False))


def test_zeros_at_every_position(model, sequences):
    found = fastism.FastISM(model)(sequences)
    assert found.shape == (3, LENGTH, *model.output_shape[1:])
    for start in (0, 1, 17, LENGTH - 1):
        wanted = by_hand(model, sequences, start, np.zeros((1, 4)))
        np.testing.assert_allclose(found[:, start], wanted, atol=1e-5)


def test_naive_and_compiled_agree(model, sequences):
    ranges = [(0, 3), (5, 8), (LENGTH - 3, LENGTH)]
    rows = np.eye(4)[[0, 3, 2]]
    fast = fastism.FastISM(model, change_ranges=ranges)(sequences, replace_with=rows)
    slow = fastism.NaiveISM(model, change_ranges=ranges)(sequences, replace_with=rows)
    assert fast.shape == slow.shape
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    np.testing.assert_allclose(fast[:, 1], by_hand(model, sequences, 5, rows), atol=1e-5)


def test_a_sequence_that_holds_the_replacement_keeps_its_reference(model, sequences):
    row = sequences[1, 7]
    found = fastism.FastISM(model, test_correctness=False)(sequences, replace_with=row)
    reference = fastism.compile(model)(sequences).reference
    assert np.array_equal(found[1, 7], reference[1])


def test_tensors_and_lists_of_them(model, sequences):
    ism = fastism.FastISM(model, test_correctness=False)
    np.testing.assert_array_equal(ism(tf.constant(sequences)), ism(sequences))
    two = fastism.FastISM(ENTRIES["two_sequences"].build(), seq_input_idx=1)
    assert two.test_correctness(batch_size=2, atol=1e-5)


def test_several_outputs_are_a_list():
    model = ENTRIES["local_and_global_outputs"].build()
    length = model.input_shape[1]
    found = fastism.FastISM(model)(np.eye(4, dtype=np.float32)[np.zeros((2, length), int)])
    assert isinstance(found, list)
    assert len(found) == len(model.outputs)


@pytest.mark.parametrize("stops", ["max_pooling1d", ["max_pooling1d"]])
def test_early_stop_layers(model, sequences, stops):
    stopped = fastism.FastISM(model, early_stop_layers=stops)
    modes = {n.name: n.mode for n in stopped.plan().stage["segmented"].main.nodes}
    assert modes["max_pooling1d"] == "whole"
    free = fastism.FastISM(model, test_correctness=False)
    np.testing.assert_allclose(stopped(sequences), free(sequences), atol=1e-5)


def test_test_correctness_says_yes_and_no(model, monkeypatch):
    ism = fastism.FastISM(model, test_correctness=False)
    assert ism.test_correctness(batch_size=2, replace_with=0, atol=1e-5)
    right = fastism.NaiveISM.__call__
    monkeypatch.setattr(fastism.NaiveISM, "__call__", lambda *a, **k: right(*a, **k) + 1.0)
    assert not ism.test_correctness(batch_size=2)
    with pytest.raises(MismatchError, match="disagree"):
        fastism.FastISM(model)


def test_refusals(model, sequences):
    with pytest.raises(InputError, match="replace_with has the shape"):
        fastism.FastISM(model, test_correctness=False)(sequences, replace_with=np.zeros((2, 4)))
    with pytest.raises(InputError, match="one width"):
        fastism.FastISM(model, change_ranges=[(0, 1), (2, 4)])
    with pytest.raises(PassError, match="no layer 'pol'"):
        fastism.FastISM(model, early_stop_layers="pol")


@pytest.mark.parametrize("ranges", [(0, 2), [0, 1], range(5), [(0.5, 2.0)], [], 3])
def test_ranges_that_are_no_pairs(model, ranges):
    with pytest.raises(InputError, match="change_ranges="):
        fastism.FastISM(model, change_ranges=ranges)


def test_ranges_in_an_array_and_an_input_by_name(model, sequences):
    name = model.inputs[0].name
    ism = fastism.FastISM(model, seq_input_idx=name, change_ranges=np.array([[0, 3], [9, 12]]))
    assert ism(sequences).shape[:2] == (3, 2)
    with pytest.raises(InputError, match="replace_with has the shape"):
        ism(sequences, replace_with="A")


def test_a_model_file(model, sequences, tmp_path):
    model.save(tmp_path / "model.keras")
    found = fastism.FastISM(tmp_path / "model.keras")(sequences)
    np.testing.assert_allclose(found, fastism.FastISM(model)(sequences), atol=1e-6)


def dilated(length, scale):
    """A BPNet of five dilated layers whose outputs reach about ``scale``."""
    inputs = x = tf.keras.Input((length, 4))
    x = tf.keras.layers.Conv1D(16, 21, padding="same", activation="relu")(x)
    for layer in range(5):
        rate = 2 ** (layer + 1)
        convolved = tf.keras.layers.Conv1D(
            16, 3, padding="same", dilation_rate=rate, activation="relu"
        )(x)
        x = tf.keras.layers.add([x, convolved])
    profile = tf.keras.layers.Conv1D(1, 25, padding="same")(x)
    return tf.keras.Model(inputs, tf.keras.layers.Rescaling(scale)(profile))


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_rounding_is_no_disagreement(scale):
    fastism.FastISM(dilated(60, scale))


def test_atol_is_added_to_the_share_of_the_scale(monkeypatch):
    model = dilated(60, 1.0)
    ism = fastism.FastISM(model, test_correctness=False)
    right = fastism.NaiveISM.__call__

    def off(self, *given, **options):
        found = right(self, *given, **options)
        return found + 1e-3 * np.abs(found).max()

    monkeypatch.setattr(fastism.NaiveISM, "__call__", off)
    assert not ism.test_correctness(batch_size=1)
    assert ism.test_correctness(batch_size=1, atol=1.0)
