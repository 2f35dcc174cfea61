"""The ONNX backend: graphs as .onnx, run by onnxruntime."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.backends.onnx.convert import converted
from fastism.backends.onnx.emit import emit
from fastism.backends.onnx.forms import FORMS, writes

__all__ = ["FORMS", "converted", "emit", "writes"]
