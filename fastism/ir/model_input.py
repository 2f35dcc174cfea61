"""How the model itself takes an input, where that is otherwise than the graph has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.ir.types import TensorType


@dataclass(frozen=True)
class ModelInput:
    """An input of the main graph, as the model takes it.

    name: the input's, in the graph.
    shape: the model's own, without the batch axis.
    tokens: the model takes token numbers, (N, L), for the graph's one-hot rows, (N, L, V).
    turned: the model has the channels before the positions; the graph has (N, L, C).
    layer: the input layer's name, where the input has another.
    """

    name: str
    shape: tuple[int, ...]
    tokens: bool = False
    turned: bool = False
    layer: str = ""

    @classmethod
    def plain(cls, name: str, type: TensorType) -> ModelInput:
        """An input that the model takes as the graph has it."""
        return cls(name, tuple(map(int, type.shape[1:])))

    @property
    def typed(self) -> bool:
        """Whether every field is of its type, as one read from text may not be."""
        return (
            isinstance(self.shape, tuple)
            and all(type(extent) is int and extent > 0 for extent in self.shape)
            and isinstance(self.tokens, bool)
            and isinstance(self.turned, bool)
            and isinstance(self.layer, str)
        )

    def with_length(self, before: int, after: int) -> ModelInput:
        """The same over ``after`` positions in place of ``before``."""
        axes = [axis for axis, extent in enumerate(self.shape) if extent == before]
        if not axes:
            return self
        axis = axes[-1 if self.turned else 0]  # channels may be as many as positions
        return replace(self, shape=(*self.shape[:axis], after, *self.shape[axis + 1 :]))

    def own(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array (N, ...) of the graph's input in the form in which the model takes it."""
        if self.tokens:
            return np.asarray(array.argmax(axis=-1))
        if self.turned:
            array = np.swapaxes(array, 1, 2)
        return array.reshape(len(array), *self.shape)

    def turned_back(self, array: npt.NDArray[Any], type: TensorType) -> npt.NDArray[Any]:
        """An array in the model's own form, channels first, as the graph's input, (N, L, C).

        An array of another shape, or one that may be (N, L, C) already, is returned as it is.
        """
        own = self.turned and array.shape[1:] == self.shape != tuple(type.shape[1:])
        if not own:
            return array
        return np.swapaxes(array.reshape(len(array), type.channels, type.length), 1, 2)

    def fault(self, type: TensorType) -> str | None:
        """What is wrong of it for a graph's input of some type, or None."""
        if self.tokens:
            fits = type.rank == 3 and self.shape == (type.length,)
            return None if fits else f"{type} is not one-hot rows of {self.shape} tokens"
        if self.turned and type.rank != 3:
            return f"{type} has no channels to come first"
        fits = type.elements == int(np.prod(self.shape))
        return None if fits else f"{type} has not the elements of {self.shape}"
