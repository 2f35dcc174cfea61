"""Give the compiler an op of one's own, and a layer that becomes it: a soft maximum."""

import math

import keras
import numpy as np
import tensorflow as tf

import fastism
from fastism.backends.tensorflow import emits
from fastism.frontends.keras import Step, handles
from fastism.ir import Window, print_module
from fastism.ir.ops import REQUIRED, OpDefinition, register


class SoftMaxPool(keras.layers.Layer):
    def call(self, x):
        windows = keras.ops.reshape(x, (-1, x.shape[1] // 4, 4, x.shape[2]))
        return keras.ops.logsumexp(windows, axis=2)


register(
    OpDefinition(
        "soft_max_pool",
        infer=lambda node, types, roles: (types[0].with_length(types[0].length // node["size"]),),
        attributes={"size": REQUIRED},
        relation=lambda node, types: (Window(width=node["size"], stride=node["size"]),),
        pull=lambda node: node,  # how it runs on a window: as it is, for it pads nothing
        fill=-math.inf,  # what a position outside the sequence counts as
    )
)
handles(SoftMaxPool)(lambda call: [Step("soft_max_pool", {"size": 4})])


@emits("soft_max_pool")
def soft_max_pool(node, inputs, constants):
    windows = tf.reshape(inputs[0], (-1, node.type.length, node["size"], node.type.channels))
    return tf.reduce_logsumexp(windows, axis=2)


if __name__ == "__main__":
    conv = keras.layers.Conv1D(8, 5, padding="same")
    model = keras.Sequential([keras.Input((100, 4)), conv, SoftMaxPool(), keras.layers.Flatten()])
    plan = fastism.compile(model)
    x = np.eye(4, dtype="float32")[np.zeros((1, 100), int)]
    mutant = np.where(np.arange(100)[:, None] == 50, np.eye(4)[2], x)
    print(print_module(plan.stage["annotated"]))
    print("difference:", np.abs(plan(x).alternate[:, 50, 2] - model(mutant)).max())
