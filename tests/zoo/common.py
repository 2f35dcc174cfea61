"""Names every zoo file uses."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import layers, ops

LENGTH = 40
CHANNELS = 4


def sequence(length: int | None = LENGTH, name: str = "sequence") -> keras.KerasTensor:
    """The input: (N, length, 4)."""
    return keras.Input((length, CHANNELS), name=name)


def through_xla(model: keras.Model) -> keras.Model:
    """The same model, called compiled: layers over channels in front run on any processor.

    By itself TensorFlow runs them on some processors only, and nowhere with oneDNN off.
    """
    model.call = tf.function(model.call, jit_compile=True)
    return model


__all__ = ["CHANNELS", "LENGTH", "keras", "layers", "ops", "sequence", "through_xla"]
