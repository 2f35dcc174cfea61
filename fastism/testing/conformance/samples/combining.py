"""Several values into one."""

from __future__ import annotations

import numpy as np

from fastism.testing.conformance.sample import Sample

ALIKE = ("add", "subtract", "average", "multiply", "divide", "maximum", "minimum")

CONDITION = np.array([[[0.0], [1.0], [-2.0], [0.0]]], np.float32)

SAMPLES = (
    *(Sample(op, ((10, 6), (10, 6), (10, 6))) for op in ALIKE),
    *(Sample(op, ((10, 6), (1, 6))) for op in ALIKE),
    *(Sample(op, ((10, 6), (10, 1))) for op in ALIKE),
    *(Sample(op, ((6,), (6,))) for op in ("add", "multiply")),
    *(Sample("concatenate", ((10, 6), (10, 6), (10, 6)), {"axis": axis}) for axis in (1, 2, -1)),
    Sample("concatenate", ((10, 6), (3, 6)), {"axis": 1}),
    Sample("concatenate", ((6,), (2,))),
    Sample("select", ((4, 3), (4, 3), (4, 3))),
    Sample("select", (np.repeat(CONDITION, 2, 0), (4, 3), (1, 3)), tolerance=0),
    *(
        Sample("constant", constants={"value": shape}, tolerance=0)
        for shape in ((10, 6), (1, 6), (10, 1))
    ),
)
