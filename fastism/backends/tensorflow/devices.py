"""What TensorFlow computes with."""

from __future__ import annotations

import tensorflow as tf


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU, which it then uses."""
    return bool(tf.config.list_physical_devices("GPU"))
