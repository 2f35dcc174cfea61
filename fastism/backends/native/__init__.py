"""The native backend: propagation graphs as code for the CPU at hand, written with llvmlite.

`loops` says what runs together, `products` and `reductions` write it, `program` runs it. The
reference, and what has no native form, is TensorFlow's.
"""

from fastism.backends.native.emit import emit
from fastism.backends.tensorflow import FORMS

__all__ = ["FORMS", "emit"]
