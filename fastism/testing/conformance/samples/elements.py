"""Functions of single elements, and of the channels of a position."""

from __future__ import annotations

import numpy as np

from fastism.ir.ops.pointwise import ACTIVATIONS
from fastism.ir.ops.structure import IDENTITIES
from fastism.testing.conformance.sample import Sample

POSITIVE = ("log", "log1p", "sqrt", "reciprocal", "power")
"""Ops given numbers above zero."""

THRESHOLDS = np.array([-6, -3, -1, -0.5, 0, 0.25, 0.5, 1, 3, 6, 7, 90], np.float32).reshape(1, 4, 3)
"""Where some function turns, and beyond: both sides must be right, and the edge itself."""

TURNING = (
    *("relu", "relu6", "hard_sigmoid", "hard_silu", "positive", "absolute", "sigmoid", "silu"),
    *("floor", "ceil", "round"),
)

FAR = np.linspace(-3e5, 3e5, 48).astype(np.float32).reshape(2, 4, 6)
"""Many turns away."""

REPEATED = np.array([[[0.25, 0.25], [0.25, 1], [2, 0.25], [3, 3]]], np.float32)
"""Rows all of one number, in part, and not at all; and largest channels that are equal."""

SAMPLES = (
    *(Sample(op, positive=op in POSITIVE) for op in ACTIVATIONS),
    *(Sample(op, (THRESHOLDS,)) for op in TURNING),
    *(Sample(op, attributes={"rate": 0.5}, tolerance=0) for op in IDENTITIES),
    Sample("relu", attributes={"negative_slope": 0.2}),
    Sample("relu", (THRESHOLDS,), {"max_value": 0.5}),
    Sample("relu", (THRESHOLDS,), {"threshold": 0.25}),
    Sample("relu", (THRESHOLDS,), {"threshold": 0.25, "negative_slope": 0.1, "max_value": 0.5}),
    Sample("elu", attributes={"alpha": 0.4}),
    Sample("celu", attributes={"alpha": 0.4}),
    Sample("gelu", attributes={"approximate": True}),
    *(Sample("power", attributes={"exponent": e}, positive=True) for e in (2.5, 0.5, -1.7)),
    *(Sample("power", attributes={"exponent": e}) for e in (3.0, 2.0, -1.0, 0.0)),
    *(Sample(op, (FAR,)) for op in ("sin", "cos")),
    *(
        Sample("clip", (THRESHOLDS,), bounds)
        for bounds in (
            {"minimum": -0.5, "maximum": 0.7},
            {"minimum": -0.5},
            {"maximum": 0.7},
            {"minimum": 0, "maximum": 1},
        )
    ),
    *(Sample("prelu", constants={"alpha": shape}) for shape in ((6,), (1, 6), (10, 1), (10, 6))),
    # As many positions as channels: a number a position is none a channel.
    Sample("prelu", ((6, 6),), constants={"alpha": (6, 1)}),
    Sample("scale_shift", ((6, 6),), constants={"scale": (6, 1), "shift": (1,)}),
    Sample("scale_shift", constants={"scale": (6,), "shift": (6,)}),
    Sample("scale_shift", constants={"scale": (6,)}),
    Sample("scale_shift", constants={"shift": (6,)}),
    Sample("scale_shift", ((6,),), constants={"scale": (6,), "shift": (6,)}),
    Sample("cast", attributes={"dtype": "f64"}),
    Sample("cast", (np.arange(24, dtype=np.int32).reshape(2, 4, 3),), {"dtype": "f32"}),
    *(Sample(op, (shape,)) for op in ("softmax", "log_softmax") for shape in ((10, 6), (6,))),
    Sample("layer_norm"),
    Sample("layer_norm", attributes={"epsilon": 0.1}, constants={"gamma": (6,), "beta": (6,)}),
    Sample("layer_norm", constants={"gamma": (6,)}),
    Sample("layer_norm", ((6,),), constants={"beta": (6,)}),
    Sample("batch_norm", constants={"mean": (6,), "variance": (6,)}, positive=True),
    Sample(
        "batch_norm",
        attributes={"epsilon": 0.1},
        constants={"gamma": (6,), "beta": (6,), "mean": (6,), "variance": (6,)},
        positive=True,
    ),
    Sample("channel_sum"),
    Sample("channel_max", tolerance=0),
    Sample("channel_sort", tolerance=0),
    Sample("channel_sort", (REPEATED,), tolerance=0),
    Sample("mask", (REPEATED,), {"value": 0.25}, tolerance=0),
    Sample("masked", (REPEATED,), {"value": 0.25}, tolerance=0),
    Sample("masked", (REPEATED,), tolerance=0),
    *(Sample("token", (REPEATED,), {"dtype": dtype}, tolerance=0) for dtype in ("i32", "i64")),
)
