"""What an earlier compile timed is found again: of the same plan, on the same machine, and whole.

By the numpy backend, which is given ways to run graphs; how long each takes is what a test says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pytest
from keras import layers

from fastism import api, caching
from fastism.backends.base import NATIVE, WAYS, Variant, Ways
from fastism.calibration import earlier
from fastism.calibration.earlier import Earlier
from fastism.calibration.nominal import NOMINAL, Speeds
from fastism.errors import PlanError
from fastism.ir import Sites
from fastism.ir.ways import Way
from fastism.runtime import threads
from fastism.runtime.execute import Executor
from fastism.runtime.plan import Plan
from fastism.runtime.tune import Trial
from fastism.testing.conformance import MODELS
from tests.runtime.small import EDGE, MIDDLE, group_of, near, sequences, small, two_graphs
from tests.runtime.times import plainly, said

OTHER = Variant("reference.other", "the other way")


@dataclass
class Clock:
    """Seconds an item, plainly and by the other way; how many schedules were timed."""

    plain: float = 2e-9
    other: float = 1e-9
    used: list[Executor] = field(default_factory=list)

    def __call__(self, executor: Executor, graph: str, pairs: int) -> float:
        on = executor.module.graph[graph].attributes.get(OTHER.option)
        return self.other if on else self.plain

    def timed(self, work: Callable[[], Plan]) -> tuple[Plan, bool]:
        """What ``work`` compiles, and whether anything was timed for it."""
        before = len(self.used)
        plan = work()
        timed = len(self.used) > before
        assert plan.timed_earlier is not timed
        return plan, timed


@pytest.fixture
def conditions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Versions and settings of the numpy backend."""
    found = ["version 1"]
    ways = Ways("plain", (OTHER,), conditions=lambda: found)
    monkeypatch.setitem(WAYS, "reference", ways)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, kept: Path, conditions: list[Any]) -> Clock:
    found = Clock()
    found.used = said(monkeypatch, found)
    return found


def plan_of(**options: Any) -> Plan:
    return small(**{"tune": True, **options})


def test_a_second_compile_times_nothing_and_makes_the_same_plan(clock: Clock, kept: Path) -> None:
    one, timed = clock.timed(plan_of)
    assert timed
    clock.plain = clock.other = float("nan")
    two, timed = clock.timed(plan_of)
    assert not timed
    assert two.module == one.module
    for group in two.executor.groups:
        assert group.graph.attributes[OTHER.option] is True
        assert [way.name for way in group.ways] == [OTHER.label, "plain"]
        assert [way.measured_seconds for way in group.ways] == pytest.approx([1e-9, 2e-9])
    x = sequences()
    for name in one.output_names:
        near(two(x)[name].alternate, one(x)[name].alternate)
    assert len(list(kept.iterdir())) == 1


OTHERWISE: dict[str, dict[str, Any]] = {
    "another weight": {"seed": 1},
    "other sites": {"sites": Sites((1, 2, 3))},
    "other alternatives": {"alternatives": "zeros"},
    "another stop": {"stop_layers": ["relu"]},
    "smaller chunks": {"pipeline": "annotate,segment,split,schedule{chunk-bytes=512}"},
    "one worker": {"pipeline": "annotate,segment,split,schedule{workers=1}"},
}


@pytest.mark.parametrize("options", OTHERWISE.values(), ids=OTHERWISE)
def test_another_plan_is_timed_anew(clock: Clock, options: dict[str, Any]) -> None:
    plan_of()
    _, timed = clock.timed(lambda: plan_of(**options))
    assert timed


def test_another_machine_or_version_times_anew(
    clock: Clock, conditions: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of()
    changes: list[tuple[Any, str, Any]] = [
        (threads, "_most", 1),
        (earlier, "cpu", lambda: ("another",)),
        (caching, "code_of", lambda *packages: "of another version"),
    ]
    for where, name, changed in changes:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, changed)
            assert clock.timed(plan_of)[1], name
    conditions[0] = "version 2"
    assert clock.timed(plan_of)[1]
    conditions[0] = "version 1"
    assert not clock.timed(plan_of)[1]


def test_all_code_that_runs_or_times_a_plan_is_part_of_the_name() -> None:
    assert earlier.CODE == ("fastism.backends", "fastism.calibration", "fastism.runtime")


def test_the_models_name_and_predicted_times_are_no_part_of_it(clock: Clock) -> None:
    plan = small()
    module = plan.module.replace(model="another", sha256="0123")
    (group,) = plan.executor.groups
    program = plan.executor.program
    other = program.rescheduled([group.rescheduled(measured_seconds=1.0, live=0.5)])
    rows = plan.alternatives
    name = Earlier.of(plan.module, rows, {}, "reference").name
    assert name is not None
    assert Earlier.of(module, rows, {}, "reference").name == name
    assert Earlier.of(other, rows, {}, "reference").name == name
    assert Earlier.of(plan.module, rows[:2], {}, "reference").name != name


def test_it_is_timed_again_where_that_is_asked_for(clock: Clock) -> None:
    """And what was kept before is forgotten, however fast it was."""
    plan_of()
    clock.plain, clock.other = 3e-9, 6e-9
    plan, timed = clock.timed(lambda: plan_of(tune="again"))
    assert timed
    found, timed = clock.timed(plan_of)
    assert not timed
    assert found.module == plan.module
    assert [way.name for way in found.executor.groups[0].ways] == ["plain", OTHER.label]


def whole(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest() + text.encode()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[:-3],
    "altered": lambda content: content.replace(b'"pairs": ', b'"pairs": 1'),
    "no JSON": lambda content: whole("{"),
    "other JSON": lambda content: whole("[1, 2, 3]"),
    "other graphs": lambda content: whole(json.dumps([1, {"propagate0": {"seconds": 1}}])),
    "no schedule": lambda content: whole(json.dumps([1, {"propagate0": None}])),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_timed_anew(
    clock: Clock, kept: Path, damage: Callable[[bytes], bytes]
) -> None:
    plan_of()
    (file,) = kept.iterdir()
    content = file.read_bytes()
    file.write_bytes(damage(content))
    assert file.read_bytes() != content
    assert clock.timed(plan_of)[1]
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_no_error(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (str(tmp_path / "file"), ""):
        monkeypatch.setenv(caching.VARIABLE, folder)
        assert clock.timed(plan_of)[1]
        assert clock.timed(plan_of)[1]


def test_what_took_far_longer_than_predicted_is_timed_by_a_few_compiles(clock: Clock) -> None:
    """The faster of what they timed stays."""
    (group,) = small().executor.groups
    assert group.predicted_seconds is not None
    slow = 1.6 * group.predicted_seconds
    found = []
    for clock.plain, clock.other in ((3 * slow, 4 * slow), (2 * slow, slow), (5 * slow, 5 * slow)):
        plan, timed = clock.timed(plan_of)
        assert timed
        found.append(plan.module)
    assert len(found) == earlier.TIMES
    plan, timed = clock.timed(plan_of)
    assert not timed
    assert plan.module == found[1]


def test_what_took_about_as_long_as_predicted_is_not(clock: Clock) -> None:
    (group,) = small().executor.groups
    assert group.predicted_seconds is not None
    clock.plain, clock.other = (each * group.predicted_seconds for each in (1.4, 2.2))
    assert clock.timed(plan_of)[1]
    assert not clock.timed(plan_of)[1]


def test_ways_that_took_about_as_long_are_timed_by_a_few_compiles(clock: Clock) -> None:
    """So that a busy moment does not choose for good."""
    for clock.plain, clock.other in ((2e-9, 1.8e-9), (1e-9, 1.4e-9), (3e-9, 2e-9)):
        assert clock.timed(plan_of)[1]
    plan, timed = clock.timed(plan_of)
    assert not timed
    assert [way.name for way in plan.executor.groups[0].ways] == ["plain", OTHER.label]


def test_a_graph_for_which_there_was_no_time_is_timed_by_the_next(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("fastism.runtime.tune._candidates", lambda *_: ())
        for _ in range(earlier.TIMES + 1):
            assert plan_of().timed_earlier is False
    assert clock.timed(plan_of)[1]
    assert not clock.timed(plan_of)[1]


def test_a_graph_for_which_there_was_never_time_stays_as_it_was(clock: Clock) -> None:
    """Once a few compiles have timed the others."""
    plan = two_graphs()
    ways = [Way("plain", 1e-9, 1e-9)]
    group = group_of(plan, MIDDLE)
    tuned = plan.with_module(
        plan.executor.program.rescheduled([group.rescheduled(pairs=3, ways=ways)])
    )

    def found() -> Earlier:
        return Earlier.of(plan.module, plan.alternatives, {}, "reference")

    for _ in range(earlier.TIMES):
        assert found().scheduled(plan.module, "reference", NOMINAL) is None
        found().keep(tuned, [Trial(MIDDLE, 3, None, 1e-9)])
    module = found().scheduled(plan.module, "reference", NOMINAL)
    assert module is not None
    assert module.graph[EDGE] == plan.module.graph[EDGE]
    assert module.graph[MIDDLE].attributes["pairs"] == 3


def test_options_of_several_words_are_found_as_they_were(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = {"reference.forms": ("conv.spread:other", "next.spread:other")}
    ways = Ways("plain", (OTHER,), in_forms=lambda *_: forms, conditions=lambda: [])
    monkeypatch.setitem(WAYS, "reference", ways)

    def taken(executor: Executor, graph: str, pairs: int) -> float:
        held = executor.module.graph[graph].attributes
        plainly = 1e-9 if "reference.forms" in held else 2e-9
        return 4 * plainly if held.get(OTHER.option) else plainly

    clock.used = said(monkeypatch, taken)
    module = plan_of().module
    assert module.graph["propagate0"].attributes["reference.forms"] == forms["reference.forms"]
    found, timed = clock.timed(plan_of)
    assert not timed
    assert found.module == module


def test_what_the_text_of_a_schedule_says_was_timed_elsewhere(clock: Clock) -> None:
    """A graph for which there was no time keeps it, and is not taken to be timed here."""
    plan = small()
    (group,) = plan.executor.groups
    ways = [Way("plain", 1e-9, 1e-9)]
    text = plan.with_module(plan.executor.program.rescheduled([group.rescheduled(ways=ways)]))
    found = Earlier.of(text.module, plan.alternatives, {}, "reference")
    found.keep(text, [])
    again = Earlier.of(text.module, plan.alternatives, {}, "reference")
    assert (again.name, again.graphs) == (found.name, {})


def test_nothing_is_kept_where_the_backend_does_not_say_what_speed_depends_on(
    clock: Clock, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WAYS, "reference", Ways("plain", (OTHER,)))
    assert clock.timed(plan_of)[1]
    assert clock.timed(plan_of)[1]
    assert not kept.exists()


def test_live_layers_are_part_of_the_plan(clock: Clock) -> None:
    """By their configuration and weights, but for random states, of which a new one has its own."""

    def compiled(activation: str, scale: float = 1.0) -> Plan:
        x = inputs = keras.Input((16, 4), name="sequence")
        x = layers.Conv1D(3, 3, name="conv", kernel_initializer="ones")(x)
        memory = layers.LSTM(
            *(2, activation),
            name="memory",
            kernel_initializer="ones",
            recurrent_initializer="ones",
            recurrent_dropout=0.5,
        )
        model = keras.Model(inputs, memory(x))
        memory.cell.kernel.assign(scale * memory.cell.kernel)
        return api.compile(model, backend="reference", tune=True)

    plan, timed = clock.timed(lambda: compiled("tanh"))
    assert list(plan.opaque) == ["memory"]
    assert timed
    assert not clock.timed(lambda: compiled("tanh"))[1]
    assert clock.timed(lambda: compiled("sigmoid"))[1]
    assert clock.timed(lambda: compiled("tanh", scale=2.0))[1]


def test_a_live_layer_that_cannot_be_stored_is_timed_every_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def config() -> None:
        raise PlanError("it holds what is no JSON")

    plan = small()
    layer: Any = SimpleNamespace(config=config, weights=dict)
    found = Earlier.of(plan.module, plan.alternatives, {"memory": layer}, "reference")
    assert found == Earlier()


@pytest.mark.parametrize(
    ("known", "counts"), [(NOMINAL, (1, 0)), (None, (1, 1))], ids=["measured before", "never yet"]
)
def test_the_machine_is_measured_again_where_something_is_timed(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, known: Speeds | None, counts: tuple[int, ...]
) -> None:
    """Once, and the figures that are known already will do where nothing is."""
    ways = Ways(NATIVE, (OTHER,), conditions=lambda: [])
    monkeypatch.setitem(WAYS, "reference", ways)
    measured: list[Speeds] = []
    monkeypatch.setattr(api, "known", lambda: known)
    monkeypatch.setattr(api, "measured", lambda: measured.append(NOMINAL) or NOMINAL)
    for timed, count in zip((True, False), counts, strict=True):
        measured.clear()
        assert clock.timed(plan_of)[1] is timed
        assert len(measured) == count


# -- the default --------------------------------------------------------------------------------


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch, kept: Path) -> list[Executor]:
    """In place of timing: native code takes a time that is as predicted; what was timed."""
    for name in ("known", "measured"):
        monkeypatch.setattr(api, name, lambda: NOMINAL)
    monkeypatch.setattr("fastism.runtime.tune.time", SimpleNamespace(perf_counter=lambda: 0.0))
    return said(monkeypatch, plainly)


def test_the_default_times_once(untimed: list[Executor], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second compile counts no zeros, runs nothing, and predicts the same."""
    model = MODELS["dilated_tower"]()
    one = api.compile(model, backend="auto")
    assert untimed
    untimed.clear()
    monkeypatch.setattr(api, "counted", lambda *_: pytest.fail("zeros were counted"))
    monkeypatch.setattr(Executor, "reference", lambda *_: pytest.fail("the reference ran"))
    two = api.compile(model, backend="auto")
    assert untimed == []
    assert two.module == one.module
    assert two.timed_earlier
    assert {group.live is None for group in two.executor.groups} == {False}
