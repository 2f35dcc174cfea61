"""Layers fastism has no rule for: they run live, and stop locality."""

from __future__ import annotations

from typing import Any

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


@keras.saving.register_keras_serializable(package="zoo")
class Running(keras.Layer):
    """Every position and all in front of it, on the average, by channel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), name="factor")

    def call(self, x: Any) -> Any:
        return ops.cumsum(x, axis=1) / x.shape[1] * self.factor


class OwnDense(layers.Dense):
    """A user's layer that derives from one of Keras and computes something else."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return super().call(x) ** 2


@keras.saving.register_keras_serializable(package="zoo")
class Subclassed(keras.Model):
    """A model without a graph of layers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.motifs = layers.Conv1D(5, 5, activation="relu")
        self.norm = layers.BatchNormalization()
        self.head = layers.Dense(2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.norm(self.motifs(x), training=training)
        return self.head(ops.max(x, axis=1))


@keras.saving.register_keras_serializable(package="zoo")
class OneByOne(Subclassed):
    """One whose code cannot be read: a loop over the sequences."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.norm(self.motifs(x), training=training)
        return self.head(ops.vectorized_map(lambda row: ops.max(row, axis=0), x))


def _trunk(inputs: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    return layers.MaxPooling1D(2)(x)


@small_model(opaque=["memory"])
def lstm() -> keras.Model:
    inputs = sequence()
    x = layers.LSTM(4, name="memory")(_trunk(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model(opaque=["both_ways"])
def bidirectional() -> keras.Model:
    """DanQ in small: a recurrent layer over every position, then a flatten."""
    inputs = sequence()
    memory = layers.Bidirectional(layers.GRU(3, return_sequences=True), name="both_ways")
    x = layers.Dropout(0.2)(memory(_trunk(inputs)))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model(opaque=["memory"])
def lstm_state() -> keras.Model:
    """A layer of several results."""
    inputs = sequence()
    memory = layers.LSTM(4, return_sequences=True, return_state=True, name="memory")
    steps, hidden, cell = memory(_trunk(inputs))
    track = layers.Conv1D(2, 3, padding="same", name="track")(steps)
    return keras.Model(inputs, [track, layers.Concatenate()([hidden, cell])])


@small_model(opaque=["attention"])
def transformer() -> keras.Model:
    inputs = sequence()
    x = _trunk(inputs)
    attended = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    x = layers.Add()([x, layers.Dense(6)(layers.Dense(8, activation="gelu")(x))])
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


@small_model()
def attention_pool() -> keras.Model:
    """A softmax over positions: a stop, made of ops that fastism knows."""
    inputs = sequence()
    x = _trunk(inputs)
    scores = layers.Softmax(axis=1, name="scores")(layers.Dense(1)(x))
    return keras.Model(inputs, layers.Dense(2)(ops.sum(x * scores, axis=1)))


@small_model(opaque=["running"])
def lambda_layer() -> keras.Model:
    inputs = sequence()
    # A restored Lambda has no module's names around it: operators alone.
    x = layers.Lambda(lambda value: (value * value + 0.5) ** value, name="running")(_trunk(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model(opaque=["sums"])
def custom_layers() -> keras.Model:
    inputs = sequence()
    x = Running(name="sums")(_trunk(inputs))
    x = OwnDense(3, name="own")(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model(opaque=["sums"])
def opaque_on_input() -> keras.Model:
    """No local part: the first layer is a stop."""
    inputs = sequence(30)
    x = layers.Conv1D(4, 3, activation="relu")(Running(name="sums")(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def subclassed() -> keras.Model:
    """Its code is read: the graph of its layers."""
    model = Subclassed(name="subclassed")
    model(ops.zeros((1, 30, 4)))
    return model


@small_model(opaque=["subclassed_unread"])
def subclassed_unread() -> keras.Model:
    model = OneByOne(name="subclassed_unread")
    model(ops.zeros((1, 30, 4)))
    return model


@small_model(opaque=["memory"])
def masked() -> keras.Model:
    """A mask that follows the values."""
    inputs = sequence(30)
    x = layers.LSTM(4, name="memory")(layers.Masking(name="masking")(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model(computes_in="float16")
def mixed_precision() -> keras.Model:
    """One layer that computes in half precision."""
    inputs = sequence(30)
    x = layers.Conv1D(5, 5, activation="relu")(inputs)
    x = layers.Dense(4, dtype="mixed_float16", name="half")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(ops.cast(x, "float32")))


@small_model()
def uncommon_options() -> keras.Model:
    """Layers of known classes, each with an option that takes several ops."""
    inputs = sequence(24)
    x = layers.Conv1D(4, 3, padding="same")(inputs)
    x = layers.PReLU(name="per_position")(x)
    x = layers.LayerNormalization(axis=1, name="axis_norm")(x)
    x = layers.Dense(4, activation="tanh_shrink", name="unknown_activation")(x)
    x = layers.Conv2D(3, (3, 2), activation="relu", name="two_dimensional")(
        layers.Reshape((24, 4, 1))(x)
    )
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def broadcast_ranks() -> keras.Model:
    """A vector added to every position by Keras's own rule for unequal ranks."""
    inputs = sequence(24)
    x = layers.Conv1D(4, 3, padding="same", activation="relu")(inputs)
    x = layers.Add(name="add")([x, layers.GlobalMaxPooling1D()(x)])
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))
