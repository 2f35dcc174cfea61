"""Which values of a graph have masks, and which calls are told of them by a keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
from keras.src.backend import get_keras_mask


class Masks:
    """The masks of a graph's values, by name; see `fastism.frontends.keras.live.masks`."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        """The mask of a value, by the value's name."""
        self._unseen: set[str] = set()
        """Values whose masks hang on tensors of numbers, and not, or others, on symbolic ones."""

    def given(self, inputs: Sequence[str]) -> Mapping[int, str]:
        """The masks of the inputs of a call, by their index."""
        return {i: self.of[source] for i, source in enumerate(inputs) if source in self.of}

    def note(self, tensor: Any, name: str, inputs: Iterable[str]) -> None:
        """Remember of a call's result whether Keras's symbolic tensor shows its mask."""
        lost = name in self.of and get_keras_mask(tensor) is None
        if lost or not self._unseen.isdisjoint(inputs):
            self._unseen.add(name)

    def keywords(self, node: Any, name: str) -> dict[str, Any]:
        """The keywords of a call, without a mask that hangs on its tensor or that it ignores.

        Nor with ``training``: at prediction time a model says False to each of its layers.
        name: the value of its first tensor.
        """
        keywords = dict(node.arguments.kwargs)
        if isinstance(node.operation, keras.Layer):
            keywords.pop("training", None)
        first = node.arguments.keras_tensors[0]
        hangs = name in self.of and name not in self._unseen
        if (hangs and keywords.get("mask") is get_keras_mask(first)) or isinstance(
            node.operation, keras.layers.BatchNormalization
        ):
            keywords.pop("mask", None)
        return keywords
