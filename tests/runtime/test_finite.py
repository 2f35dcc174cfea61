"""Weights that are NaN or infinite: counted, and named by layer and role."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastism.errors import FastismWarning
from fastism.ir import Module, Sites
from fastism.runtime.finite import not_finite, warn_of_weights
from tests.passes.conftest import module_of

TEXT = """
graph @main(%seq: f32[N,4,2]) {
  %one : f32[N,4,2] = conv1d(%seq) {width=1} @one.kernel @one.bias layer=tower/one
  %two : f32[N,4,2] = conv1d(%one) {width=1} kernel=@one.kernel @two.bias
  return %two
}
"""
NAN, INF = float("nan"), float("inf")


def module(kernel: Any, one: Any = (0, 0), two: Any = (0, 0)) -> Module:
    weights = {
        "one.kernel": np.array([kernel], np.float32),
        "one.bias": np.array(one, np.float32),
        "two.bias": np.array(two, np.float32),
    }
    return module_of(TEXT, "canonical", weights, sites=Sites.every(4))


FINE = [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (module(FINE), []),
        # a kernel that two nodes share is named once, by the first
        (module([[NAN, 2], [3, 4]]), ["1 NaN entry in the kernel of layer 'tower/one'"]),
        (module([[INF, 2], [-INF, 4]]), ["2 infinite entries in the kernel of layer 'tower/one'"]),
        (
            module(FINE, (NAN, 1), (-INF, NAN)),
            [
                "1 NaN entry in the bias of layer 'tower/one'",
                "1 NaN and 1 infinite entries in the bias of layer 'two'",
            ],
        ),
    ],
)
def test_each_is_named(given: Module, said: list[str]) -> None:
    assert not_finite(given, {}) == said


def test_a_variance_that_has_no_root_is_named() -> None:
    roles = ("mean", "variance")
    text = """
graph @main(%seq: f32[N,4,2]) {
  %norm : f32[N,4,2] = batch_norm(%seq) {epsilon=0.5} @norm.mean @norm.variance layer=norm
  return %norm
}
"""
    for variance, said in {(-0.4, 1): [], (-0.6, 1): ["1 negative entry in the variance"]}.items():
        weights = {f"norm.{role}": np.array(variance, np.float32) for role in roles}
        given = module_of(text, "flat", weights, sites=Sites.every(4))
        assert not_finite(given, {}) == [f"{each} of layer 'norm'" for each in said]


def test_what_a_text_lacks_is_not_looked_at() -> None:
    detached = module_of(
        TEXT,
        "canonical",
        {name: np.zeros(1) for name in ("one.kernel", "one.bias", "two.bias")},
        detached=True,
    )
    assert not_finite(detached, {}) == []


def test_live_layers_are_looked_at() -> None:
    live: Any = {
        "tower/lstm": SimpleNamespace(
            weights=lambda: {
                "steps": np.array([1, 2]),
                "kernel": np.array([NAN, 1.0, NAN]),
                "bias": [INF, 0.0],
            }
        )
    }
    assert not_finite(module(FINE), live) == [
        "2 NaN entries in the weight 'kernel' of layer 'tower/lstm'",
        "1 infinite entry in the weight 'bias' of layer 'tower/lstm'",
    ]


def compile_() -> None:
    warn_of_weights(module(FINE, (NAN, 1), (INF, 1)), {})


def test_one_warning_each() -> None:
    with pytest.warns(FastismWarning) as caught:
        compile_()
    assert [str(each.message).partition(":")[0] for each in caught] == [
        "the model holds 1 NaN entry in the bias of layer 'tower/one'",
        "the model holds 1 infinite entry in the bias of layer 'two'",
    ]


def test_warnings_are_at_the_line_that_compiled() -> None:
    with pytest.warns(FastismWarning) as caught:
        compile_()
    line = test_warnings_are_at_the_line_that_compiled.__code__.co_firstlineno + 2
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)] * 2
