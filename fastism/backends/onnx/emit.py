"""The backend's `emit`: every graph converted to ONNX and run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping

from fastism.backends.onnx.convert import Opaque, converted
from fastism.backends.onnx.session import Run, runtime, session
from fastism.ir.module import Module


def emit(module: Module, opaque: Opaque) -> Mapping[str, Run]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    Raises PlanError if onnxruntime is not installed, LoweringError for what ONNX cannot express.
    """
    runtime()
    return {name: session(model) for name, model in converted(module, opaque).items()}
