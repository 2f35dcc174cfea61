"""Names every zoo file uses."""

from __future__ import annotations

import keras
from keras import layers, ops

LENGTH = 40
CHANNELS = 4


def sequence(length: int | None = LENGTH, name: str = "sequence") -> keras.KerasTensor:
    """The input: (N, length, 4)."""
    return keras.Input((length, CHANNELS), name=name)


__all__ = ["CHANNELS", "LENGTH", "keras", "layers", "ops", "sequence"]
