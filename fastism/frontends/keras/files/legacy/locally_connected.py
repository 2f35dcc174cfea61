"""Layers of Keras 1 and 2 that Keras 3 has not: convolutions with other weights at each place."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from fastism.frontends.keras.files.legacy.activations import CHANGED


@keras.saving.register_keras_serializable("fastism")
class LocallyConnected2D(keras.layers.Layer):  # type: ignore[misc]
    """(N, H, W, C) to (N, P, Q, F): each of P by Q places has a product with the window it reads.

    kernel: (P, Q, rows of a window, columns, C, F); bias: (P, Q, F). Options by the names of Keras
    2. ``implementation`` says how the file keeps the kernel: see `unshared`. Raises ValueError for
    one that Keras never had.
    """

    axes = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        implementation: int = 1,
        **rest: Any,
    ) -> None:
        super().__init__(**{key: rest[key] for key in ("name", "trainable") if key in rest})
        if implementation not in (1, 2, 3):
            raise ValueError(f"its implementation is {implementation!r}, which is not read")
        self.filters, self.use_bias = int(filters), use_bias
        self.kernel_size, self.strides = self._extents(kernel_size), self._extents(strides)
        self.padding, self.data_format = padding, data_format or "channels_last"
        self.implementation = implementation
        named = isinstance(activation, str)
        self.activation = keras.activations.get(
            CHANGED.get(activation, activation) if named else activation
        )

    def _extents(self, option: Any) -> tuple[int, ...]:
        several = isinstance(option, (list, tuple))
        return tuple(map(int, option)) if several else (int(option),) * self.axes

    @property
    def channels_first(self) -> bool:
        """Whether the channels stand in front of the positions."""
        return bool(self.data_format == "channels_first")

    @property
    def left(self) -> tuple[int, ...]:
        """How far in front of the positions the first window starts, by axis."""
        return tuple(size // 2 if self.padding == "same" else 0 for size in self.kernel_size)

    def build(self, input_shape: Any) -> None:
        """Make the weights, for an input of known extents. Raises ValueError for a free one."""
        *extents, channels = input_shape[1:]
        if self.channels_first:
            channels, *extents = input_shape[1:]
        if None in extents:
            raise ValueError("it has weights for each position, and the length is not known")
        self.extents = tuple(extents)
        self.places = tuple(
            -(-extent // step) if self.padding == "same" else (extent - size) // step + 1
            for extent, size, step in zip(extents, self.kernel_size, self.strides, strict=True)
        )
        shape = (*self.places, *self.kernel_size, channels, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(*self.places, self.filters))

    def call(self, x: Any) -> Any:
        """What is in every window, weighed by place."""
        if not self.channels_first:
            return self.activation(self._products(x))
        behind = ops.transpose(x, (0, *range(2, self.axes + 2), 1))
        front = (0, self.axes + 1, *range(1, self.axes + 1))
        return ops.transpose(self.activation(self._products(behind)), front)

    def _products(self, x: Any) -> Any:
        """Along the longer axis; the other is folded into the channels."""
        turned = self.extents[1] > self.extents[0]
        along, across = (1, 0) if turned else (0, 1)
        kernel, bias = self.kernel, self.bias
        if turned:
            x, kernel = ops.transpose(x, (0, 2, 1, 3)), ops.transpose(kernel, (1, 0, 3, 2, 4, 5))
            bias = None if bias is None else ops.transpose(bias, (1, 0, 2))
        width, places = self.extents[across], self.places[across]
        starts = np.arange(places) * self.strides[across] - self.left[across]
        read = starts[:, None] + np.arange(self.kernel_size[across])
        where = (read[..., None] == np.arange(width)).astype(self.compute_dtype)
        folded = ops.einsum("pqijcf,qjw->piwcqf", kernel, where)
        count, size, channels = self.places[along], self.kernel_size[along], x.shape[-1]
        given = ops.reshape(x, (-1, self.extents[along], width * channels))
        weights = ops.reshape(folded, (count, size * width * channels, -1))
        total = self._weighed(given, weights, along)
        if bias is not None:
            total = total + ops.reshape(bias, (count, -1))
        result = ops.reshape(total, (-1, count, places, self.filters))
        return ops.transpose(result, (0, 2, 1, 3)) if turned else result

    def _weighed(self, x: Any, weights: Any, axis: int) -> Any:
        """(N, L, C) to (N, P, F): the windows along L times weights (P, size * C, F)."""
        size, step, left = self.kernel_size[axis], self.strides[axis], self.left[axis]
        reach = (self.places[axis] - 1) * step + 1
        right = max(reach - 1 + size - left - self.extents[axis], 0)
        if left or right:
            x = ops.pad(x, ((0, 0), (left, right), (0, 0)))
        windows = ops.concatenate([x[:, at : at + reach : step] for at in range(size)], axis=-1)
        filters = [
            ops.sum(windows * weights[:, :, index], axis=-1, keepdims=True)
            for index in range(weights.shape[-1])
        ]
        return ops.concatenate(filters, axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = ("filters", "kernel_size", "strides", "padding", "data_format", "use_bias")
        activation = keras.activations.serialize(self.activation)
        kept = {name: getattr(self, name) for name in own}
        return {**super().get_config(), **kept, "activation": activation}


@keras.saving.register_keras_serializable("fastism")
class LocallyConnected1D(LocallyConnected2D):
    """(N, L, C) to (N, P, F), likewise; kernel: (P, size, C, F); bias: (P, F)."""

    axes = 1

    def _products(self, x: Any) -> Any:
        size = self.kernel_size[0] * self.kernel.shape[2]
        weights = ops.reshape(self.kernel, (self.places[0], size, self.filters))
        total = self._weighed(x, weights, 0)
        return total if self.bias is None else total + self.bias
