"""The forms of a convolution's delta: all alike, chosen by a graph, found by timing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastism import api, caching
from fastism.backends import reference
from fastism.backends.tensorflow import fastest, spread
from fastism.backends.tensorflow.emit import Program
from fastism.backends.tensorflow.forms import OPTION, by_node, serving
from fastism.backends.tensorflow.registry import Pool
from fastism.errors import VerifyError
from fastism.ir.program import Program as Scheduled
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.conformance import MODELS
from fastism.testing.conformance.sample import Sample
from fastism.testing.conformance.samples import SAMPLES

SPREADS = [sample for sample in SAMPLES if sample.op == "conv1d_spread"]


@pytest.mark.parametrize("sample", SPREADS, ids=str)
def test_every_form_that_serves_gives_the_same(sample: Sample) -> None:
    module, given = sample.module(), sample.arrays()
    (node,) = module.main.nodes
    expected = reference.run(module, "main", given, dtype="float64")[node.name]
    forms = serving(module.main, node)
    assert len(forms) > 1
    for form in forms:
        program = Program(module.main, {}, Pool(module), forms={node.name: form})
        (found,) = program(*(given[value.name] for value in module.main.inputs))
        np.testing.assert_allclose(
            found, expected, rtol=0, atol=sample.tolerance * np.abs(expected).max(), err_msg=form
        )


def test_every_form_serves_some_sample() -> None:
    """Of those above; and dilated, grouped and single positions are among them."""
    nodes = [(sample.module().main, sample.module().main.nodes[0]) for sample in SPREADS]
    assert {form for graph, node in nodes for form in serving(graph, node)} == set(spread.FORMS)
    assert {node.integer("dilation") > 1 for _, node in nodes} == {True, False}
    assert {node.integer("groups") > 1 for _, node in nodes} == {True, False}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return api.compile(MODELS["dilated_tower"](), backend="tensorflow")


def spread_of(plan: Plan) -> tuple[str, str]:
    """A graph, and a node of it that spreads by taps that overlap."""
    for graph in plan.module.graphs[1:]:
        for node in graph.nodes:
            if serving(graph, node)[:1] == ["transposed"]:
                return graph.name, node.name
    raise AssertionError("the model has none")


def in_forms(plan: Plan, graph: str, *entries: object) -> Plan:
    program = Scheduled.of(plan.module)
    (group,) = [group for group in program.groups if group.graph.name == graph]
    options = {OPTION: entries}
    return plan.with_module(program.rescheduled([group.rescheduled(options=options)]))


def products(plan: Plan, graph: str) -> int:
    """How many matrix products TensorFlow has in a graph."""
    function = plan.executor.functions[graph].plain.function
    operations = function.get_concrete_function().graph.get_operations()
    return sum(operation.type == "MatMul" for operation in operations)


def test_a_graph_runs_in_the_forms_it_lists_and_so_does_its_folder(plan: Plan, tmp_path) -> None:
    graph, node = spread_of(plan)
    other = in_forms(plan, graph, f"{node}:by_tap")
    inputs = random_inputs(plan.module.main, 2)
    assert products(other, graph) > products(plan, graph)
    other.save(tmp_path / "plan")
    again = api.load(tmp_path / "plan")
    for name in plan.output_names:
        one, two = plan(inputs)[name].alternate, other(inputs)[name].alternate
        assert np.abs(one - two).max() < 1e-5 * np.abs(one).max()
        np.testing.assert_array_equal(two, again(inputs)[name].alternate)


def test_what_is_listed_wrongly_is_refused(plan: Plan) -> None:
    graph, node = spread_of(plan)
    with pytest.raises(VerifyError, match=rf"(?s)has '{node}:by_tab'.*did you mean 'by_tap'"):
        in_forms(plan, graph, f"{node}:by_tab")
    with pytest.raises(
        VerifyError, match=r"(?s)has 'nobody:by_tap' in tensorflow.forms.*node:form"
    ):
        in_forms(plan, graph, "nobody:by_tap")
    with pytest.raises(VerifyError, match=r"tensorflow.forms=\(3,\)(?s:.)*a list of words"):
        in_forms(plan, graph, 3)
    single = next(n for n in plan.module.graph[graph].nodes if n.op != "conv1d_spread")
    with pytest.raises(VerifyError, match=r"(?s)forms of .* here are the usual one alone"):
        in_forms(plan, graph, f"{single.name}:padded")
    assert by_node(plan.module, plan.module.graph[graph], (f"{node}:padded",)) == {node: "padded"}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path))
    return tmp_path


def timed(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> list[str]:
    """Let runs of forms take what is said; the forms that run, in their order."""
    ran: list[str] = []
    now = 0.0

    def clock() -> float:
        return now

    class Said:
        def __init__(self, *_: object, forms: dict[str, str]) -> None:
            (self.form,) = forms.values()

        def __call__(self, *_: object) -> list[Said]:
            nonlocal now
            ran.append(self.form)
            now += seconds[self.form]
            return [self]

        def numpy(self) -> None:
            return None

    monkeypatch.setattr(fastest, "Program", Said)
    monkeypatch.setattr(fastest.time, "perf_counter", clock)
    return ran


def forms_found(plan: Plan, graph: str) -> dict[str, str]:
    found = fastest.fastest(plan.module, plan.module.graph[graph]).get(OPTION, ())
    return dict(entry.split(":") for entry in found)


@pytest.mark.parametrize(("share", "form"), [(0.89, "padded"), (0.91, None)])
def test_the_fastest_is_found_once_and_kept(monkeypatch, kept, plan: Plan, share, form) -> None:
    graph, node = spread_of(plan)
    taken = dict.fromkeys(spread.FORMS, 0.02)
    ran = timed(monkeypatch, {**taken, "transposed": 0.01, "padded": share * 0.01})
    assert forms_found(plan, graph).get(node) == form
    turns = ran.index(ran[0], 1)
    assert turns > 1
    assert ran[:turns] == ran[turns : 2 * turns]
    before = len(ran)
    assert len(list(kept.iterdir())) > 0
    assert forms_found(plan, graph).get(node) == form
    assert len(ran) == before


def test_what_cannot_be_timed_in_time_keeps_its_usual_form(monkeypatch, kept, plan: Plan) -> None:
    """The node with most to do is timed first."""
    graph, _ = spread_of(plan)
    timed(monkeypatch, {form: 2.0 - (form == "padded") for form in spread.FORMS})
    nodes = [node for node in plan.module.graph[graph].nodes if node.op == "conv1d_spread"]
    assert len(nodes) > 1
    assert len(forms_found(plan, graph)) <= 1
    assert len(list(kept.iterdir())) == 1
