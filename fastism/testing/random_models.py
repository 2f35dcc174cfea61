"""Random Keras models over sequences: every layer the compiler follows, joined in any order.

    model = random_model(7)                        # the same model, weights included, every time
    model = random_model(7, depth=1)               # its first step alone, under the same heads
    model = random_model(7, without=["t0", "h.1"])    # all but some of its parts

A model is a walk: each step takes a value (N, L, C) to another. Steps that branch take smaller
walks, and crop or pad what they end with so that the branches meet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from fastism.testing.drawing.edits import options
from fastism.testing.drawing.heads import outputs
from fastism.testing.drawing.starts import start
from fastism.testing.drawing.walk import Sketch, Walk

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

DEEPEST = 6
"""Steps of the trunk, at most."""

POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64", "float64")


@dataclass(frozen=True)
class Drawing:
    """A random model, and how it is to be compiled.

    options: arguments of `fastism.compile`. parts: what it is made of, by path. live: the names of
    the layers that may run live; any may if ``masked``. coarse: whether the model computes in half
    precision, and rounds at every layer.
    """

    model: keras.Model
    options: Mapping[str, Any]
    parts: Mapping[str, str]
    live: frozenset[str]
    masked: bool
    coarse: bool


def models(depth: int = DEEPEST) -> SearchStrategy[keras.Model]:
    """A hypothesis strategy of plain models; it shrinks towards fewer steps."""
    from hypothesis import strategies

    return strategies.builds(
        lambda steps, seed: random_model(seed, depth=steps, plain=True),
        strategies.integers(0, depth),
        strategies.integers(0, 2**32 - 1),
    )


def random_model(seed: int, **options: Any) -> keras.Model:
    """A model with one to three outputs; options as for `draw`.

    Weights are random, biases and statistics too.
    """
    return draw(seed, **options).model


def draw(
    seed: int,
    *,
    depth: int | None = None,
    length: int | None = None,
    without: Collection[str] = (),
    plain: bool = False,
) -> Drawing:
    """Draw a model, and how to compile it.

    depth: steps of the trunk, where not drawn. length: positions of the sequence, likewise.
    without: paths of parts to leave out; the others are drawn as before. plain: without layers
    behind which every position is changed, masks, planes, tokens, and element types of its own.
    """
    sketch = Sketch(seed, frozenset(without), plain=plain)
    with _policy(sketch):
        first = start(Walk(sketch, "in"), length)
        trunk, walk = [first.value], Walk(sketch, "")
        kinds = ("local", "local", "local", "local", "branching", "branching", "mixing")
        steps = walk.between(1, DEEPEST) if depth is None else depth
        for index in range(min(steps, 2) if sketch.coarse else steps):
            trunk.append(walk.step(f"t{index}", trunk[-1], *kinds))
        heads = outputs(Walk(sketch, "h"), trunk, first)
        model = keras.Model(first.inputs, heads, name=f"random_{seed}")
    randomize(model, seed)
    found = {"seq_input": "sequence", **options(Walk(sketch, "run"), model, first.sequence)}
    return Drawing(model, found, sketch.parts, frozenset(sketch.live), sketch.masked, sketch.coarse)


def randomize(model: keras.Model, seed: int) -> None:
    """Give every weight a value of its own: no zero bias, no unit scale, no unit variance."""
    random = np.random.default_rng((seed, 3))
    for variable in model.variables:
        shape = tuple(variable.shape)
        if not keras.backend.is_float_dtype(variable.dtype):
            continue
        if variable.name in ("gamma", "moving_variance", "variance"):
            value = random.uniform(0.5, 1.5, shape)
        elif variable.name == "alpha":
            value = random.uniform(0.05, 0.5, shape)
        elif len(shape) < 2:
            value = random.normal(0.0, 0.3, shape)
        else:
            value = random.normal(0.0, 1.0, shape) / np.sqrt(np.prod(shape[:-1]))
        if variable.name == "recurrent_kernel":  # one that stretches turns rounding into chaos
            value /= max(1.0, float(np.linalg.norm(value, 2)))
        variable.assign(value)


@contextmanager
def _policy(sketch: Sketch) -> Iterator[None]:
    """Build layers under a policy that is drawn, unless the caller has set one."""
    before = keras.config.dtype_policy()
    part = None if sketch.plain else Walk(sketch, "").part("policy")
    if part is None or before.name != "float32" or not part.chance(0.15):
        yield
        return
    name = sketch.parts[part.path] = part.choice(POLICIES)
    sketch.coarse = name != "float64"
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


__all__ = ["Drawing", "draw", "models", "random_model", "randomize"]
