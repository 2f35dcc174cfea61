"""The module that pages show: a convolution, a pool, and a dense layer, once canonical."""

from __future__ import annotations

import numpy as np

from fastism.ir import GraphBuilder, Module, Origin, Sites, TensorType


def module() -> Module:
    """With weights that are all one."""
    builder = GraphBuilder("main", {})
    x = builder.input("sequence", TensorType("f32", ("N", 24, 4)))
    kernel = builder.constant("conv.kernel", np.ones((5, 4, 8), np.float32))
    attributes = {"width": 5, "pad": "same"}
    origin = Origin("conv", "Conv1D")
    x = builder.add(
        "conv1d",
        [x],
        name="conv",
        attributes=attributes,
        constants={"kernel": kernel},
        origin=origin,
    )
    attributes = {"size": 4, "stride": 4}
    origin = Origin("pool", "MaxPooling1D")
    x = builder.add("max_pool", [x], name="pool", attributes=attributes, origin=origin)
    x = builder.add("flatten", [x], name="flat", origin=Origin("flat", "Flatten"))
    kernel = builder.constant("dense.kernel", np.ones((48, 1), np.float32))
    origin = Origin("dense", "Dense")
    x = builder.add("dense", [x], name="dense", constants={"kernel": kernel}, origin=origin)
    graphs = (builder.finish([x]),)
    return Module("canonical", graphs, builder.constants, Sites.every(24), "sequence", ("bound",))
