"""Activations whose name stayed and whose meaning changed between Keras 2 and 3."""

from __future__ import annotations

from typing import Any

import keras


def hard_sigmoid(x: Any) -> Any:
    """Of Keras 1 and 2: 0.2 x + 0.5, between 0 and 1. Keras 3's own has the slope 1/6."""
    return keras.ops.clip(x * 0.2 + 0.5, 0.0, 1.0)


keras.saving.register_keras_serializable("fastism", "hard_sigmoid")(hard_sigmoid)
CHANGED = {"hard_sigmoid": hard_sigmoid}
"""Functions by the name that old files use."""
