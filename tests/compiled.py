"""Zoo models compiled once a session, each with random sequences and its Keras model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import keras
import numpy as np

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
def compiled_case(name: str, backend: str = "tensorflow") -> Case:
    model = ENTRIES[name].build()
    plan = api.compile(
        model, seq_input=SEQUENCE.get(name, 0), length=ENTRIES[name].length, backend=backend
    )
    return Case(model, plan, random_inputs(plan.module.main))
