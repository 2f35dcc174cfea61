"""The suite that any backend runs, run over fastism's own."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.backends import reference, tensorflow
from fastism.backends.registry import names
from fastism.checking.tolerances import tolerance_of
from fastism.ir import ops
from fastism.testing import conformance
from fastism.testing.conformance import MODELS, SAMPLES, WITHOUT_SAMPLES, Sample
from tests.compiled import compiled_case
from tests.zoo import EVERY, by_model

ZOO = by_model(
    [
        *("chain_grouped", "chain_strided_same", "crop_between", "pool_average_same", "unet"),
        *(
            "attention_pool",
            "basenji_excited",
            "bidirectional",
            "layer_norm",
            "masked_local",
            "masked_memory",
            "nested_at_two_lengths",
        ),
        *(
            "plane_basset",
            "position_weights",
            "squeeze_excite",
            "strands_joined",
            "strands_maximum",
        ),
    ]
)
"""Models of the zoo whose plans onnxruntime runs."""


@pytest.mark.parametrize("backend", names())
def test_every_op_has_a_form_or_a_reason(backend: str) -> None:
    conformance.check_forms(backend)


def test_gaps_are_few() -> None:
    assert not reference.FORMS.gaps
    assert set(tensorflow.FORMS.gaps) == {"call"}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
@pytest.mark.parametrize("backend", [name for name in names() if name != "auto"])
def test_op(backend: str, sample: Sample) -> None:
    conformance.check_sample(backend, sample)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("backend", ["tensorflow", "native", "onnx"])
def test_model(backend: str, name: str) -> None:
    conformance.check_model(backend, MODELS[name]())


@pytest.mark.parametrize("name", ["dilated_tower", "gated_branches"])
def test_model_by_its_definition(name: str) -> None:
    conformance.check_model("reference", MODELS[name](), sites=[0, 1, 13, 29])


@pytest.mark.parametrize("name", ZOO)
def test_zoo(name: str) -> None:
    case = compiled_case(name)
    conformance.check_plan("onnx", case.plan, case.inputs, tolerance_of(case.model))


@pytest.mark.parametrize("name", ZOO)
def test_zoo_natively(name: str) -> None:
    case = compiled_case(name)
    conformance.check_plan("native", case.plan, case.inputs, tolerance_of(case.model))


@pytest.mark.sweep
@pytest.mark.parametrize("name", EVERY)
def test_every_model_of_the_zoo_natively(name: str) -> None:
    case = compiled_case(name)
    conformance.check_plan("native", case.plan, case.inputs, tolerance_of(case.model))


def test_every_op_has_samples() -> None:
    assert set(ops.names()) == {sample.op for sample in SAMPLES} | set(WITHOUT_SAMPLES)
    assert len({str(sample) for sample in SAMPLES}) > 0.95 * len(SAMPLES)


def test_the_suite_has_teeth(monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict(reference.FORMS._table)
    monkeypatch.setattr(reference.FORMS, "_table", table)
    sample = Sample("crop", attributes={"left": 2, "right": 3}, tolerance=0)
    conformance.check_sample("tensorflow", sample)
    del table["crop"]
    with pytest.raises(AssertionError, match="'reference' has no form of crop: write one, or say"):
        conformance.check_forms("reference")
    table["crop"] = lambda node, inputs, constants, context: inputs[0][:, 3:8]
    with pytest.raises(AssertionError, match=r"^crop\(left=2, right=3\) 10x6: off by .* at \("):
        conformance.check_sample("tensorflow", sample)
    table["crop"] = lambda node, inputs, constants, context: inputs[0][:, 6:42] * np.float32(1.001)
    with pytest.raises(AssertionError, match="the scores differ"):
        conformance.check_model("reference", MODELS["dilated_tower"](), sites=[20])
