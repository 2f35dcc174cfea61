"""Writes a plan as .onnx files that run without fastism, and checks them by running them.

Graphs are written from the ONNX forms of their ops; live layers, from what TensorFlow traces.
"""

from fastism.export.check import check
from fastism.export.export import export
from fastism.export.models import plan_models, source_model

__all__ = ["check", "export", "plan_models", "source_model"]
