"""Run ONNX models with onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from fastism.errors import PlanError

Array = npt.NDArray[Any]
Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]


def runtime() -> ModuleType:
    """The onnxruntime module. Raises PlanError where it is not installed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise PlanError(
            "running ONNX models needs onnxruntime, and it is not installed",
            why=str(error),
            attempt="pip install 'fastism[onnx]', or export without the check (--no-check)",
        ) from error
    module: ModuleType = onnxruntime
    return module


def session(model: onnx.ModelProto | str | os.PathLike[str]) -> Run:
    """A model, or the path of one, as a function from inputs by name to outputs by name.

    Raises PlanError if onnxruntime is missing, or cannot load the model.
    """
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; constant folding warns of what it leaves alone
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else os.fspath(model)
    try:
        loaded = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has one class an error code, without a common base
        name = model.graph.name if isinstance(model, onnx.ModelProto) else source
        raise PlanError(f"onnxruntime cannot load {name}", why=str(error)) from error
    inputs = [value.name for value in loaded.get_inputs()]
    outputs = [value.name for value in loaded.get_outputs()]

    def run(given: Mapping[str, Any]) -> dict[str, Array]:
        feed = {name: np.asarray(given[name]) for name in inputs}
        return dict(zip(outputs, loaded.run(outputs, feed), strict=True))

    return run
