"""One layer of a Keras 1 or 2 configuration, said in the words of Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from fastism.frontends.keras.files.legacy.activations import CHANGED

Config = dict[str, Any]

_CLASSES = {
    "Convolution1D": "Conv1D",
    "AtrousConvolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
}
"""Old class to today's."""

_KEYS = {
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample_length": "strides",
    "subsample": "strides",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "p": "rate",
    "sigma": "stddev",
    "pool_length": "pool_size",
    "stride": "strides",
    "inner_activation": "recurrent_activation",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "length": "size",
}
"""A field of Keras 1 to today's."""

_FORMATS = {"tf": "channels_last", "th": "channels_first"}
"""Where the channels stand, by the libraries that had them there."""

_TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint", "_init")
"""Endings of the fields that say how a weight is trained; every weight is in the file."""

_GONE: Mapping[str, tuple[Any, ...]] = {
    "adjustment": (None,),
    "autocast": (True,),
    "batch_input_shape": (),
    "causal": (False,),
    "consume_less": (),
    "dim_ordering": (),
    "fused": (),
    "groups": (1, None),
    "implementation": (),
    "init": (),
    "inner_init": (),
    "input_dtype": (),
    "input_length": (),
    "input_shape": (),
    "interpolation": ("nearest",),
    "key_shape": (),
    "legacy": (),
    "mode": (0,),
    "noise_shape": (),
    "query_shape": (),
    "ragged": (False,),
    "renorm": (False,),
    "rng_type": (),
    "softmax_robust_masking": (False,),
    "sparse": (False,),
    "time_major": (False,),
    "unit_forget_bias": (),
    "value_shape": (),
    "virtual_batch_size": (None,),
    "weights": (None,),
    "zero_output_for_mask": (False,),
}
"""Fields that today's layer may not take, and the values that say nothing (none listed: any)."""

_MERGES: Mapping[str, Callable[..., keras.Layer]] = {
    "sum": keras.layers.Add,
    "mul": keras.layers.Multiply,
    "ave": keras.layers.Average,
    "max": keras.layers.Maximum,
    "concat": keras.layers.Concatenate,
}
"""What the Merge layer of Keras 1 does, by its mode."""


def known(class_name: str) -> bool:
    """Whether Keras 3 has a layer for an old class of Keras's own."""
    return class_name == "Merge" or hasattr(keras.layers, _CLASSES.get(class_name, class_name))


def renamed(config: Mapping[str, Any]) -> Config:
    """The fields of Keras 1 under the names of Keras 2."""
    result = {_KEYS.get(key, key): value for key, value in config.items()}
    if "nb_row" in result:
        rest = [result.pop("kernel_dim3")] if "kernel_dim3" in result else []
        result["kernel_size"] = [result.pop("nb_row"), result.pop("nb_col"), *rest]
    if result.get("dim_ordering") in _FORMATS:
        result["data_format"] = _FORMATS[result["dim_ordering"]]
    return result


def modern(class_name: str, config: Mapping[str, Any]) -> tuple[str, Config]:
    """Class and configuration of a layer of Keras's own, as Keras 3 writes them.

    What only training uses is left out. A field Keras 3 has no counterpart of stays, for it to
    refuse.
    """
    new = _CLASSES.get(class_name, class_name)
    result = renamed(config)
    if class_name == "Merge":
        return _merge(result)
    if new in ("Dense", "LSTM", "GRU", "SimpleRNN") and "output_dim" in result:
        result["units"] = result.pop("output_dim")
    if new in ("LSTM", "GRU", "SimpleRNN"):
        _recurrent(class_name, new, result)
    if class_name == "ThresholdedReLU":
        result["threshold"] = result.pop("theta", 1.0)
    if new == "Discretization":
        result.pop("dtype", None)  # of its result; Keras 3 would cast to it what the layer is given
    if new == "LeakyReLU" and "alpha" in result:
        result["negative_slope"] = result.pop("alpha")
    if new != "Embedding":
        result.pop("input_dim", None)
    for key in [key for key in result if key.endswith(_TRAINING_ONLY)]:
        del result[key]
    for key, value in list(result.items()):
        result[key] = _value(key, value)
    return new, _known(new, result)


def _value(key: str, value: Any) -> Any:
    if key == "axis" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return value["value"]
    if key == "dtype" and isinstance(value, dict):
        return value.get("config", {}).get("name", "float32")
    if key in ("activation", "recurrent_activation") and isinstance(value, str):
        return CHANGED.get(value, value)
    return value


def _recurrent(old: str, new: str, config: Config) -> None:
    """The defaults of old recurrent layers that their files do not spell out."""
    if old.startswith("CuDNN"):
        config.update(activation="tanh", recurrent_activation="sigmoid")
        if new == "GRU":
            config["reset_after"] = True
    elif new != "SimpleRNN":
        config.setdefault("recurrent_activation", "hard_sigmoid")
    if new == "GRU":
        config.setdefault("reset_after", False)


def _merge(config: Config) -> tuple[str, Config]:
    kind = _MERGES.get(config.get("mode", "sum"))
    if kind is None:
        raise ValueError(f"Merge with mode {config['mode']!r} has no counterpart in Keras 3")
    kept: Config = {"name": config["name"]} if "name" in config else {}
    if kind is keras.layers.Concatenate:
        kept["axis"] = config.get("concat_axis", -1)
    return kind.__name__, kept


def _known(class_name: str, config: Config) -> Config:
    """Without the fields that say nothing and that today's layer may not take."""
    takes = inspect.signature(getattr(keras.layers, class_name).__init__).parameters
    gone = dict(_GONE)
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in takes.values()):
        gone["trainable"] = ()  # a layer that has no weights, and does not ask
    return {
        key: value
        for key, value in config.items()
        if key in takes or key not in gone or (gone[key] and value not in gone[key])
    }
