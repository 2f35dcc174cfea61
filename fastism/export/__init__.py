"""Writes a plan as .onnx files that run without fastism, and checks them by running them.

Conversion needs TensorFlow (the graphs are those its backend emits); running, onnxruntime.
"""

from fastism.export.check import check
from fastism.export.export import export
from fastism.export.source import source_model

__all__ = ["check", "export", "source_model"]
