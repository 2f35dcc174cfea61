"""The op registry: what every op of the IR means to the compiler.

One file a family. Importing this package registers the built-in ops; `register` adds a user's own.
"""

from fastism.ir.ops import (  # noqa: F401  (imported to register)
    channels,
    combining,
    convolution,
    live,
    normalization,
    pointwise,
    pooling,
    propagation,
    shape,
    structure,
    tokens,
)
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Products, definition, names, register

__all__ = ["REQUIRED", "OpDefinition", "Products", "definition", "names", "register"]
