"""ONNX forms: valid in every operator set, and the same numbers in each."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from fastism.backends import reference
from fastism.backends.onnx import FORMS, write
from fastism.backends.onnx.session import session
from fastism.checking.tolerances import differences
from fastism.export.models import source_model
from fastism.ir.ops import definition, names
from fastism.testing.conformance import Sample, samples_for

SAMPLES = samples_for("onnx")


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_form_is_valid(sample: Sample) -> None:
    module = sample.module()
    for opset in (17, 18):
        model = write(module, module.main, {}, opset)
        onnx.checker.check_model(model, full_check=True)
        assert not model.functions
        assert [value.name for value in model.graph.output] == ["out"]
        assert model.graph.node[-1].name == "out"


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_form_in_the_later_operator_set(sample: Sample) -> None:
    module, given = sample.module(), sample.arrays()
    wanted = reference.run(module, "main", given)["out"]
    found = session(write(module, module.main, {}, 18))(given)["out"]
    assert differences(found, wanted).max() <= 1e-5


def test_dense_on_vectors_is_one_gemm() -> None:
    sample = Sample("dense", ((6,),), constants={"kernel": (6, 3), "bias": (3,)})
    model = source_model(sample.module(), {})
    assert [node.op_type for node in model.graph.node] == ["Gemm"]


def test_a_convolution_of_width_one_is_a_product() -> None:
    sample = Sample("conv1d", attributes={"width": 1}, constants={"kernel": (1, 6, 4)})
    model = source_model(sample.module(), {})
    assert [node.op_type for node in model.graph.node] == ["MatMul"]


def test_every_op_of_a_model_has_a_form() -> None:
    source = {name for name in names() if definition(name).stages == "source"}
    assert {name for name in source if name not in FORMS} == {"opaque", "windowed_opaque"}
    assert set(FORMS.gaps) == {"opaque", "windowed_opaque", "call"}


def test_an_op_without_a_form_becomes_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FORMS._table, "tanh")
    sample = Sample("tanh")
    model = source_model(sample.module(), {})
    onnx.checker.check_model(model, full_check=True)
    wanted = reference.run(sample.module(), "main", sample.arrays())["out"]
    np.testing.assert_allclose(session(model)(sample.arrays())["out"], wanted, rtol=1e-4, atol=1e-5)
    assert [function.name for function in model.functions] == ["out"]
    assert model.graph.node[0].domain == "fastism"
