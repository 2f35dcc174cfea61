"""A scheduled module read once, typed and checked; what is written back reads the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import VerifyError
from fastism.ir.graph import Attribute
from fastism.ir.module import Constant, Module
from fastism.ir.parser import parse_module
from fastism.ir.printer import print_module
from fastism.ir.program import Chunks, Program, backend_options, graph_heads, group_indices
from fastism.ir.verify import verify
from fastism.ir.ways import Way

TEXT = (Path(__file__).parents[1] / "golden" / "scheduled.fism").read_text(encoding="utf-8")


def detached(text: str = TEXT) -> Module:
    return parse_module(text)


@pytest.fixture
def module() -> Module:
    """The golden program with site tables of its own: two starts at which dense layers read."""
    tables = {
        "propagate0/sites": np.arange(30, dtype="int32"),
        "propagate0/tower/pool 1.start": np.repeat([4, 2], 15).astype("int32"),
    }
    return detached().with_constants({name: Constant.of(x) for name, x in tables.items()})


def test_a_program_is_read(module: Module) -> None:
    program = Program.of(module)
    assert program.intout is module.main
    assert program.heads == ("dense", "mean")
    (group,) = program.groups
    assert group.graph is module.graphs[1]
    assert group.sites.tolist() == list(range(30))
    assert group.heads == (0, 1)
    assert (group.pairs, group.items, group.bytes, group.workers) == (4096, 12288, 17321984, 2)
    assert (group.alternatives, group.pair_bytes) == (3, 4229)
    assert group.predicted_seconds is None
    assert group.keys.tolist() == [[4]] * 15 + [[2]] * 15
    assert group.pairs_within(None) == 4096
    assert group.pairs_within(5 * 2 * 4229) == 5


def test_what_is_written_back_reads_the_same(module: Module) -> None:
    program = Program.of(module)
    (group,) = program.groups
    graph = group.rescheduled(pairs=8, measured_seconds=2.5e-6, options={"tensorflow.fuse": True})
    changed = program.rescheduled([graph])
    verify(changed)
    (again,) = Program.of(changed).groups
    assert (again.pairs, again.items, again.bytes, again.workers) == (8, 24, 8 * 4229, 2)
    assert again.measured_seconds == pytest.approx(2.5e-6)
    assert changed.main is module.main
    assert print_module(parse_module(print_module(changed))) == print_module(changed)
    once_more = again.rescheduled(workers=1)
    assert once_more.attributes == {**graph.attributes, "workers": 1}


def test_chunks_of_fewer_pairs() -> None:
    """Never of none; and a pair is taken to hold a byte at least."""
    chunks = Chunks(pairs=8, items=24, bytes=800, workers=2)
    assert [chunks.pairs_within(memory) for memory in (0, 399, 400, 799, 800)] == [1, 1, 2, 3, 4]
    assert chunks.pairs_within(1 << 30) == 8
    assert chunks.resized(5) == Chunks(pairs=5, items=15, bytes=500, workers=2)
    small = replace(chunks, bytes=4)
    assert (small.pair_bytes, small.pairs_within(6), small.resized(3).bytes) == (1, 3, 3)


def test_times_are_kept_in_whole_nanoseconds() -> None:
    chunks = Chunks(pairs=1, items=1, bytes=1, workers=1)
    counts = {"pairs": 1, "items": 1, "bytes": 1, "workers": 1}
    assert chunks.attributes == counts
    timed = replace(chunks, predicted_seconds=0.0, measured_seconds=2.6e-9)
    assert timed.attributes == {**counts, "predicted_ns": 0, "measured_ns": 3}


def test_a_time_of_nothing_is_a_time(module: Module) -> None:
    graph = module.graphs[1]
    graph = graph.replace(attributes={**graph.attributes, "predicted_ns": 0, "measured_ns": 7})
    (group,) = Program.of(module.with_graphs([module.main, graph])).groups
    assert group.predicted_seconds == 0.0
    assert group.measured_seconds == pytest.approx(7e-9)
    assert group.rescheduled(measured_seconds=1e-6).attributes["measured_ns"] == 1000
    assert group.rescheduled(pairs=2).attributes["measured_ns"] == 7


def test_the_ways_that_were_timed_are_read_back(module: Module) -> None:
    """The first is the chosen one, and its times are the graph's."""
    program = Program.of(module)
    (group,) = program.groups
    assert (group.ways, group.no_choice) == ((), None)
    native, other = Way("native", 2e-6, 3e-6), Way("TensorFlow, fused", 4e-6)
    graph = group.rescheduled(ways=(native, other), no_choice="it is so")
    assert graph.attributes["ways"] == (("native", 2000, 3000), ("TensorFlow, fused", 4000, None))
    changed = program.rescheduled([graph])
    assert print_module(parse_module(print_module(changed))) == print_module(changed)
    (again,) = Program.of(changed).groups
    assert (again.predicted_seconds, again.measured_seconds) == pytest.approx((2e-6, 3e-6))
    assert [way.name for way in again.ways] == ["native", "TensorFlow, fused"]
    assert again.ways[1].measured_seconds is None
    assert again.no_choice == "it is so"
    free = again.rescheduled(ways=(other,), no_choice="")
    assert "no_choice" not in free.attributes
    assert free.attributes["measured_ns"] == 3000  # of the last time, as this one says nothing


def test_the_share_that_is_not_with_zero_is_read_back(module: Module) -> None:
    (group,) = Program.of(module).groups
    assert group.live is None
    graph = group.rescheduled(live=0.25)
    assert graph.attributes["live"] == 0.25
    changed = module.with_graphs([module.main, graph])
    (again,) = Program.of(changed).groups
    assert again.rescheduled(pairs=2).attributes["live"] == 0.25
    assert print_module(parse_module(print_module(changed))) == print_module(changed)
    for whole in (0, 1):
        graph = graph.replace(attributes={**graph.attributes, "live": whole})
        (group,) = Program.of(module.with_graphs([module.main, graph])).groups
        assert group.live == whole


def test_options_of_a_backend(module: Module) -> None:
    """Those of others are not looked at, nor attributes that are no options."""
    known = {"mine.fast": False, "mine.safe": True}

    def options(**given: Attribute) -> dict[str, bool]:
        named = {name.replace("_", "."): value for name, value in given.items()}
        graph = module.graphs[1]
        graph = graph.replace(attributes={**graph.attributes, **named})
        return backend_options(module, graph, known)

    assert options() == known
    assert options(mine_fast=True, other_fast=3) == {"mine.fast": True, "mine.safe": True}
    with pytest.raises(VerifyError, match=r"@propagate0 has the option mine\.safe=1") as caught:
        options(mine_safe=1)
    assert caught.value.why == "it is true or false"
    with pytest.raises(VerifyError, match=r"@propagate0 has the option 'mine\.slow'") as caught:
        options(mine_slow=True)
    assert caught.value.why == "that backend knows mine.fast, mine.safe"
    assert known == {"mine.fast": False, "mine.safe": True}


@pytest.mark.parametrize("table", [np.zeros(3, "float32"), np.zeros((3, 1), "int32")])
def test_sites_are_numbered(module: Module, table: np.ndarray) -> None:
    module = module.with_constants({"propagate0/sites": Constant.of(table)})
    with pytest.raises(VerifyError, match="@propagate0 has no sites") as caught:
        group_indices(module, module.graphs[1])
    assert caught.value.why == "its constant in the role 'sites' numbers them, as i32"


def test_heads_are_among_the_models(module: Module) -> None:
    graph = module.graphs[1].replace(attributes={"heads": (1, 0)})
    assert graph_heads(module, graph, 2) == (1, 0)
    for head in (-1, 2):
        wrong = graph.replace(attributes={"heads": (head,)})
        with pytest.raises(VerifyError, match=f"has the head {head}") as caught:
            graph_heads(module, wrong, 2)
        assert caught.value.why == "the model has 2 outputs"


REFUSED: dict[str, tuple[str, Attribute, str]] = {
    "no pairs": ("pairs", None, "graph @propagate0 has no chunk size"),
    "no items": ("items", None, "graph @propagate0 has no number of items a chunk"),
    "no bytes": ("bytes", None, "graph @propagate0 has no memory estimate"),
    "no workers": ("workers", None, "graph @propagate0 has no number of workers"),
    "pairs in words": ("pairs", "many", "has the chunk size pairs='many'"),
    "half a pair": ("pairs", 0.5, "has the chunk size pairs=0.5"),
    "no pair": ("pairs", 0, "has the chunk size pairs=0"),
    "a truth for a number": ("workers", True, "has the number of workers workers=True"),
    "uneven pairs": ("items", 12287, "has 12287 items and 4096 pairs a chunk"),
    "a time in words": ("measured_ns", "soon", "has the time measured_ns='soon'"),
    "time backwards": ("predicted_ns", -1, "has the time predicted_ns=-1"),
    "a share in words": ("live", "half", "has the share live='half'"),
    "a share of more": ("live", 1.01, "has the share live=1.01"),
    "a truth for a share": ("live", True, "has the share live=True"),
    "ways in a word": ("ways", "native", "has the way to run 'native'"),
    "a way without a name": ("ways", ((1, 2, 3),), "has the way to run (1, 2, 3)"),
    "a way backwards": ("ways", (("native", -1, None),), "has the way to run ('native', -1, None)"),
    "a number for a reason": ("no_choice", 3, "has no_choice=3"),
    "one head": ("heads", 0, "graph @propagate0 has no heads"),
    "head by name": ("heads", ("dense", "mean"), "has the head 'dense'"),
    "head of truth": ("heads", (False, True), "has the head False"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_missing_or_of_another_kind_is_refused(case: str, module: Module) -> None:
    """By the verifier, and by whoever reads a module that was not verified."""
    key, value, message = REFUSED[case]
    graph = module.graphs[1]
    attributes = {k: v for k, v in graph.attributes.items() if k != key}
    if value is not None:
        attributes[key] = value
    wrong = module.with_graphs([module.main, graph.replace(attributes=attributes)])
    for read in (Program.of, verify):
        with pytest.raises(VerifyError) as caught:
            read(wrong)
        assert message in str(caught.value)


def test_the_models_heads_are_names(module: Module) -> None:
    main = module.main.replace(attributes={"heads": (0, 1)})
    with pytest.raises(VerifyError, match=r"@intout has the heads \(0, 1\)"):
        Program.of(module.with_graphs([main, module.graphs[1]]))


def test_tables_are_asked_for(module: Module) -> None:
    with pytest.raises(ValueError, match="'propagate0/sites' was read from text without"):
        Program.of(detached())
    with pytest.raises(VerifyError, match="@propagate0 has no sites"):
        group_indices(module, module.graphs[1].replace(constants=()))
