"""Ranges on every value; the ranges themselves are tested with the analysis."""

import numpy as np
import pytest

from fastism.errors import PassError
from fastism.ir import Interval, Sites
from fastism.passes import Annotate

WEIGHTS = {"conv.kernel": np.ones((3, 4, 2), "float32")}
TEXT = """
graph @main(%seq: f32[N,9,4]) {
  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same} @conv.kernel
  %trim : f32[N,5,2] = crop(%conv) {left=2, right=2}
  return %trim
}
"""


def test_every_value_gets_both_ranges(parsed) -> None:
    module = Annotate()(parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(9)))
    values = module.main.values
    assert module.stage == "annotated"
    assert [values[name].change.at(4) for name in ("seq", "conv", "trim")] == [
        (Interval(4, 5),),
        (Interval(3, 6),),
        (Interval(1, 4),),
    ]
    assert [values[name].need for name in ("seq", "conv", "trim")] == [
        Interval(1, 8),
        Interval(2, 7),
        Interval(0, 5),
    ]
    assert values["trim"].change.at(0) == ()


def test_annotating_again_changes_nothing(parsed) -> None:
    once = Annotate()(parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(9)))
    assert Annotate()(once) == once


def test_ranges_follow_new_sites(parsed) -> None:
    once = Annotate()(parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(9)))
    again = Annotate()(once.replace(sites=Sites((0,), width=9)))
    assert again.main.values["trim"].change.is_all


def test_a_module_without_sites_is_refused(parsed) -> None:
    with pytest.raises(PassError, match=r"(?s)annotate: .*where its input is edited.*Sites\.every"):
        Annotate()(parsed(TEXT, "canonical", WEIGHTS))


def test_an_unknown_sequence_input_is_refused(parsed) -> None:
    module = parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(9)).replace(seq_input="dna")
    with pytest.raises(PassError, match=r"annotate: .*which input is edited"):
        Annotate()(module)
