"""A convolution and a crop, whose text tests edit and compare."""

import numpy as np

from fastism.ir import Constant, GraphBuilder, Module, Sites, TensorType
from fastism.ir.analysis import annotated


def trunk(sites: Sites | None = None) -> Module:
    """A small annotated model."""
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("main", constants)
    x = builder.input("seq", TensorType.parse("f32[N,30,4]"))
    kernel = builder.constant("conv.kernel", np.ones((5, 4, 8), np.float32))
    x = builder.add(
        "conv1d",
        [x],
        name="conv",
        attributes={"width": 5, "pad": "same"},
        constants={"kernel": kernel},
    )
    x = builder.add("crop", [x], name="crop", attributes={"left": 6, "right": 6})
    graph = builder.finish([x])
    module = Module(
        "annotated",
        (graph,),
        constants,
        sites or Sites.every(30),
        "seq",
        ("crop",),
        after="annotate",
    )
    return module.with_graphs([annotated(graph, module)])
