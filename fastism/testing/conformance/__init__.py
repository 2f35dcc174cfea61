"""What any backend must get right: every op against its numpy definition, and whole models.

In the tests of a backend registered as ``mine``:

    import pytest
    from fastism.testing import conformance

    def test_every_op_has_a_form_or_a_reason():
        conformance.check_forms("mine")

    @pytest.mark.parametrize("sample", conformance.samples_for("mine"), ids=str)
    def test_op(sample):
        conformance.check_sample("mine", sample)

    @pytest.mark.parametrize("name", conformance.MODELS)
    def test_model(name):
        conformance.check_model("mine", conformance.MODELS[name]())
"""

from fastism.testing.conformance.check import (
    check_forms,
    check_model,
    check_plan,
    check_sample,
    samples_for,
)
from fastism.testing.conformance.models import MODELS
from fastism.testing.conformance.sample import Sample
from fastism.testing.conformance.samples import SAMPLES, WITHOUT_SAMPLES

__all__ = [
    "MODELS",
    "SAMPLES",
    "WITHOUT_SAMPLES",
    "Sample",
    "check_forms",
    "check_model",
    "check_plan",
    "check_sample",
    "samples_for",
]
