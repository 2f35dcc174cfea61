"""Parts that random models are drawn from; importing this package registers them all."""

from fastism.testing.drawing import (  # noqa: F401  (imported to register)
    branches,
    code,
    layers,
    mixing,
    planes,
    pointwise,
    shapes,
    written,
)
