"""How many multiply-adds are not with zero, counted on models of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from fastism import api
from fastism.backends import reference
from fastism.backends.reference import FORMS
from fastism.calibration.live import live_shares
from fastism.ir.module import Sites
from fastism.runtime.plan import Plan
from tests.passes.conftest import module_of

CHANNELS, LENGTH = 16, 40
TEXT = f"""graph @main(%seq: f32[N,{LENGTH},4]) {{
  %first : f32[N,{LENGTH},{CHANNELS}] = conv1d(%seq) {{width=3, pad=same}} @first.kernel @first.bias
  %act : f32[N,{LENGTH},{CHANNELS}] = OP(%first)
  %second : f32[N,{LENGTH},256] = conv1d(%act) {{width=5, pad=same}} @second.kernel
  %mean : f32[N,256] = global_average_pool(%second)
  return %mean
}}
"""


def plan_of(op: str, dead: int, sites: Sites) -> Plan:
    """Two convolutions; ``dead`` of the channels between them are far below zero everywhere."""
    random = np.random.default_rng(0)
    weights = {
        "first.kernel": random.uniform(0.1, 1, (3, 4, CHANNELS)).astype("float32"),
        "first.bias": np.where(np.arange(CHANNELS) < dead, -100, 1).astype("float32"),
        "second.kernel": random.standard_normal((5, CHANNELS, 256)).astype("float32"),
    }
    text = TEXT.replace("OP", op)
    module = module_of(text, "canonical", weights, sites=sites)
    return api.from_module(module, backend="reference")


@pytest.mark.parametrize(("op", "dead", "expected"), [("relu", 12, 4 / 16), ("tanh", 0, 1.0)])
def test_what_stays_below_the_threshold_is_left_out(op: str, dead: int, expected: float) -> None:
    """Of the first convolution half: an edit changes two letters of four."""
    plan = plan_of(op, dead, Sites(tuple(range(10, 30)), 1))
    first, second = 3 * 4 * CHANNELS / ((12 / 16) * (16 / 20)), 3 * 5 * CHANNELS * 256
    second /= (80 / 84) * (256 / 260)
    share = (first / 2 + expected * second) / (first + second)
    (found,) = live_shares(plan, plan.executor.groups).values()
    assert found == pytest.approx(share, abs=0.02)


def test_what_has_no_numpy_form_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("relu", 12, Sites(tuple(range(10, 30)), 1))
    table = {op: FORMS[op] for op in FORMS if op != "add_reference"}
    monkeypatch.setattr(reference, "FORMS", table)
    assert live_shares(plan, plan.executor.groups) == {}
