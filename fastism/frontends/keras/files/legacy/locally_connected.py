"""A layer of Keras 1 and 2 that Keras 3 has not: a convolution with other weights at each place."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from fastism.frontends.keras.files.legacy.activations import CHANGED


@keras.saving.register_keras_serializable("fastism")
class LocallyConnected1D(keras.layers.Layer):  # type: ignore[misc]
    """(N, L, C) to (N, P, F): each of P places has a product of its own with the window it reads.

    kernel: (P, size * C, F); bias: (P, F). Options by the names of Keras 2. Raises ValueError for
    those with another layout.
    """

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
        laid_out = {
            "padding": padding,
            "data_format": data_format,
            "implementation": implementation,
        }
        usual = {"padding": "valid", "data_format": "channels_last", "implementation": 1}
        for option, value in laid_out.items():
            if value not in (None, usual[option]):
                raise ValueError(f"its {option} is {value!r}, which is not read")
        self.filters, self.use_bias = filters, use_bias
        self.kernel_size, self.strides = _integer(kernel_size), _integer(strides)
        named = isinstance(activation, str)
        self.activation = keras.activations.get(
            CHANGED.get(activation, activation) if named else activation
        )

    def build(self, input_shape: Any) -> None:
        """Make the weights for an input (N, L, C). Raises ValueError for a free length."""
        _, length, channels = input_shape
        if length is None:
            raise ValueError("it has weights for each position, and the length is not known")
        self.places = (length - self.kernel_size) // self.strides + 1
        shape = (self.places, self.kernel_size * channels, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.places, self.filters))

    def call(self, x: Any) -> Any:
        """The sum of what each entry of a window gives, weighed by place."""
        reach = (self.places - 1) * self.strides + 1
        parts = [x[:, at : at + reach : self.strides] for at in range(self.kernel_size)]
        windows = ops.concatenate(parts, axis=-1)
        filters = [
            ops.sum(windows * self.kernel[:, :, index], axis=-1, keepdims=True)
            for index in range(self.filters)
        ]
        total = ops.concatenate(filters, axis=-1)
        return self.activation(total + self.bias if self.use_bias else total)

    def get_config(self) -> dict[str, Any]:
        own = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }
        return {**super().get_config(), **own}


def _integer(option: Any) -> int:
    return int(option[0] if isinstance(option, (list, tuple)) else option)
