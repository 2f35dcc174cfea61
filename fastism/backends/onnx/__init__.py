"""The ONNX backend: graphs as .onnx, run by onnxruntime."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.backends.onnx.convert import converted
from fastism.backends.onnx.emit import emit
from fastism.backends.onnx.forms import writes

__all__ = ["converted", "emit", "writes"]
