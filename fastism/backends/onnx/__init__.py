"""The ONNX backend: writes a plan as .onnx files, and checks them by running them.

Conversion needs TensorFlow (the graphs are those its backend emits); running, onnxruntime.
"""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
from fastism.backends.onnx.check import check
from fastism.backends.onnx.convert import converted
from fastism.backends.onnx.emit import emit
from fastism.backends.onnx.export import export
from fastism.backends.onnx.forms import writes
from fastism.backends.onnx.source import source_model

__all__ = ["check", "converted", "emit", "export", "source_model", "writes"]
