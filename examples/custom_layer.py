"""Layers of one's own stay fast: say which positions they read, and fastism holds them to it."""

import keras
import numpy as np

import fastism
from fastism.ir import print_module


class GatedConv(keras.layers.Layer):
    def __init__(self, filters, width, **options):
        super().__init__(**options)
        self.width = width
        self.conv = keras.layers.Conv1D(2 * filters, width, padding="same")

    def call(self, x):
        value, gate = keras.ops.split(self.conv(x), 2, axis=-1)
        return value * keras.ops.sigmoid(gate)


class AttentionPool(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.score = keras.layers.Dense(1)

    def call(self, x):
        return keras.ops.sum(x * keras.ops.softmax(self.score(x), axis=1), axis=1)


fastism.register_layer(GatedConv, kernel=lambda layer: layer.width, padding="same")
fastism.register_layer(AttentionPool, whole=True)


if __name__ == "__main__":
    sequence = keras.Input((100, 4))
    x = GatedConv(16, 7, name="gate_1")(sequence)
    x = GatedConv(16, 5, name="gate_2")(x)
    model = keras.Model(sequence, AttentionPool(name="pool")(x))
    plan = fastism.compile(model)
    print(print_module(plan.stage["annotated"]))
    for node in plan.stage["segmented"].main.nodes:
        print(f"{node.name}: {node.mode}", f"(locality ends: {node.stop})" if node.stop else "")
    x = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (1, 100))]
    mutants = np.repeat(x, 100, axis=0)
    mutants[range(100), range(100)] = np.eye(4)[2]
    print("difference:", np.abs(plan(x).alternate[0, :, 2] - model(mutants)).max())
