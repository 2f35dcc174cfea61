"""Random Keras models over sequences: every layer the compiler follows, joined in any order.

    model = random_model(7)            # the same model, weights included, for the same seed
    model = random_model(7, depth=1)   # its first step alone, under the same heads

A model is a walk: each step takes a value (N, L, C) to another. Steps that branch take smaller
walks, and crop or pad what they end with so that the branches meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import layers

from fastism.testing.random_layers import LOCAL, Tensor, Walk, meet

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

DEEPEST = 6
"""Steps of the trunk, at most."""


def models(depth: int = DEEPEST) -> SearchStrategy[keras.Model]:
    """A hypothesis strategy of models; it shrinks towards fewer steps."""
    from hypothesis import strategies

    return strategies.builds(
        lambda steps, seed: random_model(seed, depth=steps),
        strategies.integers(0, depth),
        strategies.integers(0, 2**32 - 1),
    )


def random_depth(seed: int) -> int:
    """The steps `random_model` takes for a seed, unless told otherwise."""
    return int(np.random.default_rng((seed, 0)).integers(1, DEEPEST + 1))


def random_model(seed: int, *, depth: int | None = None) -> keras.Model:
    """A model with inputs (N, L, 4), L from 20 to 70, and one to three outputs.

    Some have a second input: another sequence, or a vector. Weights are random, biases and
    statistics too. ``depth`` overrides the number of steps and nothing before them.
    """
    walk = Walk(np.random.default_rng((seed, 1)))
    length = walk.between(20, 70)
    sequence = keras.Input((length, 4), name="sequence")
    inputs, x = _with_second(walk, sequence)
    for _ in range(random_depth(seed) if depth is None else depth):
        x = step(walk, x)
    heads = Walk(np.random.default_rng((seed, 2)), prefix="head_")  # the same at every depth
    outputs = [_head(heads, x, inputs) for _ in range(heads.between(1, 3))]
    model = keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
    randomize(model, seed)
    return model


def step(walk: Walk, x: Tensor) -> Tensor:
    """One step: mostly a single layer, now and then a branch, a nested model or a shared layer."""
    steps = [*LOCAL] * 2 + [_branch, _branch, _gate, _nested, _shared]
    return walk.choice(steps)(walk, x)


def randomize(model: keras.Model, seed: int) -> None:
    """Give every weight a value of its own: no zero bias, no unit scale, no unit variance."""
    random = np.random.default_rng((seed, 3))
    for variable in model.variables:
        shape = tuple(variable.shape)
        if not keras.backend.is_float_dtype(variable.dtype):
            continue
        if variable.name in ("gamma", "moving_variance"):
            value = random.uniform(0.5, 1.5, shape)
        elif len(shape) < 2:
            value = random.normal(0.0, 0.3, shape)
        else:
            value = random.normal(0.0, 1.0, shape) / np.sqrt(np.prod(shape[:-1]))
        variable.assign(value)


def _with_second(walk: Walk, sequence: Tensor) -> tuple[list[Tensor], Tensor]:
    """The inputs, and the value the trunk starts from."""
    kind = walk.choice(["none", "none", "none", "vector", "sequence"])
    if kind == "vector":
        return [sequence, keras.Input((3,), name="vector")], sequence
    if kind == "sequence":
        other = keras.Input((walk.between(20, 70), 2), name="track")
        joined = meet(walk, [walk.choice(LOCAL)(walk, sequence), walk.choice(LOCAL)(walk, other)])
        return [sequence, other], joined
    return [sequence], sequence


def _branch(walk: Walk, x: Tensor) -> Tensor:
    """Two or three ways from one value, and one value again; a way may be the value itself."""
    ways = [x] if walk.random.random() < 0.4 else []
    for _ in range(walk.between(2 - len(ways), 3 - len(ways))):
        way = x
        for _ in range(walk.between(1, 2)):
            way = walk.choice(LOCAL)(walk, way)
        ways.append(way)
    return meet(walk, ways)


def _gate(walk: Walk, x: Tensor) -> Tensor:
    """Squeeze and excite: every position times a summary of all."""
    pool = walk.choice([layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D])
    summary = pool(keepdims=True, name=walk.name("squeeze"))(x)
    gate = layers.Dense(x.shape[-1], activation="sigmoid", name=walk.name("excite"))(summary)
    return layers.Multiply(name=walk.name("gate"))([x, gate])


def _nested(walk: Walk, x: Tensor) -> Tensor:
    """A model within the model."""
    inner = keras.Input(x.shape[1:])
    y = walk.choice(LOCAL)(walk, walk.choice(LOCAL)(walk, inner))
    return keras.Model(inner, y, name=walk.name("nested"))(x)


def _shared(walk: Walk, x: Tensor) -> Tensor:
    """One layer, called on two values."""
    width = walk.between(1, 5)
    layer = layers.Conv1D(x.shape[-1], width, padding="same", name=walk.name("shared"))
    return meet(walk, [layer(x), layer(layers.Activation("tanh", name=walk.name("tanh"))(x))])


def _head(walk: Walk, x: Tensor, inputs: list[Tensor]) -> Tensor:
    """A local output, or one that pools or flattens everything."""
    kind = walk.choice(["local", "flatten", "flatten", "average", "maximum", "last"])
    if kind == "last":
        return walk.choice(LOCAL)(walk, x)
    if kind == "local":
        return layers.Conv1D(2, walk.between(1, min(3, x.shape[1])), name=walk.name("local"))(x)
    if kind == "flatten":
        x = layers.Flatten(name=walk.name("flatten"))(x)
    elif kind == "average":
        x = layers.GlobalAveragePooling1D(name=walk.name("average"))(x)
    else:
        x = layers.GlobalMaxPooling1D(name=walk.name("maximum"))(x)
    vector = [tensor for tensor in inputs if len(tensor.shape) == 2]
    if vector:
        x = layers.Concatenate(name=walk.name("with_vector"))([x, *vector])
    if walk.random.random() < 0.5:
        x = layers.Dense(5, activation="relu", name=walk.name("hidden"))(x)
    activation = walk.choice(["linear", "softmax", "sigmoid"])
    return layers.Dense(3, activation=activation, name=walk.name("out"))(x)


__all__ = ["models", "random_depth", "random_model", "randomize"]
