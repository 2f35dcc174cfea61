"""Hold a backend, by its name, against the numpy definitions of the ops and against models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastism import api
from fastism.backends import reference
from fastism.backends.registry import backend as backend_of
from fastism.backends.registry import forms_of
from fastism.checking.tolerances import differences
from fastism.ir.ops import names
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.compare import assert_matches_model, assert_same_scores
from fastism.testing.conformance.sample import Array, Sample
from fastism.testing.conformance.samples import SAMPLES

if TYPE_CHECKING:
    import keras


def check_forms(backend: str) -> None:
    """Raise AssertionError unless a backend has a form of every op, or says why it has none."""
    forms = forms_of(backend)
    missing = [op for op in names() if op not in forms and op not in forms.gaps]
    assert not missing, (
        f"the backend {backend!r} has no form of {', '.join(missing)}: write one, or say why there "
        "is none in the table's gaps"
    )
    both = sorted(set(forms) & set(forms.gaps))
    assert not both, f"the backend {backend!r} has forms of what it calls gaps: {', '.join(both)}"


def samples_for(backend: str) -> tuple[Sample, ...]:
    """The samples of the ops a backend has forms of."""
    forms = forms_of(backend)
    return tuple(sample for sample in SAMPLES if sample.op in forms)


def check_sample(backend: str, sample: Sample) -> None:
    """Raise AssertionError unless a backend's form of an op gives what numpy gives in float64."""
    module, given = sample.module(), sample.arrays()
    (name,) = module.main.outputs
    expected = reference.run(module, "main", given, dtype="float64")[name]
    found = np.asarray(backend_of(backend).emit(module, {})["main"](given)[name])
    declared = reference.run(module, "main", given)[name].dtype
    assert found.dtype == declared, f"{sample}: {found.dtype} numbers, not {declared}"
    assert found.shape == expected.shape, f"{sample}: shape {found.shape}, not {expected.shape}"
    expected = expected.astype(declared) if sample.tolerance == 0 else expected
    apart = differences(found, expected)
    worst = float(apart.max(initial=0.0))
    if worst > sample.tolerance:
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
        raise AssertionError(
            f"{sample}: off by {worst:.1e} of its scale at {at}, where {sample.tolerance:g} is "
            f"allowed: {found[at]!r}, not {expected[at]!r}"
        )


def check_model(backend: str, model: keras.Model, **options: Any) -> None:
    """Raise AssertionError unless a model compiled for a backend scores as the model itself.

    options: as for `fastism.compile`.
    """
    plan = api.compile(model, backend=backend, **options)
    assert_matches_model(plan, model, random_inputs(plan.module.main, 2))


def check_plan(
    backend: str, plan: Plan, inputs: Mapping[str, Array], tolerance: float = 1e-5
) -> None:
    """Raise AssertionError unless a plan, run by another backend, scores as by its own.

    tolerance: the largest difference allowed, as a share of the output's largest magnitude.
    """
    emit = backend_of(backend).emit
    other = plan.run_by(backend, lambda module: emit(module, plan.opaque))
    assert_same_scores(plan, other(inputs), plan(inputs), tolerance)
