"""Evaluate one op on arrays, the way every test of the numpy forms wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from fastism.backends import reference
from fastism.ir import GraphBuilder, Module, TensorType

Evaluate = Callable[..., np.ndarray]


def _evaluate(
    op: str,
    *arrays: np.ndarray,
    batches: str = "",
    constants: Mapping[str, np.ndarray] | None = None,
    results: Sequence[TensorType] | None = None,
    **attributes: object,
) -> np.ndarray:
    """The result of ``op`` on some arrays; ``batches`` names their batch axes, one letter each."""
    builder = GraphBuilder("main", {})
    names = []
    for index, (array, batch) in enumerate(zip(arrays, batches or "N" * len(arrays), strict=True)):
        names.append(builder.input(f"in{index}", TensorType.of(array).with_batch(batch)))
    roles = {role: builder.constant(role, array) for role, array in (constants or {}).items()}
    out = builder.add(
        op, names, name="out", attributes=attributes, constants=roles, results=results
    )
    module = Module("imported", (builder.finish([out]),), builder.constants)
    return reference.run(module, "main", dict(zip(names, arrays, strict=True)))[out]


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    return _evaluate


@pytest.fixture
def draw() -> Callable[..., np.ndarray]:
    """Normal float32 draws, the same in every run."""
    generator = np.random.default_rng(7)
    return lambda *shape: generator.normal(size=shape).astype("float32")
