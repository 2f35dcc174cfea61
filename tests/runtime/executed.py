"""Programs compiled from text and run by the numpy backend alone, for tests of what runs them."""

from __future__ import annotations

from functools import partial

import numpy as np

from fastism.backends import reference
from fastism.ir import Sites
from fastism.passes import Pipeline
from fastism.runtime.execute import Executor
from tests.passes.conftest import module_of

LENGTH, LETTERS = 24, np.eye(4, dtype="float32")
PASSES = "annotate,segment,split,schedule"

CONV = "%conv : f32[N,24,6] = conv1d(%seq) {width=5, pad=same} @conv.kernel @conv.bias\n"
SHAPES: dict[str, tuple[int, ...]] = {
    "conv.kernel": (5, 4, 6),
    "conv.bias": (6,),
    "next.kernel": (3, 6, 6),
    "next.bias": (6,),
    "five.kernel": (5, 6, 6),
    "half.kernel": (3, 3, 6),
    "norm.scale": (6,),
    "norm.shift": (6,),
    "slope.alpha": (6,),
    "top.kernel": (6, 2),
    "both.kernel": (288, 3),
    "eight.kernel": (48, 3),
    "twelve.kernel": (72, 3),
    "one.kernel": (1, 6, 2),
    "score.kernel": (1, 6, 1),
    "six.kernel": (144, 3),
    "six.bias": (3,),
}


def layer(x: np.ndarray, delta: bool = False, stride: int = 1) -> list[np.ndarray]:
    """A layer that pads for itself, as Keras does: x[i - 1] + 2 x[i] + 3 x[i + 1] + 4."""
    before = 1 if stride == 1 else 0
    padded = np.pad(x, ((0, 0), (before, 2 - before), (0, 0)))
    sums = padded[:, :-2] + 2 * padded[:, 1:-1] + 3 * padded[:, 2:] + (0 if delta else 4)
    return [sums[:, ::stride].astype(x.dtype)]


def compiled(
    body: str, outputs: str, sites: Sites, passes: str = PASSES, **given: np.ndarray
) -> Executor:
    first = "" if "%conv :" in body else CONV
    rest = ", %track: f32[N,24,6]" if "%track" in body else ""
    text = f"graph @main(%seq: f32[N,{LENGTH},4]{rest}) {{\n{first}{body}\n  return {outputs}\n}}\n"
    random = np.random.default_rng(7)
    weights = {
        name: random.normal(size=shape).astype("float32")
        for name, shape in SHAPES.items()
        if f"@{name}" in text
    }
    weights |= {f"conv.{role}": array for role, array in given.items()}
    module = module_of(text, "canonical", weights, sites=sites)
    module = Pipeline.parse(passes).run(module)
    live = {"layer": layer, "half": partial(layer, stride=2)}
    return Executor(module, reference.emit(module, live))


def sequences(count: int = 3) -> np.ndarray:
    return LETTERS[np.random.default_rng(11).integers(0, 4, (count, LENGTH))]


def on_every_mutant(
    executor: Executor, x: np.ndarray, rows: np.ndarray, **others: np.ndarray
) -> list[np.ndarray]:
    """The model's own graph on each (sequence, site, row), (N, S, A, *out) a head."""
    shape = (len(x), len(executor.starts), len(rows))
    mutants = np.broadcast_to(x[:, None, None], (*shape, *x.shape[1:])).copy()
    for site, start in enumerate(executor.starts):
        mutants[:, site, :, start : start + executor.width] = rows
    given = {
        name: np.repeat(array, len(mutants[0]) * len(rows), 0) for name, array in others.items()
    }
    found = executor.reference({"seq": mutants.reshape(-1, *x.shape[1:]), **given})
    return [found[head].reshape(*shape, *found[head].shape[1:]) for head in executor.heads]
