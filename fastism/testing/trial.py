"""One random model held against its plan: what the fuzzer and the tests do with a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism import api
from fastism.checking.tolerances import differences, tolerance_of
from fastism.errors import LoweringError, PlanError
from fastism.quiet import keras
from fastism.runtime.alternatives import shuffled
from fastism.runtime.inputs import random_inputs, without_some_letters
from fastism.runtime.plan import Plan
from fastism.testing.compare import assert_matches_model
from fastism.testing.random_models import Drawing, draw

Array = npt.NDArray[Any]

BACKENDS = ("native", "tensorflow")
"""Those that seeds take in turns: ``auto`` would try the one that is faster, here and now."""
ONNX_EVERY = 20
"""One seed in so many is run by onnxruntime as well."""


@dataclass(frozen=True)
class Recipe:
    """What names a drawing; see `fastism.testing.random_models.draw`."""

    seed: int
    length: int | None = None
    without: tuple[str, ...] = ()

    def draw(self) -> Drawing:
        """The model, and how to compile it."""
        return draw(self.seed, length=self.length, without=self.without)

    def __str__(self) -> str:
        given = [str(self.seed)]
        if self.length is not None:
            given.append(f"length={self.length}")
        if self.without:
            given.append(f"without={list(self.without)}")
        return f"draw({', '.join(given)})"


@dataclass(frozen=True)
class Locality:
    """How many nodes ran on windows, of those an edit reaches in front of any stop and behind."""

    on_windows: int
    reached: int


def trial(recipe: Recipe) -> Locality:
    """Compile a random model, and hold every score of two sequences against the model's own.

    Raises AssertionError where a score is wrong or a layer runs live that need not, and whatever
    drawing, compiling and running raise.
    """
    keras.utils.clear_session(free_memory=False)
    drawing = recipe.draw()
    backend = BACKENDS[recipe.seed % len(BACKENDS)]
    plan = api.compile(drawing.model, backend=backend, **drawing.options)
    for node in plan.stage["flat"].main.nodes:
        key, why = (str(node.attributes.get(name)) for name in ("key", "why"))
        assert node.op != "opaque" or _expected(key, drawing), f"{key} runs live: {why}"
    given = inputs(plan, recipe.seed)
    own = shuffled(plan.site_rows(given), 2) if recipe.seed % 8 == 3 else None
    tolerance = tolerance_of(drawing.model) * (2 if drawing.coarse else 1)
    assert_matches_model(plan, drawing.model, given, tolerance, alternatives=own)
    double = any(value.type.dtype == "f64" for value in plan.module.main.values.values())
    if recipe.seed % ONNX_EVERY == 0 and not double:  # onnxruntime has no such convolutions
        _try_onnx(plan, drawing, given)
    return locality(plan)


def _try_onnx(plan: Plan, drawing: Drawing, given: Mapping[str, Array]) -> None:
    """Hold a few sites by onnxruntime against the plan; live layers may have no ONNX form."""
    sites = plan.executor.starts[:: max(1, len(plan.executor.starts) // 5)]
    pairs = np.stack([sites, sites + plan.executor.width], axis=1)
    options = {**drawing.options, "sites": pairs, "backend": "onnx"}
    try:
        other = api.compile(drawing.model, **options)
    except (LoweringError, PlanError):
        if plan.opaque:
            return
        raise
    index = np.flatnonzero(np.isin(plan.executor.starts, sites))
    expected, found = plan(given), other(given)
    for name in expected:
        apart = differences(found[name].alternate, expected[name].alternate[:, index])
        allowed = 1e-2 if drawing.coarse else 1e-4  # as the export's own check allows
        assert apart.max(initial=0.0) <= allowed, f"ONNX: {name!r} is off by {apart.max():.1e}"


def inputs(plan: Plan, seed: int) -> Mapping[str, Array]:
    """Two sequences for a plan; some have rows of zeros, but for those of tokens."""
    given = random_inputs(plan.module.main, 2, seed)
    edited = plan.module.seq_input
    if edited not in plan.tokens and np.random.default_rng((seed, 4)).random() < 0.5:
        given[edited] = without_some_letters(given[edited], seed)
    return given


def locality(plan: Plan) -> Locality:
    """How much of a plan's model runs on windows."""
    modes = [node.mode for node in plan.stage["segmented"].main.nodes]
    local = sum(mode in ("delta", "exit") for mode in modes)
    return Locality(local, local + modes.count("whole"))


def _expected(key: str, drawing: Drawing) -> bool:
    return drawing.masked or not drawing.live.isdisjoint(key.split("/"))


__all__ = ["Locality", "Recipe", "inputs", "locality", "trial"]
