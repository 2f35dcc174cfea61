"""Faults planted in rules, forms, passes and stored graphs: each is caught, and its place named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from fastism.backends.reference import FORMS as NUMPY
from fastism.backends.tensorflow import FORMS as TENSORFLOW
from fastism.checking.bisect import search
from fastism.checking.blame import Finding
from fastism.checking.check import DisagreementError, check_plan
from fastism.checking.subgraph import Subgraph, replay
from fastism.cli import main
from fastism.errors import MismatchError
from fastism.ir.module import Module
from fastism.ir.ranges import Range
from fastism.ir.windows import Window
from fastism.passes import Pass, register_pass
from fastism.passes.canonicalization import batch_norm
from fastism.passes.propagation import exits, rules
from fastism.passes.propagation.layout import Layout
from fastism.runtime.plan import Plan
from tests.checking import planted
from tests.checking.planted import constant, from_stage, in_stage, node, plus

Patch = pytest.MonkeyPatch
PIPELINE = planted.ON_WINDOWS


def found(plan: Plan, tmp_path: Path) -> Finding:
    """What the check says of a plan that is wrong; its sub-graph disagrees when replayed, too."""
    with pytest.raises(DisagreementError) as caught:
        check_plan(plan, planted.model())
    finding = caught.value.finding
    assert finding is not None
    assert finding.culprit in str(caught.value)
    if finding.node is not None:
        assert finding.part is not None
        assert "  >  " in str(caught.value)
        finding.part.write(tmp_path / "bad.fism")
        with pytest.raises(MismatchError, match=f"%{finding.node.name} = {finding.node.op}"):
            replay(tmp_path / "bad.fism")
    return finding


def off(form: Callable[..., Any], by: float = 0.1) -> Callable[..., Any]:
    """A form whose result is a little more than it should be."""
    return lambda *arguments: form(*arguments) + by


# -- the backend's forms ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("sigmoid", "gate"),
        ("place", "norm.delta"),
        ("conv1d_spread", "conv.spread"),
        ("dense_rows", "rows.delta"),
    ],
)
def test_a_wrong_form_of_the_backend(
    op: str, name: str, monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setitem(TENSORFLOW._table, op, off(TENSORFLOW[op]))
    finding = found(planted.compiled(backend="tensorflow", sites=[1, 2]), tmp_path)
    assert finding.culprit == "the backend tensorflow"
    assert finding.node is not None
    assert (finding.node.op, finding.node.name) == (op, name)
    assert finding.part is not None
    apart = finding.part.differences({})
    assert apart["reference"] < 1e-6 < apart["tensorflow"]


# -- the numpy forms: the plan's own scores are right, and the definition is not --------------


@pytest.mark.parametrize(("op", "name"), [("sigmoid", "gate"), ("max_pool", "pool")])
def test_a_wrong_numpy_form_of_a_layer(op: str, name: str, monkeypatch: Patch) -> None:
    plan = planted.compiled(backend="tensorflow", sites=[1, 2])
    check_plan(plan, planted.model())
    assert search(plan, model=planted.model()) is None
    monkeypatch.setitem(NUMPY._table, op, off(NUMPY[op]))
    located = search(plan, model=planted.model())
    assert located is not None
    assert located[1].culprit == f"the numpy form of {op}"
    assert located[1].node is not None
    assert located[1].node.name == name


@pytest.mark.parametrize(("op", "name"), [("place", "norm.delta"), ("sum_window", "mean.delta")])
def test_a_wrong_numpy_form_of_a_window(op: str, name: str, monkeypatch: Patch) -> None:
    plan = planted.compiled(backend="tensorflow", sites=[1, 2])
    monkeypatch.setitem(NUMPY._table, op, off(NUMPY[op]))
    located = search(plan, model=planted.model())
    assert located is not None
    assert located[1].culprit == f"the numpy form of {op}"
    assert located[1].node is not None
    assert located[1].node.name == name


# -- the rules of passes ----------------------------------------------------------------------


def wrong_crop(monkeypatch: Patch) -> None:
    def moved(state: Any, n: Any, strip: int) -> None:
        name = n.result.name
        unmoved = state.moved(name, n.inputs, [0], state.layouts[name][strip])
        state.leave_delta(name, strip, unmoved)

    monkeypatch.setitem(rules.RULES, "crop", moved)


def unscaled_kernel(monkeypatch: Patch) -> None:
    scaled = rules._scaled_after

    def plain(state: Any, n: Any) -> Any:
        folded = scaled(state, n)
        return folded and (dict(n.constants)["kernel"], folded[1])

    monkeypatch.setattr(rules, "_scaled_after", plain)


def doubled_average(monkeypatch: Patch) -> None:
    right = exits.EXITS["global_average_pool"]

    def write(state: Any, n: Any) -> None:
        exits.global_sum_pool(state, n)

    monkeypatch.setitem(exits.EXITS, "global_average_pool", right._replace(write=write))


def narrow_window(monkeypatch: Patch) -> None:
    covering = Layout.covering

    def narrow(tight: Range, *, multiple: int = 1) -> Layout:
        layout = covering(tight, multiple=multiple)
        return Layout(layout.start + 1, layout.width)

    monkeypatch.setattr(Layout, "covering", narrow)


def short_change(monkeypatch: Patch) -> None:
    forward = Window.forward

    def short(self: Window, change: Range, length: int) -> Range:
        right = forward(self, change, length)
        wide = self.width > 1 and self.stride == 1 and self.dilation == 1
        return Range(right.start, right.stop - wide, length)

    monkeypatch.setattr(Window, "forward", short)


def wrong_scale(monkeypatch: Patch) -> None:
    without = SimpleNamespace(sqrt=lambda x: x, float64=np.float64, errstate=np.errstate)
    monkeypatch.setattr(batch_norm, "np", without)


RULES: dict[str, tuple[Callable[[Patch], None], str, str]] = {
    "a crop that does not move": (wrong_crop, "the pass split", "crop.delta|last.delta"),
    "a scale left out of the kernel": (unscaled_kernel, "the pass split", "norm.delta"),
    "a sum for an average": (doubled_average, "the pass split", "mean.delta"),
    "windows one position to the right": (
        narrow_window,
        "the pass split",
        r".*\.(delta|value)(:\d)?",
    ),
    "a change range one position short": (
        short_change,
        "the pass split",
        r".*\.(delta|value)(:\d)?",
    ),
    "a root left out of the batch norm": (wrong_scale, "the pass canonicalize", "norm"),
}


@pytest.mark.parametrize("fault", RULES)
def test_a_wrong_rule(fault: str, monkeypatch: Patch, tmp_path: Path) -> None:
    plant, culprit, name = RULES[fault]
    with monkeypatch.context() as patch:
        plant(patch)
        finding = found(planted.compiled(), tmp_path)
    assert finding.culprit in (culprit, culprit.replace("the pass", "the stored") + " stage")
    assert finding.node is not None
    assert re.fullmatch(name, finding.node.name)


# -- a pass of one's own ----------------------------------------------------------------------


@register_pass
@dataclass(frozen=True)
class Careless(Pass):
    """It takes one activation for another, wherever it runs."""

    name: ClassVar[str] = "careless"

    def run(self, module: Module) -> Module:
        def swap(n: Any) -> Any:
            if n.op == "sigmoid":
                return n.replace(op="tanh")
            if n.op == "conv1d" and n.attributes["activation"] == "sigmoid":
                return n.with_attributes(activation="tanh")
            return n

        return module.rewrite(swap)


@pytest.mark.parametrize("after", ["", *PIPELINE.split(",")])
def test_a_wrong_pass_of_ones_own(after: str, tmp_path: Path) -> None:
    pipeline = PIPELINE.replace(after, f"{after},careless") if after else f"careless,{PIPELINE}"
    finding = found(planted.compiled(pipeline), tmp_path)
    assert finding.culprit == "the pass careless"
    assert finding.module.after == "careless"
    assert finding.node is not None
    assert finding.node.name in ("gate", "gate.value")
    assert finding.node.op == "tanh"


# -- what is stored ---------------------------------------------------------------------------


def swapped(n: Any) -> Any:
    return n.replace(inputs=n.inputs[::-1])


STORED: dict[str, tuple[Callable[[Plan], Plan], str, str]] = {
    "a weight": (
        lambda plan: from_stage(plan, "canonical", constant("wide.kernel", plus(0.5))),
        "the stored canonical stage",
        "wide",
    ),
    "a scaled kernel": (
        lambda plan: from_stage(plan, "split", constant("conv.kernel.scaled", plus(0.5, 2, 0))),
        "the stored split stage",
        "norm.delta",
    ),
    "a table": (
        lambda plan: from_stage(plan, "split", constant("propagate1/wide.start", plus(1))),
        "the stored split stage",
        "wide.delta",
    ),
    "the order of a concatenation": (
        lambda plan: in_stage(plan, "scheduled", node("join.delta", swapped)),
        "the stored scheduled stage",
        "join.delta",
    ),
    "the offset of a pick": (
        lambda plan: from_stage(
            plan, "split", node("norm.delta", lambda n: n.with_attributes(offset=-1))
        ),
        "the stored split stage",
        "norm.delta|norm.value",
    ),
    "what a padded pool reads outside": (
        lambda plan: from_stage(
            plan, "split", node("relu.reference", lambda n: n.with_attributes(fill=9.0), graph=1)
        ),
        "the stored split stage",
        "pool.value",
    ),
    "a weight of the imported stage": (
        lambda plan: from_stage(plan, "imported", constant("rows.bias", plus(1.0))),
        "the import of the model",
        "rows",
    ),
    "another activation, from flat on": (
        lambda plan: in_stage(plan, "flat", node("gate", lambda n: n.replace(op="tanh"), graph=0)),
        "the stored flat stage",
        "gate",
    ),
    "a bias of the intout graph": (
        lambda plan: in_stage(plan, "scheduled", constant("wide.bias", plus(0.5))),
        "the stored scheduled stage",
        "wide",
    ),
}


@pytest.mark.parametrize("fault", STORED)
def test_a_fault_in_what_is_stored(fault: str) -> None:
    plant, culprit, name = STORED[fault]
    located = search(plant(planted.compiled()), model=planted.model())
    assert located is not None
    finding = located[1]
    assert finding.culprit == culprit
    assert finding.node is not None
    assert re.fullmatch(name, finding.node.name)
    if "stored" in culprit:
        assert "makes another: in what is stored, " in finding.why


def test_a_subgraph_is_small_and_reads_back(tmp_path: Path) -> None:
    wrong = STORED["the order of a concatenation"][0](planted.compiled())
    located = search(wrong, model=planted.model())
    assert located is not None
    part = located[1].part
    assert part is not None
    assert [n.name for n in part.module.main.nodes] == ["join.delta"]
    part.write(tmp_path / "bad.fism")
    again = Subgraph.read(tmp_path / "bad.fism")
    assert again.module == part.module
    np.testing.assert_array_equal(again.wanted, part.wanted)
    assert again.differences({}) == part.differences({})


# -- from the command line --------------------------------------------------------------------


def test_verify_names_it_and_writes_what_replay_runs(
    tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    STORED["the order of a concatenation"][0](planted.compiled()).save("plan")
    assert main(["verify", "plan"]) == 2
    assert "%join.delta in @propagate2 has other inputs" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.fism"))
    for name in ("bisected", "bisected-2"):
        assert main(["verify", "plan", "--bisect"]) == 2
        err = capsys.readouterr().err
        assert "the stored scheduled stage is to blame" in err
        assert "node %join.delta = concatenate(...) of @propagate" in err
        assert f"next: fastism replay {name}.fism" in err
        assert main(["replay", f"{name}.fism"]) == 2
        assert "%join.delta = concatenate(...) still disagrees" in capsys.readouterr().err
    text = Path("bisected.fism").read_text()
    reads = "concatenate(%gate.delta, %narrow.tanh.delta:2)"
    assert reads in text
    mended = text.replace(reads, "concatenate(%narrow.tanh.delta:2, %gate.delta)")
    Path("bisected.fism").write_text(mended)
    assert main(["replay", "bisected.fism"]) == 0
    assert "reference: agrees" in capsys.readouterr().out
    Path("bisected.safetensors").unlink()
    assert main(["replay", "bisected.fism"]) == 2
    assert "there is no file bisected.safetensors" in capsys.readouterr().err


def test_verify_says_that_all_stages_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted.compiled(sites=[1, 2]).save(tmp_path / "plan")
    assert main(["verify", str(tmp_path / "plan"), "--bisect"]) == 0
    assert "and so does the backend, at 2 of 2 sites" in capsys.readouterr().out


def test_all_sites_finds_a_fault_at_one(
    tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One entry of a table, at a site that the few do not reach."""
    monkeypatch.chdir(tmp_path)
    right = planted.compiled(sites=[13, 16, 19, 22, 25])
    entry = from_stage(right, "split", constant("propagate0/wide.start", plus(1, 1)))
    entry.save("plan")
    assert main(["verify", "plan", "--bisect"]) == 2
    assert "to blame" not in capsys.readouterr().err
    assert main(["verify", "plan", "--bisect", "--all-sites"]) == 2
    err = capsys.readouterr().err
    assert "the stored split stage is to blame" in err
    assert "seen at position 16" in err
