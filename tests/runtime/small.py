"""A small model compiled from text and run by the numpy backend, beside the same model by hand.

No framework is loaded: what a plan is asked, and how, can be tested in a moment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism import api
from fastism.ir import Sites
from fastism.ir.program import Group
from fastism.runtime.plan import Plan
from tests.passes.conftest import module_of

LENGTH, LETTERS = 12, np.eye(4, dtype="float32")
NAMES = ("tasks", "mean", "track")
TEXT = """
graph @main(%seq: f32[N,12,4]) {
  %conv : f32[N,12,3] = conv1d(%seq) {width=3, pad=same} @conv.kernel @conv.bias
  %relu : f32[N,12,3] = relu(%conv)
  %pool : f32[N,6,3] = max_pool(%relu) {size=2, stride=2}
  %flat : f32[N,18] = flatten(%pool)
  %tasks : f32[N,2] = dense(%flat) @tasks.kernel @tasks.bias
  %mean : f32[N,3] = global_average_pool(%relu)
  %track : f32[N,12,1] = conv1d(%relu) {width=1} @track.kernel
  return %tasks, %mean, %track
}
"""
SHAPES = {
    "conv.kernel": (3, 4, 3),
    "conv.bias": (3,),
    "tasks.kernel": (18, 2),
    "tasks.bias": (2,),
    "track.kernel": (1, 3, 1),
}


def weights(seed: int = 0) -> dict[str, npt.NDArray[Any]]:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def small(sites: Sites | None = None, seed: int = 0, **options: Any) -> Plan:
    """The plan; every site by default. Options as `fastism.from_module` takes them."""
    module = module_of(TEXT, "canonical", weights(seed), sites=sites or Sites.every(LENGTH))
    module = module.replace(outputs=NAMES, model=f"small{seed}")
    return api.from_module(module, **{"backend": "reference", **options})


def by_hand(x: npt.NDArray[Any], seed: int = 0) -> dict[str, npt.NDArray[Any]]:
    """The outputs (N, *out) for sequences (N, 12, 4), in double precision."""
    own = {name: array.astype(np.float64) for name, array in weights(seed).items()}
    padded = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (0, 0)))
    taps = sum(padded[:, k : k + LENGTH] @ own["conv.kernel"][k] for k in range(3))
    relu = np.maximum(taps + own["conv.bias"], 0)
    flat = relu.reshape(len(x), 6, 2, 3).max(axis=2).reshape(len(x), 18)
    return {
        "tasks": flat @ own["tasks.kernel"] + own["tasks.bias"],
        "mean": relu.mean(axis=1),
        "track": relu @ own["track.kernel"][0],
    }


def sequences(count: int = 3, seed: int = 5) -> npt.NDArray[Any]:
    return LETTERS[np.random.default_rng(seed).integers(0, 4, (count, LENGTH))]


def written(x: npt.NDArray[Any], start: int, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The sequences with rows (width, C) from a position on."""
    result = np.array(x)
    result[:, start : start + len(rows)] = rows
    return result


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


TWO_GRAPHS = """
graph @main(%seq: f32[N,24,4]) {
  %conv : f32[N,24,6] = conv1d(%seq) {width=5, pad=same} @conv.kernel
  %back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
  %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel
  %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
  %next : f32[N,48,6] = conv1d(%both) {width=3, pad=same} @next.kernel
  %relu : f32[N,48,6] = relu(%next)
  %sum : f32[N,6] = global_sum_pool(%relu)
  return %sum
}
"""
MIDDLE, EDGE = "propagate1", "propagate0"


def two_graphs() -> Plan:
    """Two graphs, of 4 sites and of 20, whose chunks hold six pairs."""
    random = np.random.default_rng(3)
    shapes = {"conv.kernel": (5, 4, 6), "next.kernel": (3, 6, 6)}
    weights = {name: random.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    module = module_of(TWO_GRAPHS, "canonical", weights, sites=Sites.every(24))
    passes = "annotate,segment{weigh=false},split,schedule{pairs=6}"
    made = api.from_module(module, backend="reference", pipeline=passes)
    assert {group.graph.name: len(group.sites) for group in made.executor.groups} == {
        EDGE: 4,
        MIDDLE: 20,
    }
    return made


def group_of(plan: Plan, name: str) -> Group:
    (group,) = [group for group in plan.executor.groups if group.graph.name == name]
    return group
