"""How far an edit reaches into each value, and what the outputs see of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastism.errors import VerifyError
from fastism.ir import Constant, Graph, GraphBuilder, Interval, Module, Sites, TensorType
from fastism.ir.analysis import annotated, change_ranges, need_ranges, reach


@pytest.fixture
def graph() -> Graph:
    """An edited input, another one, and values that meet the edit on windows, whole, or never."""
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("main", constants)
    seq = builder.input("seq", TensorType.parse("f32[N,12,4]"))
    other = builder.input("other", TensorType.parse("f32[N,12,4]"))
    taps = builder.constant("conv.kernel", np.ones((3, 4, 4), np.float32))
    row = builder.constant("row.value", np.ones((12, 4), np.float32))
    options = {"width": 3, "pad": "same"}
    conv = builder.add("conv1d", [seq], name="conv", attributes=options, constants={"kernel": taps})
    builder.add("constant", [conv], name="fixed", constants={"value": row})
    builder.add("relu", [other], name="aside")
    builder.add("add", ["conv", "aside"], name="sum")
    builder.add("crop", ["sum"], name="crop", attributes={"left": 2, "right": 1})
    builder.add("global_max_pool", ["crop"], name="pool", attributes={"keepdims": True})
    builder.add("add", ["crop", "pool"], name="back")
    builder.add("global_max_pool", ["fixed"], name="still")
    return builder.finish(["back", "still"])


def module(graph: Graph) -> Module:
    return Module(
        graphs=(graph,),
        constants={},
        stage="flat",
        after="text",
        sites=Sites((0, 6, 11), 1),
        seq_input="seq",
        outputs=("back", "still"),
    )


def test_reach(graph: Graph) -> None:
    assert reach(graph, "seq") == {
        "seq": "somewhere",
        "other": "nowhere",
        "conv": "somewhere",
        "fixed": "nowhere",
        "aside": "nowhere",
        "sum": "somewhere",
        "crop": "somewhere",
        "pool": "everywhere",
        "back": "everywhere",
        "still": "nowhere",
    }


def test_change_and_need(graph: Graph) -> None:
    changes = change_ranges(graph, module(graph))
    needs = need_ranges(graph)
    full = annotated(graph, module(graph))
    for name, value in full.values.items():
        assert (value.change, value.need) == (changes[name], needs[name])
    at = {name: [change.at(site) for site in range(3)] for name, change in changes.items()}
    assert at["seq"] == [(Interval(0, 1),), (Interval(6, 7),), (Interval(11, 12),)]
    assert at["conv"] == [(Interval(0, 2),), (Interval(5, 8),), (Interval(10, 12),)]
    assert at["crop"] == [(), (Interval(3, 6),), (Interval(8, 9),)]
    assert at["pool"] == [(), (Interval(0, 1),), (Interval(0, 1),)]
    assert at["back"] == [(), (Interval(0, 9),), (Interval(0, 9),)]
    for name in ("other", "fixed", "aside", "still"):
        assert changes[name].is_none
    assert needs["back"] == needs["crop"] == Interval(0, 9)
    assert needs["sum"] == needs["conv"] == needs["aside"] == Interval(2, 11)
    assert needs["seq"] == Interval(1, 12)
    assert needs["fixed"] == Interval(0, 12)


@pytest.mark.parametrize("lack", [{"sites": None}, {"seq_input": "nix"}])
def test_without_sites_or_input(graph: Graph, lack: dict[str, None]) -> None:
    with pytest.raises(VerifyError, match="does not say which input is edited, or where"):
        change_ranges(graph, replace(module(graph), **lack))
