"""The reference backend: slow, clear numpy, and the definition of what each op means.

One file a family, as in ``fastism.ir.ops``. `run` evaluates a graph, `emit` wraps it as a function,
`implements` adds the numpy form of a user's own op.
"""

from fastism.backends.reference import (  # noqa: F401  (imported to register)
    channels,
    combining,
    convolution,
    normalization,
    pointwise,
    pooling,
    propagation,
    shape,
    structure,
    tokens,
)
from fastism.backends.reference.interpreter import emit, run
from fastism.backends.reference.registry import FORMS, Context, implements

__all__ = ["FORMS", "Context", "emit", "implements", "run"]
