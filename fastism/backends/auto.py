"""Each graph by whichever backend is faster on this machine: native loops, or TensorFlow.

`fastism.runtime.tune` times both, and the graph's schedule keeps what it found: ``auto.tensorflow``
for TensorFlow, ``auto.fuse`` for TensorFlow with its light ops fused. A graph that was not timed
runs natively. Where llvmlite is missing, all of them run in TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from fastism.backends import tensorflow
from fastism.backends.base import VARIANTS, Variant
from fastism.backends.tensorflow import FORMS
from fastism.backends.tensorflow.emit import FUSE
from fastism.ir.module import Module
from fastism.ir.program import backend_options

BY_TENSORFLOW = Variant("auto.tensorflow", "by TensorFlow")
FUSED = Variant("auto.fuse", "by TensorFlow, light ops fused", one_size=True)
VARIANTS["auto"] = (BY_TENSORFLOW, FUSED)

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def emit(
    module: Module, opaque: Mapping[str, Callable[..., Sequence[Any]]]
) -> Mapping[str, Function]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    Raises LoweringError for an op that neither backend has a form of, VerifyError for an option of
    a graph that is not known.
    """
    native: list[str] = []
    graphs = []
    known = {variant.option: False for variant in VARIANTS["auto"]}
    for graph in module.graphs:
        chosen = backend_options(module, graph, known)
        if not any(chosen.values()):
            native.append(graph.name)
        fused = chosen[FUSED.option]
        graphs.append(graph.replace(attributes={**graph.attributes, FUSE.option: fused}))
    result = dict(tensorflow.emit(module.with_graphs(graphs), opaque))
    if find_spec("llvmlite") is not None:
        from fastism.backends.native.emit import emit_graphs

        result.update(emit_graphs(module, native, opaque))
    return result


__all__ = ["BY_TENSORFLOW", "FORMS", "FUSED", "emit"]
