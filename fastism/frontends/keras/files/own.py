"""What fastism itself adds to Keras, under names that model files and plans may use."""

from fastism.frontends.keras.files import program  # noqa: F401
from fastism.frontends.keras.files.legacy import (  # noqa: F401
    activations,
    locally_connected,
    operations,
)
