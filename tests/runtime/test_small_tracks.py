"""Tracks beside the letters of a plan: kept where letters are written, turned with the sequence."""

from __future__ import annotations

import numpy as np
import pytest

from fastism import api
from fastism.errors import InputError
from fastism.ir import Sites
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.plan import Plan
from tests.passes.conftest import module_of
from tests.runtime.small import LETTERS, by_hand, near, sequences, small, weights, written


def test_letters_beside_tracks() -> None:
    plan = small(letters=slice(0, 3))
    assert plan.letters == (0, 1, 2)
    assert plan.alternatives.tolist() == np.eye(3, 4)[:, None].tolist()
    assert plan.with_sites([3]).alternatives.tolist() == plan.alternatives.tolist()
    x = sequences(2)
    x[..., 3] = 0.5
    found = plan(x)["tasks"].alternate
    row = np.array([[0, 1, 0, 0.5]])
    near(found[:, 4, 1], by_hand(written(x, 4, row))["tasks"])
    wide = plan(x, alternatives=LETTERS[1:2, None])["tasks"].alternate
    near(wide[:, 4, 0], by_hand(written(x, 4, row))["tasks"])
    row = np.array([[1, 0, 0, 0.5], [0, 0, 1, 0.5]])
    changed = plan.variants(x, [0], [2], ["AG"], alphabet="ACG")["tasks"].alternate
    near(changed, by_hand(written(x[:1], 2, row))["tasks"])


def test_rows_of_letters_beside_tracks_for_each_sequence() -> None:
    """Whoever gives them, the tracks beside them stay."""
    plan, x = small(letters=slice(0, 3)), sequences(2)
    x[..., 3] = 0.5
    own = np.array([[[[0, 1, 0]]], [[[0, 0, 1]]]], "float32")  # (N, A, width, letters)
    found = plan(x, alternatives=own)["tasks"].alternate
    for number, row in enumerate([[0, 1, 0, 0.5], [0, 0, 1, 0.5]]):
        mutant = written(x[number : number + 1], 4, np.array([row]))
        near(found[number, 4, 0], by_hand(mutant)["tasks"][0])
    letters = np.eye(3, 4)[:, None].tolist()
    assert plan.written("letters", 2).tolist() == letters
    assert plan.written(np.eye(3)[:, None], 2).tolist() == letters


def test_a_track_beside_the_sequence_is_turned_with_it() -> None:
    text = """
graph @main(%seq: f32[N,12,4], %aside: f32[N,12,{channels}]) {{
  %conv : f32[N,12,3] = conv1d(%seq) {{width=3, pad=same}} @conv.kernel
  %both : f32[N,12,{all}] = concatenate(%conv, %aside) {{axis=2}}
  %relu : f32[N,12,{all}] = relu(%both)
  %out : f32[N,{flat}] = flatten(%relu)
  return %out
}}
"""

    def plan_of(channels: int) -> Plan:
        each = text.format(channels=channels, all=3 + channels, flat=12 * (3 + channels))
        module = module_of(each, "canonical", weights(), sites=Sites((3,)))
        return api.from_module(module, backend="reference")

    plan, x = plan_of(1), sequences(2)
    track = np.random.default_rng(2).normal(size=(2, 12, 1)).astype("float32")
    found = BothStrands(plan, "same").predict([x, track])["out0"]
    turned = [x[:, ::-1, ::-1], track[:, ::-1]]
    near(found, (plan.predict([x, track])["out0"] + plan.predict(turned)["out0"]) / 2)
    pair = Ensemble([plan, plan])
    near(pair.predict([x, track])["out0"], plan.predict([x, track])["out0"])
    with pytest.raises(InputError, match=r"'aside' f32\[N,12,2\] has no reverse complement"):
        BothStrands(plan_of(2), "same")
