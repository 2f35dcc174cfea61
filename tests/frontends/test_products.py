"""Products, however they are written: with weights, or of two tensors, summed over an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from fastism import api
from fastism.checking.check import check_plan
from fastism.testing.random_models import randomize

LENGTH, CHANNELS = 24, 6


class Written(keras.Layer):
    """Code on tensors, with a kernel of its own."""

    def __init__(self, code: Callable[..., Any], *shape: int) -> None:
        super().__init__()
        self.code = code
        self.kernel = self.add_weight(shape=shape or (1, 1), name="kernel")

    def call(self, *tensors: Any) -> Any:
        return self.code(*tensors, self.kernel)


def local(filters: int = CHANNELS) -> tuple[Any, Any]:
    inputs = keras.Input((LENGTH, 4), name="sequence")
    return inputs, layers.Conv1D(filters, 5, padding="same", activation="relu")(inputs)


def held(inputs: Any, outputs: Any) -> list[str]:
    """The canonical ops of a model whose plan scores as the model itself does."""
    model = keras.Model(inputs, outputs)
    randomize(model, 3)
    plan = api.compile(model, backend="reference", sites=[0, 11, LENGTH - 1])
    check_plan(plan, model, sequences=1)
    return [node.op for node in plan.stage["canonical"].main.nodes]


def attention(scores: Any) -> Any:
    return ops.softmax(scores, axis=1)


POOLED: dict[str, Callable[[Any, Any], Any]] = {
    "Dot": lambda a, h: layers.Dot(axes=1)([a, h]),
    "Dot of turned weights": lambda a, h: layers.Dot(axes=(2, 1))([layers.Permute((2, 1))(a), h]),
    "Dot, values first": lambda a, h: layers.Dot(axes=(1, 1))([h, a]),
    "Dot of rows": lambda a, h: layers.Dot(axes=(1, 1))([layers.Reshape((LENGTH,))(a), h]),
    "matmul": lambda a, h: ops.matmul(ops.transpose(a, (0, 2, 1)), h),
    "einsum": lambda a, h: ops.einsum("bnk,bnc->bkc", a, h),
    "einsum, turned": lambda a, h: ops.einsum("bnk,bnc->bck", a, h),
    "einsum of rows": lambda a, h: ops.einsum("bn,bnc->bc", ops.squeeze(a, -1), h),
    "tf.matmul": lambda a, h: Written(lambda x, y, _: tf.matmul(x, y, transpose_a=True))(a, h),
    "tf.einsum": lambda a, h: Written(lambda x, y, _: tf.einsum("bnk,bnc->bkc", x, y))(a, h),
}


@pytest.mark.parametrize("how", POOLED)
def test_attention_that_pools_reads_its_window(how: str) -> None:
    inputs, x = local(11)
    scores = attention(layers.Dense(1)(layers.Dense(5, activation="tanh")(x)))
    pooled = POOLED[how](scores, x)
    found = held(inputs, layers.Dense(2)(layers.Flatten()(pooled)))
    assert "softmax_pool" in found
    assert "opaque" not in found


@pytest.mark.parametrize("heads", [1, 3, 9])
def test_as_many_heads_as_pay_are_pools(heads: int) -> None:
    inputs, x = local(11)
    pooled = layers.Dot(axes=1)([attention(layers.Dense(heads)(x)), x])
    assert tuple(pooled.shape) == (None, heads, 11)
    found = held(inputs, layers.Dense(2)(layers.Flatten()(pooled)))
    assert found.count("opaque") == (heads == 9)
    assert found.count("softmax_pool") == heads % 9


class Queries(keras.Layer):
    """Learned queries that attend to all positions."""

    def build(self, shape: Any) -> None:
        self.queries = self.add_weight(shape=(4, shape[-1]), name="queries")

    def call(self, x: Any) -> Any:
        weights = tf.nn.softmax(tf.einsum("qd,bnd->bqn", self.queries, x), axis=-1)
        return tf.einsum("bqn,bnd->bqd", weights, x)


def test_every_query_is_a_pool() -> None:
    inputs, x = local(11)
    found = held(inputs, layers.Dense(2)(layers.Flatten()(Queries()(x))))
    assert found.count("softmax_pool") == 4
    assert "permute" not in found


def test_two_towers_meet_in_their_product() -> None:
    inputs, x = local()
    other = keras.Input((7,), name="other")
    match = layers.Dot(axes=1)([layers.GlobalMaxPooling1D()(x), layers.Dense(CHANNELS)(other)])
    assert "opaque" not in held([inputs, other], match)
    cosine = layers.Dot(axes=1, normalize=True)([layers.GlobalMaxPooling1D()(x), other[:, :6]])
    assert "opaque" in held([inputs, other], cosine)


SUBSCRIPTS = {
    "blc,cd->bld": (6, 5),
    "blc,dc->bld": (5, 6),
    "...c,cd->...d": (6, 5),
    "blc,ch->bhl": (6, 5),
    "blc,lcd->bd": (LENGTH, 6, 5),
    "blc,ld->bdc": (LENGTH, 5),
    "blc,ncd->blnd": (2, 6, 5),
    "blc,cnd->bldn": (6, 2, 5),
    "blc,lc->blc": (LENGTH, 6),
    "blc,cl->bc": (6, LENGTH),
    "blc,l->bcl": (LENGTH,),
    "blc,lc->bl": (LENGTH, 6),
}


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_products_with_weights_in_any_order(subscripts: str) -> None:
    inputs, x = local()
    written = Written(lambda value, kernel: ops.einsum(subscripts, value, kernel))
    written.kernel = written.add_weight(shape=SUBSCRIPTS[subscripts], name="weights")
    assert "opaque" not in held(inputs, layers.Flatten()(written(x)))


@pytest.mark.parametrize("subscripts", ["blc,lcd->bld", "blc,cc->bl", "blc,d->bld"])
def test_other_sums_stay_as_they_are(subscripts: str) -> None:
    shapes = {"blc,lcd->bld": (LENGTH, 6, 5), "blc,cc->bl": (6, 6), "blc,d->bld": (5,)}
    inputs, x = local()
    written = Written(lambda value, kernel: tf.einsum(subscripts, value, kernel))
    written.kernel = written.add_weight(shape=shapes[subscripts], name="weights")
    assert "opaque" in held(inputs, layers.Flatten()(written(x)))


class Block(keras.Layer):
    """A layer of Keras among operations of TensorFlow."""

    def __init__(self, filters: int, groups: int, dilation: int) -> None:
        super().__init__()
        options = {"groups": groups, "dilation_rate": dilation, "padding": "causal"}
        self.inner = layers.Conv1D(filters, 3, **options)

    def call(self, x: Any) -> Any:
        return tf.nn.relu(self.inner(tf.reverse(x, axis=[1])))


@pytest.mark.parametrize(("groups", "filters"), [(6, 6), (6, 12), (3, 6)])
def test_grouped_convolutions_inside_code(groups: int, filters: int) -> None:
    inputs, x = local()
    dilation = 3 if groups == 3 else 1
    found = held(inputs, Block(filters, groups, dilation)(x))
    assert "opaque" not in found
