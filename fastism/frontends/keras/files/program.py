"""A TensorFlow program as a layer: what a SavedModel serves, its variables made constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fastism.quiet import graph_function

Tensors = Mapping[str, Any]


@keras.saving.register_keras_serializable("fastism")
class TensorFlowProgram(keras.layers.Layer):  # type: ignore[misc]
    """Tensors by name, batch axis first, to tensors by name, by a graph of TensorFlow's.

    program: the graph, a serialized GraphDef, as bytes (uint8). It executes whatever stands in it,
    so no file may bring one unless the user trusts it: see `fastism.frontends.keras.files.trust`.
    """

    def __init__(
        self,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        size: int,
        batch: int | None = None,
        **rest: Any,
    ) -> None:
        """inputs, outputs: tensors of the graph, by the name they are given and returned under.

        size: bytes of the graph. batch: the sequences it takes, where that is a fixed number.
        """
        super().__init__(**{**rest, "trainable": False, "autocast": False})
        self.inputs, self.outputs = dict(inputs), dict(outputs)
        self.size, self.batch = size, batch
        self.program = self.add_weight(
            name="program", shape=(size,), dtype="uint8", initializer="zeros", trainable=False
        )
        self.built = True
        self._compiled: Callable[[Tensors], Tensors] = graph_function(self._run, autograph=False)

    def call(self, inputs: Tensors) -> Tensors:
        """What the program gives for tensors of any number of sequences."""
        # Eagerly there is no graph that the program could be written into.
        return self._compiled(inputs) if tf.executing_eagerly() else self._run(inputs)

    def _run(self, inputs: Tensors) -> Tensors:
        if self.batch is None:
            return self._imported(inputs)
        return _by_batches(self._imported, inputs, self.batch)

    def _imported(self, inputs: Tensors) -> Tensors:
        """Write the program into the graph that is being made, on these tensors."""
        with tf.init_scope():
            content = np.asarray(self.program).tobytes()
        results = tf.graph_util.import_graph_def(
            tf.compat.v1.GraphDef.FromString(content),
            input_map={self.inputs[name]: tensor for name, tensor in inputs.items()},
            return_elements=list(self.outputs.values()),
            name=self.name,
        )
        return dict(zip(self.outputs, results, strict=True))

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("inputs", "outputs", "size", "batch")}
        return {**super().get_config(), **own}


def _by_batches(run: Callable[[Tensors], Tensors], inputs: Tensors, batch: int) -> Tensors:
    """A program that takes ``batch`` sequences, on any number, the last batch filled with zeros."""
    count = tf.shape(next(iter(inputs.values())))[0]
    parts = -(-count // batch)

    def apart(x: Any) -> Any:
        filled = tf.pad(x, [(0, parts * batch - count)] + [(0, 0)] * (x.shape.rank - 1))
        return tf.reshape(filled, (parts, batch, *x.shape[1:]))

    given = {name: apart(x) for name, x in inputs.items()}
    like = tf.function(run, autograph=False).get_concrete_function(
        {name: tf.TensorSpec(x.shape[1:], x.dtype) for name, x in given.items()}
    )
    specs = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in like.structured_outputs.items()}
    found = tf.map_fn(run, given, fn_output_signature=specs)
    return {name: tf.reshape(x, (parts * batch, *x.shape[2:]))[:count] for name, x in found.items()}
