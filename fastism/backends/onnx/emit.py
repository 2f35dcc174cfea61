"""The backend's `emit`: every graph written as ONNX and run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping

from fastism.backends.onnx.live import Opaque
from fastism.backends.onnx.session import Run, runtime, session
from fastism.backends.onnx.write import written
from fastism.ir.module import Module


def emit(module: Module, opaque: Opaque) -> Mapping[str, Run]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    Raises PlanError if onnxruntime is not installed, LoweringError for what ONNX cannot express.
    """
    runtime()
    return {name: session(model) for name, model in written(module, opaque).items()}
