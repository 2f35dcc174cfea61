"""Every op against every rule and form there is: a gap is declared with its reason, or is red."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastism.backends import onnx, reference, tensorflow
from fastism.errors import VerifyError
from fastism.ir import Constant, GraphBuilder, Module, Sites, TensorType
from fastism.ir.ops import OpDefinition, Products, definition, names, registry
from fastism.ir.ops.pointwise import local, same_type, unchanged
from fastism.ir.ops.structure import IDENTITIES
from fastism.ir.printer import print_module
from fastism.passes import costs
from fastism.passes.manager import Pipeline
from fastism.passes.propagation.exits import EXITS
from fastism.passes.propagation.rules import RULES
from fastism.runtime.plan import Plan

COLUMNS: dict[str, Callable[[OpDefinition], bool]] = {
    "relation": lambda op: op.relation is not registry._unknown,
    "rule": lambda op: op.pull is not None or op.name in RULES or op.name in EXITS,
    "numpy": lambda op: op.name in reference.FORMS,
    "tensorflow": lambda op: op.name in tensorflow.FORMS,
    "onnx": lambda op: op.name in onnx.FORMS,
    "cost": lambda op: op.light or op.products is not None,
}
"""What an op may have: how windows pass it, how a change does, its forms, what it costs."""

SPLIT = ("numpy", "tensorflow", "onnx", "cost")
"""What is asked of the ops that the split pass makes: no change passes through them again."""

_LIVE = "a live layer runs itself: tf2onnx writes it as a function of the model"
_GATHER = "gathers from as many sequences as there are: it moves bytes, by itself"
_CALL = "a module is flat before anything asks"
_GONE = "gone once canonical"

GAPS: dict[tuple[str, str], str] = {
    **{("call", column): _CALL for column in COLUMNS if column != "numpy"},
    **{(op, "rule"): _GONE for op in ("batch_norm", *IDENTITIES)},
    **{(op, "onnx"): _LIVE for op in ("opaque", "windowed_opaque")},
    **{(op, "cost"): _GATHER for op in ("window", "gather_reference")},
    ("channel_sort", "cost"): "no loop over elements to run as one with others: it moves bytes",
    ("constant", "rule"): "no edit reaches it: it is read from the reference",
    ("token", "rule"): "token numbers have no windows",
    ("opaque", "rule"): "runs whole: what the layer does to windows is not known",
    **{
        (f"running_{what}", "cost"): "once a sequence, not once an item: it is not weighed"
        for what in ("max", "logsumexp", "softmax_pool")
    },
}


def gaps() -> set[tuple[str, str]]:
    found = set()
    for op in map(definition, names()):
        asked = SPLIT if op.stages in ("propagation", "intout") else COLUMNS
        found.update((op.name, column) for column in asked if not COLUMNS[column](op))
    return found


def test_every_gap_is_declared() -> None:
    assert sorted(gaps() - set(GAPS)) == []


def test_no_declared_gap_is_filled() -> None:
    assert sorted(set(GAPS) - gaps()) == []


def test_every_op_says_what_it_computes() -> None:
    assert [name for name in names() if not definition(name).summary] == []


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OpDefinition]:
    """Registers an op of one's own, `bend`, with a numpy form, for one test."""
    monkeypatch.setattr(registry, "_TABLE", dict(registry._TABLE))
    monkeypatch.setattr(reference.FORMS, "_table", dict(reference.FORMS._table))

    def make(**traits: Any) -> OpDefinition:
        op = registry.register(OpDefinition("bend", same_type, **traits))
        reference.implements("bend")(lambda node, inputs, constants, context: bend(inputs[0]))
        return op

    return make


def bend(x: np.ndarray) -> np.ndarray:
    return x * np.abs(x) + 1.0


LOCAL = {"relation": local, "pull": unchanged}
TRAITS: dict[str, dict[str, Any]] = {
    "not a word": {},
    "local": LOCAL,
    "element-wise": {**LOCAL, "elementwise": True},
    "along channels": {**LOCAL, "along_channels": True},
    "light": {**LOCAL, "light": True, "elementwise": True},
    "with products": {**LOCAL, "products": Products(lambda node, types: types[0].elements)},
    "of its own size": {**LOCAL, "size": "own", "lets_in": "none", "factors": ()},
    "perhaps infinite": {**LOCAL, "total": False},
}


def model() -> Module:
    """A convolution, a flatten, `bend`, and a dense layer."""
    random = np.random.default_rng(0)
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("main", constants)
    x = builder.input("seq", TensorType("f32", ("N", 12, 4)))
    weights = {
        "kernel": builder.constant("conv.kernel", random.normal(size=(3, 4, 2)).astype("f4"))
    }
    x = builder.add("conv1d", [x], name="conv", attributes={"width": 3}, constants=weights)
    x = builder.add("bend", [x], name="early")
    x = builder.add("flatten", [x], name="flat")
    x = builder.add("bend", [x], name="late")
    weights = {"kernel": builder.constant("dense.kernel", random.normal(size=(20, 3)).astype("f4"))}
    x = builder.add("dense", [x], name="out", constants=weights)
    graph = builder.finish([x])
    return Module("flat", (graph,), constants, Sites.every(12), "seq", ("out",))


@pytest.mark.parametrize("traits", TRAITS.values(), ids=TRAITS)
def test_an_op_of_ones_own_is_right_with_and_without_a_trait(
    own: Callable[..., OpDefinition], traits: dict[str, Any]
) -> None:
    own(**traits)
    source = model()
    stages = Pipeline.parse("canonicalize,annotate,segment,split,schedule").run_stages(source)
    rows = np.eye(4, dtype="float32")[:, None]
    plan = Plan(stages, lambda module: reference.emit(module, {}), rows, {}, "reference", "", [0])
    x = rows[np.random.default_rng(1).integers(0, 4, 12), 0][None]
    found = plan(x).alternate[0]
    for site in range(12):
        for letter in range(4):
            mutant = x.copy()
            mutant[0, site] = rows[letter, 0]
            # scores are of the size of 100, in f32
            wanted = reference.run(source, "main", {"seq": mutant}, dtype="float64")["out"][0]
            np.testing.assert_allclose(found[site, letter], wanted, atol=1e-4)
    early = plan.stage["segmented"].main.by_name["early"]
    assert early.mode == ("whole" if not traits else "delta"), print_module(plan.stage["segmented"])
    moved = traits.get("elementwise", False)
    late = plan.stage["segmented"].main.by_name["late"]
    assert late.mode == ("delta" if moved else "whole")


def test_an_op_without_a_word_about_cost_moves_its_bytes_only(
    own: Callable[..., OpDefinition],
) -> None:
    own(**LOCAL)
    node = model().main.by_name["early"]
    types = (node.type,)
    relu = node.replace(op="relu")
    assert costs.seconds(node, types) == costs.seconds(relu, types) == 2 * 80 / costs.BYTES


@pytest.mark.parametrize(
    ("traits", "why"),
    [
        ({"light": True, "live": True}, "has products or a layer to run"),
        ({"light": True, "products": Products(lambda node, types: 1)}, "has products or a layer"),
        ({"in_order": True}, "only what moves numbers keeps their order"),
        ({"moves": True}, "what only moves numbers is linear"),
        ({"factors": ("scale",)}, "it has no role 'scale'"),
    ],
)
def test_traits_that_disagree_are_refused(
    own: Callable[..., OpDefinition], traits: dict[str, Any], why: str
) -> None:
    with pytest.raises(VerifyError, match=f"what is said of op 'bend' disagrees\n  why: .*{why}"):
        own(**traits)
