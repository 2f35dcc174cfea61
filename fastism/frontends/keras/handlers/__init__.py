"""Handlers, one file a family; importing this package registers them all."""

from fastism.frontends.keras.handlers import (  # noqa: F401  (imported to register)
    activations,
    combining,
    convolution,
    inert,
    normalization,
    operations,
    pooling,
    shape,
)
