"""What tracing takes grows with the layers alone: numbers that they share are there once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from fastism import api
from fastism.backends.tensorflow.emit import Program
from fastism.backends.tensorflow.registry import Pool


def traced(count: int) -> Any:
    """The TensorFlow graph of the reference of so many dilated layers."""
    x = inputs = keras.Input((50, 4), name="sequence")
    for index in range(count):
        x = layers.Conv1D(4, 3, dilation_rate=4, padding="same", name=f"conv{index}")(x)
    module = api.compile(keras.Model(inputs, x)).module
    return Program(module.main, {}, Pool(module)).function.get_concrete_function().graph


def test_layers_alike_share_the_numbers_that_shape_them() -> None:
    few, many = (
        [op.name for op in traced(count).get_operations() if _is_whole(op)] for count in (2, 6)
    )
    assert 0 < len(few) == len(many)


def _is_whole(op: Any) -> bool:
    return bool(op.type == "Const" and np.issubdtype(op.outputs[0].dtype.as_numpy_dtype, np.int32))
