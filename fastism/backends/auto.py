"""Each graph by whichever backend is faster on this machine: native loops, or TensorFlow.

`fastism.runtime.tune` times both, and the graph's schedule keeps what it found: ``auto.tensorflow``
for TensorFlow, ``auto.fuse`` for TensorFlow with its light ops fused. A graph that was not timed
runs natively. What is no choice (`no_choice`) is TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Final

from fastism.backends import tensorflow
from fastism.backends.base import NATIVE, TENSORFLOW, WAYS, Condition, Variant, Ways
from fastism.backends.tensorflow import FORMS, devices
from fastism.backends.tensorflow.devices import has_gpu
from fastism.backends.tensorflow.emit import FUSE, in_fastest_forms
from fastism.ir.graph import Attribute, Graph
from fastism.ir.module import Module
from fastism.ir.program import INTOUT, backend_options

BY_TENSORFLOW = Variant("auto.tensorflow", TENSORFLOW)
FUSED = Variant("auto.fuse", FUSE.label, one_size=True, refines=BY_TENSORFLOW.option)

OTHER_FLOATS: Final = ("f64", "f16", "bf16")
"""Types of numbers that native loops do not compute in."""

Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def no_choice(module: Module, graph: Graph) -> str | None:
    """Why TensorFlow runs a graph whatever was measured; None where native loops could."""
    if find_spec("llvmlite") is None:
        return "llvmlite is not installed"
    if has_gpu():
        return "TensorFlow has a GPU"
    dtypes = {value.type.dtype for value in graph.values.values()}
    for dtype in OTHER_FLOATS:
        if dtype in dtypes:
            return f"it computes in {dtype}, and native loops in f32"
    from fastism.backends.native.loops import Foreign, loops_of
    from fastism.backends.native.support import is_pool, is_product

    loops = loops_of(module, graph)
    phases = loops.phases
    if all(isinstance(phase, Foreign) for phase in phases):
        return "none of its ops has a native form"
    roots = [loop.root for phase in phases if not isinstance(phase, Foreign) for loop in phase]
    native = any(is_product(loops.graph, root) or is_pool(loops.graph, root) for root in roots)
    if not native and any(node.op == "opaque" for node in graph.nodes):
        return "live layers do all that takes time in it"
    return None


def in_forms(module: Module, graph: Graph, variant: Variant | None) -> Mapping[str, Attribute]:
    """The options by which TensorFlow runs each op in its fastest form; native loops have one."""
    return in_fastest_forms(module, graph, variant) if variant is not None else {}


def conditions() -> list[Condition]:
    """What the speed of both depends on, beside the CPU."""
    llvmlite = version("llvmlite") if find_spec("llvmlite") is not None else None
    return [*devices.conditions(), llvmlite]


WAYS["auto"] = Ways(
    NATIVE,
    (BY_TENSORFLOW, FUSED),
    measured=True,
    no_choice=no_choice,
    in_forms=in_forms,
    conditions=conditions,
)


def emit(
    module: Module, opaque: Mapping[str, Callable[..., Sequence[Any]]]
) -> Mapping[str, Function]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    Raises LoweringError for an op that neither backend has a form of, VerifyError for an option of
    a graph that is not known.
    """
    native: list[str] = []
    graphs = []
    known = {variant.option: False for variant in WAYS["auto"].variants}
    for graph in module.graphs:
        chosen = backend_options(module, graph, known)
        if not any(chosen.values()) and graph.name != INTOUT and not no_choice(module, graph):
            native.append(graph.name)
        fused = chosen[FUSED.option]
        graphs.append(graph.replace(attributes={**graph.attributes, FUSE.option: fused}))
    result = dict(tensorflow.emit(module.with_graphs(graphs), opaque))
    if native:
        from fastism.backends.native.emit import emit_graphs

        result.update(emit_graphs(module, native, opaque))
    return result


__all__ = ["BY_TENSORFLOW", "FORMS", "FUSED", "emit"]
