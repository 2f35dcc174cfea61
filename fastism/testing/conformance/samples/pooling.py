"""Pools over windows that touch, overlap, leave gaps and hang over the end; pools over all."""

from __future__ import annotations

from itertools import product

from fastism.testing.conformance.sample import Sample

SIZES = ((3, 3), (2, 2), (5, 2), (2, 5), (3, 1))
"""size, stride"""

SAMPLES = (
    *(
        Sample(op, ((length, 4),), {"size": size, "stride": stride, "pad": pad})
        for op, (size, stride), pad, length in product(
            ("max_pool", "average_pool"), SIZES, ("valid", "same"), (30, 31)
        )
    ),
    *(
        Sample(f"global_{what}_pool", attributes={"keepdims": keepdims})
        for what in ("max", "average", "sum")
        for keepdims in (False, True)
    ),
    *(Sample("softmax_pool", ((10, scores), (10, 4))) for scores in (1, 4)),
)
