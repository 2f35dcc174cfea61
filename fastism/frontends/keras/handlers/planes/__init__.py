"""Layers over two dimensions, on planes of which one axis is short: written as ops over one."""

from fastism.frontends.keras.handlers.planes import (  # noqa: F401  (imported to register)
    pooling,
    shape,
    two_dimensional,
)
