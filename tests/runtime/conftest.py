"""Zoo models compiled once a session, each with random sequences and its Keras model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from fastism import api
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from tests.zoo import ENTRIES

SEQUENCE = {"two_inputs_dict": "sequence"}
"""The input that is edited, where it is not the first."""


@dataclass(frozen=True, repr=False)
class Case:
    """A model, a plan for all of its sites, and inputs by name for two sequences."""

    model: keras.Model
    plan: Plan
    inputs: dict[str, np.ndarray]


@cache
def _compiled(name: str, backend: str) -> Case:
    model = ENTRIES[name].build()
    plan = api.compile(
        model, seq_input=SEQUENCE.get(name, 0), length=ENTRIES[name].length, backend=backend
    )
    return Case(model, plan, random_inputs(plan.module.main))


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Case]:
    """``compiled(name)``: a zoo model and its plan for the TensorFlow backend."""

    def make(name: str, backend: str = "tensorflow") -> Any:
        return _compiled(name, backend)

    return make
