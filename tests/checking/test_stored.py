"""Faults planted in a stored plan, below its checksums: each is caught and located."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from fastism.checking.modules import first_difference
from fastism.checking.stored import check_record, check_stages
from fastism.cli import main
from fastism.errors import MismatchError, PlanError
from fastism.io.plan_folder import load_plan
from fastism.ir.module import Module
from fastism.ir.program import Program
from fastism.passes import Pass, register_pass
from fastism.runtime.plan import Plan
from tests.checking import planted
from tests.checking.planted import constant, from_stage, in_stage, node, plus


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planted.compiled()


def swapped(n: Any) -> Any:
    return n.replace(inputs=n.inputs[::-1])


# The fault; the stage whose stored module is reported, and what is said of it.
PLANTED: dict[str, tuple[Callable[[Plan], Plan], str, str]] = {
    "a weight, from canonical on": (
        lambda plan: from_stage(plan, "canonical", constant("wide.kernel", plus(0.25, 1, 2, 3))),
        "canonical",
        r"@wide.kernel \[1,2,3\] is ",
    ),
    "a weight of one stage": (
        lambda plan: in_stage(plan, "scheduled", constant("rows.bias", plus(1.0, 0))),
        "scheduled",
        r"@rows.bias \[0\] is ",
    ),
    "a scaled kernel": (
        lambda plan: from_stage(plan, "split", constant("conv.kernel.scaled", plus(0.1))),
        "split",
        r"@conv.kernel.scaled \[0,0,0\] is \S+, not \S+, and 119 other entries differ",
    ),
    "the scale that the scaled kernel came from": (
        lambda plan: from_stage(plan, "canonical", constant("norm.scale", plus(0.5, 2))),
        "canonical",
        r"@norm.scale \[2\] is ",
    ),
    "a table, at one site": (
        lambda plan: from_stage(plan, "split", constant("propagate1/norm.start", plus(1, 11))),
        "split",
        r"@propagate1/norm.start \[11\] is \d+, not \d+\n",
    ),
    "the sites of a graph": (
        lambda plan: in_stage(plan, "scheduled", constant("propagate2/sites", plus(-1, 0))),
        "scheduled",
        r"@propagate2/sites \[0\] is",
    ),
    "concatenation in the other order": (
        lambda plan: from_stage(plan, "split", node("join.delta", swapped)),
        "split",
        "%join.delta in @propagate2 has other inputs: gate.delta, narrow.tanh.delta:2, not",
    ),
    "the offset of a pick": (
        lambda plan: from_stage(
            plan, "split", node("norm.delta", lambda n: n.with_attributes(offset=-1))
        ),
        "split",
        "%norm.delta in @propagate2 has offset=-1, not -2",
    ),
    "what a padded pool reads outside": (
        lambda plan: from_stage(
            plan, "split", node("relu.reference", lambda n: n.with_attributes(fill=0.0), graph=1)
        ),
        "split",
        "%relu.reference in @propagate0 has fill=0.0, not -inf",
    ),
    "another activation": (
        lambda plan: from_stage(
            plan, "flat", node("gate", lambda n: n.replace(op="tanh"), graph=0)
        ),
        "flat",
        "%gate in @main has other op: tanh, not sigmoid",
    ),
    "an output left out": (
        lambda plan: in_stage(plan, "flat", lambda m: m.replace(outputs=("a", "b", "c"))),
        "flat",
        "its outputs is a, b, c, not rows, highest, mean",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_located(plan: Plan, fault: str) -> None:
    plant, stage, said = PLANTED[fault]
    wrong = plant(plan)
    with pytest.raises(MismatchError, match=f"the stored {stage} stage is not what") as caught:
        check_stages(wrong.stages, wrong.pipeline)
    assert caught.match(said)
    assert caught.value.where is not None
    if "outputs" not in said and "sites" not in said:
        assert "  >  " in str(caught.value)
        assert len((caught.value.context or "").splitlines()) >= 6


def test_the_stored_stages_are_what_the_passes_make(plan: Plan) -> None:
    check_stages(plan.stages, plan.pipeline)
    tuned = plan.with_module(scheduled(plan, pairs=7, options={"tensorflow.fuse": True}))
    check_stages(tuned.stages, plan.pipeline)
    timed = plan.with_module(scheduled(plan, measured_seconds=3e-9))
    check_stages(timed.stages, plan.pipeline)
    halved = plan.with_module(scheduled(plan, workers=1))
    with pytest.raises(MismatchError, match="@propagate0 has other attributes"):
        check_stages(halved.stages, plan.pipeline)


def scheduled(plan: Plan, **choices: Any) -> Module:
    """The plan's module with another schedule of its first propagation graph."""
    program = Program.of(plan.module)
    return program.rescheduled([program.groups[0].rescheduled(**choices)])


@register_pass
@dataclass(frozen=True)
class Forgetful(Pass):
    """A pass that has changed since the plan was made."""

    name: ClassVar[str] = "forgetful"
    changed: ClassVar[bool] = False

    def run(self, module: Module) -> Module:
        if not type(self).changed:
            return module
        return module.rewrite(lambda n: n.inputs[0] if n.name == "gate" else n)


def test_a_pass_that_has_changed_since_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planted.compiled("flatten,canonicalize,forgetful,annotate,segment,split,schedule")
    check_stages(plan.stages, plan.pipeline)
    monkeypatch.setattr(Forgetful, "changed", True)
    with pytest.raises(MismatchError, match="stage is not what the pass forgetful makes"):
        check_stages(plan.stages, plan.pipeline)


def test_differences_of_numbers_that_look_alike() -> None:
    module = planted.compiled("flatten,canonicalize,annotate,segment,split,schedule").module
    signed = constant("rows.bias", lambda x: np.zeros_like(x))(module)
    other = constant("rows.bias", lambda x: -np.zeros_like(x))(module)
    different = first_difference(signed, other)
    assert different is not None
    assert different.what == "[0] is -0.0, not 0.0, and 1 other entries differ"
    assert first_difference(module, module) is None
    without = {name: c for name, c in module.constants.items() if name != "rows.bias"}
    different = first_difference(module, module.replace(constants=without))
    assert (different and different.subject, different and different.what) == (
        "@rows.bias",
        "is missing",
    )


RECORDS = {
    "backend": ("tensorflwo", "is for a backend that is not there: 'tensorflwo'"),
    "pipeline": ("flatten,canonicalise", "there is no pass 'canonicalise'"),
    "alternatives": ([[[1.0, 0.0]]], "the alternatives have the shape"),
}


@pytest.mark.parametrize("field", RECORDS)
def test_a_record_that_cannot_be_is_refused(plan: Plan, field: str) -> None:
    check_record(plan.manifest, plan.stages)
    value, said = RECORDS[field]
    with pytest.raises(PlanError, match=said):
        check_record({**plan.manifest, field: value}, plan.stages)


def test_a_stage_more_than_the_pipeline_makes_is_refused(plan: Plan) -> None:
    with pytest.raises(PlanError, match="holds 8 stages, and its pipeline makes 7"):
        check_record(plan.manifest, (*plan.stages, plan.module))


@pytest.mark.parametrize("positions", [[0, 1, 1], [0, 1, -1], [0, 1, True], [0, 1, "2"], [0, 1]])
def test_positions_that_cannot_be_are_refused(
    plan: Plan, positions: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_positions = planted.with_stages(plan, plan.stages)
    with_positions.output_positions = tuple(positions)
    with_positions.save(tmp_path / "plan")
    assert main(["verify", str(tmp_path / "plan")]) == 2
    assert "the output_positions in its manifest do not fit" in capsys.readouterr().err


def test_tampering_above_and_below_the_checksums(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.save(tmp_path / "right")
    assert main(["verify", str(tmp_path / "right")]) == 0
    assert "every stage is what its pass makes of the one before it" in capsys.readouterr().out
    text = tmp_path / "right" / "ir" / "006-scheduled.fism"
    text.write_text(text.read_text().replace("offset=-2", "offset=-1"))
    assert main(["verify", str(tmp_path / "right")]) == 2
    assert "was altered" in capsys.readouterr().err
    table = constant("propagate0/norm.start", plus(-1, 3))
    from_stage(plan, "split", table).save(tmp_path / "wrong")
    load_plan(tmp_path / "wrong")
    assert main(["verify", str(tmp_path / "wrong")]) == 2
    err = capsys.readouterr().err
    assert "not what the pass split makes: @propagate0/norm.start [3] is" in err
    assert "  >  %norm.delta" in err
