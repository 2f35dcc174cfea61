"""Code written in TensorFlow, read: its graph of operations, said again in Keras's.

One file a family of operations; importing this package registers them all.
"""

from fastism.frontends.keras.calls.tensorflow import (  # noqa: F401  (imported to register)
    choices,
    dilated,
    elementwise,
    products,
    reductions,
    resizing,
    shapes,
)
from fastism.frontends.keras.calls.tensorflow.graph import replayed
from fastism.frontends.keras.calls.tensorflow.registry import names, readers

__all__ = ["names", "readers", "replayed"]
