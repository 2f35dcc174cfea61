"""Steps behind which every position is changed: memories, attention, summaries spread out."""

from __future__ import annotations

from keras import layers, ops

from fastism.testing.drawing.walk import WIDEST, Tensor, Walk, drawn


@drawn("mixing", weight=2)
def memory(walk: Walk, x: Tensor) -> Tensor:
    """A recurrent layer, one or both ways."""
    kind = walk.choice([layers.LSTM, layers.GRU, layers.SimpleRNN])
    name, units = walk.name("memory", live=True), walk.between(1, 4)
    # Keras's own choice of recurrent weights cannot be drawn in bfloat16.
    options = {"return_sequences": True, "recurrent_initializer": "glorot_uniform"}
    if walk.chance(0.5):
        return layers.Bidirectional(kind(units, **options), name=name)(x)
    return kind(units, **options, go_backwards=walk.chance(0.3), name=name)(x)


@drawn("mixing", weight=2)
def attention(walk: Walk, x: Tensor) -> Tensor:
    """Attention over the positions, with a skip around it."""
    name = walk.name("attention", live=True)
    kind = walk.choice(["heads", "heads", "plain", "additive"])
    if kind == "heads":
        attended = layers.MultiHeadAttention(walk.between(1, 2), 3, name=name)(x, x)
    elif kind == "plain":
        attended = layers.Attention(name=name)([x, x])
    else:
        attended = layers.AdditiveAttention(name=name)([x, x])
    x = layers.Add(name=walk.name("add"))([x, attended])
    return layers.LayerNormalization(epsilon=0.01, name=walk.name("norm"))(x)


@drawn("mixing", weight=2)
def gate(walk: Walk, x: Tensor) -> Tensor:
    """Squeeze and excite: every position times a summary of all."""
    keep = walk.chance(0.5)
    pool = walk.choice([layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D])
    summary = pool(keepdims=keep, name=walk.name("squeeze"))(x)
    share = layers.Dense(x.shape[-1], activation="sigmoid", name=walk.name("excite"))(summary)
    return layers.Multiply(name=walk.name("gate"))([x, share])


@drawn("mixing", weight=2)
def spread(walk: Walk, x: Tensor) -> Tensor:
    """A vector that knows all positions, at every one of them."""
    length, channels = x.shape[1:]
    summary = walk.call(
        [
            lambda: ops.mean(x, axis=1),
            lambda: ops.max(x, axis=1),
            lambda: ops.sum(x * ops.softmax(x, axis=1), axis=1),
            lambda: x[:, length // 2],
            lambda: layers.Flatten(name=walk.name("flat"))(x),
        ]
    )
    vector = layers.Dense(channels, activation="tanh", name=walk.name("vector"))(summary)
    return walk.call(
        [
            lambda: layers.Add(name=walk.name("add"))([x, vector]),
            lambda: x + ops.expand_dims(vector, 1),
            lambda: x * layers.Reshape((1, channels), name=walk.name("reshape"))(vector),
            lambda: (
                layers.Concatenate(name=walk.name("beside"))(
                    [x, layers.RepeatVector(length, name=walk.name("repeat"))(vector)]
                )
                if channels <= WIDEST
                else x + ops.expand_dims(vector, 1)
            ),
        ]
    )


@drawn("mixing")
def projected(walk: Walk, x: Tensor) -> Tensor:
    """Positions made anew from all of them."""
    length = x.shape[1]
    flat = layers.Flatten(name=walk.name("flat"))(x)
    rows = layers.Dense(length * 2, activation="tanh", name=walk.name("project"))(flat)
    rows = layers.Reshape((length, 2), name=walk.name("rows"))(rows)
    return layers.Concatenate(name=walk.name("beside"))([x, rows]) if walk.chance(0.6) else rows
