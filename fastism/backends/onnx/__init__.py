"""The ONNX backend: graphs as .onnx, run by onnxruntime."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.backends.onnx.emit import emit
from fastism.backends.onnx.forms import FORMS, writes
from fastism.backends.onnx.write import write, written

__all__ = ["FORMS", "emit", "write", "writes", "written"]
