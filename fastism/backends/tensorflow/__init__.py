"""The TensorFlow backend: emits every graph as one `tf.function`.

Importing it imports TensorFlow and registers the forms of all built-in ops, one file a family;
`emits` adds a user's own.
"""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.backends.tensorflow import (  # noqa: F401  (imported to register)
    channels,
    combining,
    convolution,
    normalization,
    pointwise,
    pooling,
    propagation,
    running,
    shape,
    spread,
    structure,
    tokens,
)
from fastism.backends.tensorflow.emit import Program, emit
from fastism.backends.tensorflow.registry import FORMS, Constants, emits

__all__ = ["FORMS", "Constants", "Program", "emit", "emits"]
