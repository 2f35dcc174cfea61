"""Token numbers that reach what counts them through other operations, or through code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import fastism
from fastism.errors import ModelError

LENGTH, TOKENS = 24, 5


class OneHot(keras.Layer):
    """One-hot rows, written in TensorFlow as most are."""

    def call(self, tokens: Any) -> Any:
        return tf.one_hot(tf.cast(tokens, tf.int32), TOKENS)


class OneHotShifted(keras.Layer):
    """Likewise in keras.ops, of the token that comes after."""

    def call(self, tokens: Any) -> Any:
        return ops.one_hot((tokens + 1) * 2, 2 * TOKENS + 1) * 2.0


class Pairs(keras.Layer):
    """Embeds pairs of neighbouring tokens: no token by itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.table = layers.Embedding(TOKENS * TOKENS, 3)

    def call(self, tokens: Any) -> Any:
        return self.table(tokens[:, :-1] * TOKENS + tokens[:, 1:])


class Subclassed(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.table = layers.Embedding(TOKENS, 3)
        self.head = layers.Dense(1)

    def call(self, tokens: Any) -> Any:
        return self.head(ops.max(self.table(tokens), axis=1))


class Unread(Subclassed):
    def call(self, tokens: Any) -> Any:
        rows = self.table(tokens)
        return self.head(ops.vectorized_map(lambda each: ops.max(each, axis=0), rows))


CUSTOM = {kind.__name__: kind for kind in (OneHot, OneHotShifted, Pairs, Unread)}


def of(read: Callable[[Any], Any], dtype: str = "int32") -> keras.Model:
    tokens = keras.Input((LENGTH,), dtype=dtype)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(read(tokens))
    return keras.Model(tokens, layers.Dense(2)(layers.Flatten()(x)))


def embedding(count: int = TOKENS) -> Any:
    return layers.Embedding(count, 4)


def subclassed(kind: type[keras.Model]) -> keras.Model:
    model = kind()
    model(np.zeros((1, LENGTH), "int32"))
    return model


def nested() -> keras.Model:
    inner = keras.Input((LENGTH,), dtype="int64")
    encoder = keras.Model(inner, embedding(TOKENS + 1)(inner + 1))
    return of(lambda t: encoder(ops.cast(t, "int64")))


READ: dict[str, Callable[[], keras.Model]] = {
    "cast": lambda: of(lambda t: embedding()(ops.cast(t, "int64"))),
    "from floats": lambda: of(lambda t: embedding()(ops.cast(t, "int32")), "float32"),
    "+ 1": lambda: of(lambda t: embedding(TOKENS + 1)(t + 1)),
    "twice, less one": lambda: of(lambda t: embedding(2 * TOKENS)(ops.cast(t, "int64") * 2 + 1)),
    "Lambda + 1": lambda: of(lambda t: embedding(TOKENS + 1)(layers.Lambda(lambda x: x + 1)(t))),
    "a layer of one-hot rows": lambda: of(OneHot()),
    "a layer of one-hot rows, shifted": lambda: of(OneHotShifted()),
    "Lambda of tf.one_hot": lambda: of(
        layers.Lambda(lambda t: tf.one_hot(t, TOKENS), output_shape=(LENGTH, TOKENS))
    ),
    "clip": lambda: of(lambda t: embedding()(ops.clip(t, 0, TOKENS - 1))),
    "remainder": lambda: of(lambda t: embedding()(t % TOKENS)),
    "IntegerLookup": lambda: of(
        lambda t: embedding()(layers.IntegerLookup(vocabulary=[1, 0, 3, 2])(t))
    ),
    "CategoryEncoding": lambda: of(layers.CategoryEncoding(TOKENS, output_mode="one_hot")),
    "nested": nested,
    "subclassed": lambda: subclassed(Subclassed),
    "both ways": lambda: of(
        lambda t: layers.Concatenate()([OneHot()(t), embedding(TOKENS + 1)(t + 1)])
    ),
}
WHOLE: dict[str, Callable[[], keras.Model]] = {
    "subclassed, unread": lambda: subclassed(Unread),
    "pairs": lambda: of(Pairs()),
    "less one": lambda: of(lambda t: embedding()(ops.maximum(t - 1, 0))),
    "compared": lambda: of(lambda t: ops.cast(ops.equal(t[..., None], np.arange(5)), "float32")),
}


def check(model: Any, given: Any, **options: Any) -> fastism.Plan:
    plan = fastism.compile(given, sites=[0, 11, LENGTH - 1], **options)
    tokens = np.random.default_rng(0).integers(0, TOKENS, (2, LENGTH)).astype("int32")
    scores = plan(tokens)
    assert len(plan.alternatives) == TOKENS
    for index, site in enumerate((0, 11, LENGTH - 1)):
        for token in range(TOKENS):
            mutant = tokens.copy()
            mutant[:, site] = token
            wanted = np.asarray(model(mutant))
            np.testing.assert_allclose(scores.alternate[:, index, token], wanted, atol=1e-5)
    return plan


def live(plan: fastism.Plan) -> set[str]:
    return {node.op for graph in plan.stages[0].graphs for node in graph.nodes} & {"opaque"}


@pytest.mark.parametrize("name", READ)
def test_tokens_are_followed_to_what_counts_them(name: str) -> None:
    model = READ[name]()
    assert not live(check(model, model))


@pytest.mark.parametrize("name", ["cast", "a layer of one-hot rows", "nested"])
def test_a_file_likewise(name: str, tmp_path: Path) -> None:
    model = READ[name]()
    model.save(tmp_path / "model.keras")
    assert not live(check(model, tmp_path / "model.keras", custom_objects=CUSTOM))


@pytest.mark.parametrize("name", WHOLE)
def test_what_counts_none_is_run_whole_when_the_tokens_are_named(name: str, tmp_path: Path) -> None:
    model = WHOLE[name]()
    plan = check(model, model, alternatives=list(range(TOKENS)))
    assert live(plan)
    plan.save(tmp_path / "plan")
    restored = fastism.load(tmp_path / "plan", custom_objects=CUSTOM)
    tokens = np.random.default_rng(1).integers(0, TOKENS, (2, LENGTH))
    np.testing.assert_allclose(restored(tokens).alternate, plan(tokens).alternate, atol=1e-6)


def test_the_message_says_how_to_name_them() -> None:
    with pytest.raises(ModelError, match=r"alternatives=\[0, 1, 2, 3, 4\]"):
        fastism.compile(WHOLE["compared"]())
