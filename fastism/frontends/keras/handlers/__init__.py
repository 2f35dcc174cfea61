"""Handlers, one file a family; importing this package registers them all."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.frontends.keras.handlers import (  # noqa: F401  (imported to register)
    activations,
    channels,
    combining,
    comparisons,
    convolution,
    inert,
    joining,
    normalization,
    operations,
    planes,
    pooling,
    products,
    programs,
    reductions,
    rows,
    shape,
    slicing,
    summed,
    transposed,
    wrappers,
)
