"""Branches that part and meet: skips, dense connections, gates, several inputs."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _conv(filters: int, width: int, **options: object) -> keras.Layer:
    options = {"padding": "same", "activation": "relu", **options}
    return layers.Conv1D(filters, width, **options)


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def skip_add() -> keras.Model:
    inputs = sequence()
    x = _conv(5, 5)(inputs)
    x = layers.Add()([x, _conv(5, 3)(x)])
    x = layers.Add()([x, _conv(5, 3, dilation_rate=3)(x), _conv(5, 1)(inputs)])
    return keras.Model(inputs, _flat(x))


@small_model()
def skip_from_input() -> keras.Model:
    inputs = sequence()
    return keras.Model(inputs, _flat(layers.Add()([inputs, _conv(4, 7)(inputs)])))


@small_model()
def skip_cropped() -> keras.Model:
    """Valid convolutions, and crops that keep the skip aligned."""
    inputs = sequence(50)
    x = _conv(5, 5, padding="valid")(inputs)
    y = _conv(5, 3, padding="valid", dilation_rate=2)(x)
    x = layers.Add()([y, layers.Cropping1D(2)(x)])
    y = _conv(5, 4, padding="valid")(x)
    x = layers.Add()([y, layers.Cropping1D((1, 2))(x)])
    return keras.Model(inputs, _flat(x))


@small_model()
def skip_shifted() -> keras.Model:
    """A sum of shifted copies: one base changes two stretches."""
    inputs = sequence()
    x = _conv(5, 3)(inputs)
    left, right = layers.Cropping1D((0, 12))(x), layers.Cropping1D((12, 0))(x)
    return keras.Model(inputs, _flat(layers.Add()([left, right])))


@small_model()
def dense_net() -> keras.Model:
    inputs = x = sequence()
    for filters in (5, 4, 3):
        x = layers.Concatenate()([x, _conv(filters, 3)(x)])
    return keras.Model(inputs, _flat(layers.MaxPooling1D(4)(x)))


@small_model()
def inception() -> keras.Model:
    """Branches of different widths and pools, joined over channels."""
    inputs = sequence()
    x = _conv(6, 3)(inputs)
    branches = [_conv(3, 1)(x), _conv(3, 5)(x), _conv(3, 3, dilation_rate=4)(x)]
    branches.append(layers.MaxPooling1D(3, strides=1, padding="same")(x))
    return keras.Model(inputs, _flat(layers.Concatenate(axis=-1)(branches)))


@small_model()
def subtract_average() -> keras.Model:
    inputs = sequence()
    a, b = _conv(5, 5)(inputs), _conv(5, 3, activation="tanh")(inputs)
    x = layers.Subtract()([a, b])
    return keras.Model(inputs, _flat(layers.Average()([x, a, b])))


@small_model()
def maximum_minimum() -> keras.Model:
    inputs = sequence()
    a, b, c = (_conv(5, width, activation=None)(inputs) for width in (3, 5, 8))
    x = layers.Minimum()([layers.Maximum()([a, b]), c])
    return keras.Model(inputs, _flat(_conv(4, 3)(x)))


@small_model()
def multiply_gate() -> keras.Model:
    inputs = sequence()
    x = _conv(5, 3)(inputs)
    gate = _conv(5, 5, activation="sigmoid")(x)
    return keras.Model(inputs, _flat(layers.Multiply()([x, gate])))


@small_model()
def squeeze_excite() -> keras.Model:
    """A gate from the whole length, broadcast back over it."""
    inputs = sequence()
    x = _conv(6, 5)(inputs)
    gate = layers.GlobalAveragePooling1D(keepdims=True)(x)
    gate = layers.Dense(3, activation="relu")(gate)
    gate = layers.Dense(6, activation="sigmoid")(gate)
    return keras.Model(inputs, _flat(layers.Multiply()([x, gate])))


@small_model()
def concatenate_positions() -> keras.Model:
    """Joined along the sequence axis, and flattened right there."""
    inputs = sequence()
    x, y = _conv(4, 3)(inputs), _conv(4, 5, strides=2)(inputs)
    return keras.Model(inputs, _flat(layers.Concatenate(axis=1)([x, y])))


@small_model()
def two_sequences() -> keras.Model:
    """The second input meets the first before any stop layer."""
    inputs, track = sequence(), keras.Input((40, 2), name="track")
    x = layers.Concatenate()([_conv(5, 5)(inputs), _conv(3, 3)(track)])
    return keras.Model([inputs, track], _flat(_conv(4, 3)(x)))


@small_model()
def two_inputs_late() -> keras.Model:
    """A vector input that joins after the flatten."""
    inputs, cell = sequence(), keras.Input((3,), name="cell")
    x = layers.Flatten()(layers.MaxPooling1D(4)(_conv(5, 5)(inputs)))
    x = layers.Concatenate()([x, layers.Dense(4, activation="relu")(cell)])
    return keras.Model([inputs, cell], layers.Dense(2, name="head")(x))


@small_model()
def two_inputs_dict() -> keras.Model:
    """Inputs and outputs as dicts, the sequence not first."""
    inputs, bias = sequence(name="sequence"), keras.Input((40, 1), name="bias_track")
    x = _conv(5, 7)(inputs)
    profile = layers.Add(name="sum")([layers.Conv1D(1, 3, padding="same")(x), bias])
    counts = layers.Dense(1, name="total")(layers.GlobalAveragePooling1D()(x))
    structure = {"sequence": inputs, "bias_track": bias}
    return keras.Model(structure, {"profile": profile, "counts": counts})


@small_model()
def input_without_effect() -> keras.Model:
    """One output the edited input cannot reach."""
    inputs, cell = sequence(), keras.Input((6,), name="cell")
    return keras.Model([inputs, cell], [_flat(_conv(4, 5)(inputs)), layers.Dense(2)(cell)])


@small_model()
def conv_and_dense_meet() -> keras.Model:
    """A local branch and a whole branch that meet again."""
    inputs = sequence()
    x = _conv(5, 5)(inputs)
    local = layers.Flatten()(_conv(2, 3)(x))
    whole = layers.Dense(7, activation="relu")(layers.Flatten()(inputs))
    x = layers.Concatenate()([local, whole])
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def conv_plus_projected() -> keras.Model:
    """A dense branch reshaped back to positions, added to a local one."""
    inputs = sequence(30)
    x = _conv(3, 5)(inputs)
    whole = layers.Reshape((30, 3))(layers.Dense(90)(layers.Flatten()(inputs)))
    return keras.Model(inputs, _flat(_conv(4, 3)(layers.Add()([x, whole]))))
