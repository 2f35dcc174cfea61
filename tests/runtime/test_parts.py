"""Values split, joined, turned and pooled by ``keras.ops``, and layers with several results."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers, ops

from tests.runtime.functions import LENGTH, Function, assert_stops, model_of, stops_of, weights

HALF = LENGTH // 2


class GatedBy(keras.Layer):
    """Two results, of which the caller makes one."""

    def build(self, shape: Any) -> None:
        self.value, self.gate = layers.Dense(3), layers.Dense(3, activation="sigmoid")
        self.value.build(shape)
        self.gate.build(shape)

    def call(self, x: Any) -> Any:
        return {"value": self.value(x), "gate": self.gate(x), "input": x}


class AttentionPool(keras.Layer):
    """Neighbours pooled by weights that depend on them, as Enformer does."""

    def build(self, shape: Any) -> None:
        self.logits = self.add_weight(shape=(shape[-1], shape[-1]), name="logits")

    def call(self, x: Any) -> Any:
        pairs = ops.reshape(x, (-1, x.shape[1] // 2, 2, x.shape[-1]))
        scores = ops.softmax(ops.matmul(pairs, self.logits), axis=-2)
        return ops.sum(pairs * scores, axis=-2)


def gated(x: Any) -> Any:
    parts = GatedBy()(x)
    return ops.concatenate([parts["value"] * parts["gate"], parts["input"]], axis=-1)


def pairs(x: Any) -> Any:
    return ops.reshape(x, (-1, HALF, 2, x.shape[-1]))


def halves(x: Any) -> Any:
    value, gate = ops.split(x, 2, axis=-1)
    return value * ops.sigmoid(gate)


def strands(x: Any) -> Any:
    ahead, behind = ops.split(x, [9], axis=1)
    return ops.concatenate([behind, ahead], axis=1)


def standardized(x: Any) -> Any:
    mean, variance = ops.moments(x, axes=[-1], keepdims=True)
    return (x - mean) / ops.sqrt(variance + 0.1)


def unstacked(x: Any) -> Any:
    first, *rest = ops.unstack(x, axis=2)
    return ops.stack([rest[-1], first, first], axis=-1)


LOCAL: dict[str, Function] = {
    "split_channels": halves,
    "split_uneven": lambda x: ops.concatenate(ops.split(x, [1, 3], axis=2)[::-1], axis=-1),
    "split_positions": strands,
    "array_split": lambda x: ops.array_split(x, 3, axis=1)[1],
    "unstack": unstacked,
    "unstack_positions_apart": lambda x: ops.unstack(pairs(x), axis=2)[1],
    "stack_channels": lambda x: ops.reshape(ops.stack([x, x * x], axis=2), (-1, LENGTH, 8)),
    "moments": standardized,
    "several_results": gated,
    "tile_channels": lambda x: ops.tile(x, (1, 1, 3)),
    "tile_positions": lambda x: ops.tile(x, [2, 1]),
    "roll_positions": lambda x: ops.roll(x, 3, axis=1),
    "roll_back": lambda x: x + ops.roll(x, -2, axis=-2),
    "roll_channels": lambda x: x * ops.roll(x, 1, axis=-1),
    "take_channels": lambda x: ops.take(x, [3, 1, 0, 0, -1], axis=-1),
    "take_positions": lambda x: ops.take(x, [*range(0, 20, 2), 5, 4, 3], axis=1),
    "take_channel": lambda x: ops.expand_dims(ops.take(x, 2, axis=-1), -1),
    "slice_between": lambda x: pairs(x)[:, :, 0],
    "slice_between_backwards": lambda x: ops.reshape(pairs(x)[:, :, ::-1], (-1, LENGTH, 4)),
    "move_axis": lambda x: ops.reshape(ops.moveaxis(pairs(x), -1, 2), (-1, HALF, 8)),
    "any": lambda x: x * ops.cast(ops.any(x > 0.3, axis=-1, keepdims=True), "float32"),
    "all": lambda x: ops.where(ops.all(x < 0.3, axis=-1, keepdims=True), x, -1.0),
    "norm": lambda x: x / (1.0 + ops.norm(x, axis=-1, keepdims=True)),
    "average": lambda x: x - ops.expand_dims(ops.average(x, axis=-1), -1),
    "mean_between": lambda x: ops.mean(pairs(x), axis=2),
    "sum_between": lambda x: ops.sum(pairs(x), axis=-2),
    "max_between": lambda x: ops.max(pairs(x), axis=2),
    "variance_between": lambda x: ops.var(pairs(x), axis=2),
    "softmax_between": lambda x: ops.reshape(ops.softmax(pairs(x), axis=2), (-1, LENGTH, 4)),
    "mean_between_and_channels": lambda x: ops.mean(pairs(x), axis=(2, 3))[..., None],
    "attention_pool": lambda x: AttentionPool()(x),
    "max_pool": lambda x: ops.max_pool(x, 3, 2, padding="same"),
    "average_pool": lambda x: ops.average_pool(x, 4),
    "depthwise": lambda x: ops.depthwise_conv(x, weights(3, 4, 2), padding="same"),
    "separable": lambda x: ops.separable_conv(x, weights(3, 4, 2), weights(1, 8, 3)),
    "batch_norm_op": lambda x: ops.batch_normalization(
        x, weights(4), weights(4), axis=-1, offset=weights(4), scale=weights(4)
    ),
    "batch_norm_op_positions": lambda x: ops.batch_normalization(
        x, weights(LENGTH), weights(LENGTH), axis=1
    ),
    "einsum": lambda x: ops.einsum("abc,cd->abd", x, weights(4, 3)),
    "einsum_heads": lambda x: ops.reshape(
        ops.einsum("nlc,cde->nlde", x, weights(4, 2, 3)), (-1, LENGTH, 6)
    ),
    "einsum_dots": lambda x: ops.einsum("...c,cd->...d", x, weights(4, 3)),
    "einsum_dense": lambda x: layers.EinsumDense(
        "abc,cd->abd", (None, 5), bias_axes="d", activation="relu"
    )(x),
    "pad_reflect": lambda x: ops.pad(x, [[0, 0], [3, 2], [0, 0]], mode="reflect"),
    "pad_symmetric": lambda x: ops.pad(x, [[0, 0], [0, 4], [0, 0]], mode="symmetric"),
    "einsum_of_pairs": lambda x: ops.einsum("nlpc,pcd->nld", pairs(x), weights(2, 4, 3)),
    "time_distributed_model": lambda x: layers.TimeDistributed(
        keras.Sequential([layers.Dense(3, activation="relu"), layers.Dense(2)])
    )(x),
    "tensordot": lambda x: ops.tensordot(x, weights(4, 3), axes=[[2], [0]]),
    "spectral": lambda x: layers.SpectralNormalization(layers.Conv1D(3, 3))(x),
    "new_axes": lambda x: x[:, None, ..., None][:, 0, :, :, 0] * x[..., 1, None],
    "erfc": lambda x: ops.erfc(x),
}
STOPS: dict[str, tuple[Function, dict[str, str]]] = {
    "stack_positions": (
        lambda x: ops.max(ops.stack([x, x[:, ::-1]], axis=1), axis=1),
        {"reshape": "changes the sequence axis"},
    ),
    "mean_of_plane": (
        lambda x: ops.mean(pairs(x), axis=(1, 2)),
        {"global_average_pool": "pools over the whole length"},
    ),
    "channels_first_head": (
        lambda x: layers.Dense(3)(
            layers.Flatten()(layers.Activation("relu")(layers.Permute((2, 1))(x)))
        ),
        {"flatten": "gives every position a weight of its own"},
    ),
    "channels_first_flatten": (
        lambda x: layers.Dense(3)(layers.Flatten(data_format="channels_first")(x)),
        {"flatten": "gives every position a weight of its own"},
    ),
    "one_number": (
        lambda x: ops.mean(x, axis=(1, 2)),
        {"global_average_pool": "pools over the whole length"},
    ),
    "einsum_of_all": (
        lambda x: ops.einsum("blc,lcd->bd", x, weights(LENGTH, 4, 3)),
        {"flatten": "gives every position a weight of its own"},
    ),
    "tensordot_of_all": (
        lambda x: ops.tensordot(x, weights(LENGTH, 4, 3), axes=2),
        {"flatten": "gives every position a weight of its own"},
    ),
    "max_of_positions": (
        lambda x: ops.max(pairs(x), axis=1),
        {"global_max_pool": "pools over the whole length"},
    ),
}


@pytest.mark.parametrize("name", LOCAL)
def test_is_local(name: str) -> None:
    assert stops_of(model_of(LOCAL[name])) == {}


@pytest.mark.parametrize("name", STOPS)
def test_stops_where_it_mixes_positions(name: str) -> None:
    assert_stops(*STOPS[name])
