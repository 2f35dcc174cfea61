"""A live layer as one TensorFlow program, traced once for inputs of one shape, on arrays.

Run op by op, a recurrent layer over 1,000 positions takes seconds a call; traced, it is a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.quiet import graph_function

Array = npt.NDArray[Any]


class Program:
    """Runs a layer on arrays, batch axis first; what it counts and draws from stays as it is."""

    def __init__(self, layer: OpaqueLayer, variables: Iterable[tuple[Any, Any]] = ()) -> None:
        """``variables``: values that take the place of some of the layer's variables."""
        replaced = list(variables)

        def run(*tensors: Any, delta: bool) -> list[Any]:
            with keras.StatelessScope(replaced):
                return layer(*tensors, delta=delta)

        self._run = graph_function(run, autograph=False)

    def __call__(self, arrays: Sequence[Array], *, delta: bool = False) -> list[Array]:
        """The layer's results; ``delta`` as the layer takes it."""
        results = self._run(*map(tf.convert_to_tensor, arrays), delta=delta)
        return [np.asarray(result) for result in results]
