"""A small model with every kind of table and form in its plan, and ways to plant a fault in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import layers

from fastism import api
from fastism.ir.graph import Node
from fastism.ir.module import Constant, Module
from fastism.runtime.plan import Plan
from tests.zoo.registry import randomize


@cache
def model() -> keras.Model:
    """Convolutions, one behind a batch norm, a padded pool, a branch, and three ends."""
    keras.utils.clear_session(free_memory=False)
    sequence = keras.Input((40, 4), name="sequence")
    x = layers.Conv1D(6, 5, padding="same", use_bias=False, name="conv")(sequence)
    x = layers.Activation("relu", name="relu")(layers.BatchNormalization(name="norm")(x))
    x = layers.MaxPooling1D(3, padding="same", name="pool")(x)
    one = layers.Conv1D(4, 3, padding="same", activation="tanh", name="narrow")(x)
    two = layers.Conv1D(4, 3, padding="same", dilation_rate=2, name="wide")(x)
    x = layers.Concatenate(name="join")([one, layers.Activation("sigmoid", name="gate")(two)])
    x = layers.Cropping1D((1, 2), name="crop")(x)
    x = layers.Conv1D(5, 2, activation="relu", name="last")(x)
    heads = [
        layers.Dense(2, name="rows")(layers.Flatten(name="flat")(x)),
        layers.GlobalMaxPooling1D(name="highest")(x),
        layers.GlobalAveragePooling1D(name="mean")(x),
    ]
    built = keras.Model(sequence, heads)
    randomize(built, seed=5)
    return built


ON_WINDOWS = "flatten,canonicalize,annotate,segment{weigh=false},split,schedule"


def compiled(pipeline: str = ON_WINDOWS, backend: str = "reference", sites: Any = None) -> Plan:
    """A plan of the model, followed on windows as far as can be."""
    return api.compile(model(), pipeline=pipeline, backend=backend, sites=sites)


def with_stages(plan: Plan, stages: Sequence[Module]) -> Plan:
    """The plan with other stored stages."""
    return Plan(
        stages,
        plan.emit,
        plan.alternatives,
        plan.opaque,
        plan.backend,
        plan.pipeline,
        plan.output_positions,
    )


def in_stage(plan: Plan, stage: str, change: Callable[[Module], Module]) -> Plan:
    """The plan with one of its stages changed."""
    return with_stages(plan, [change(m) if m.stage == stage else m for m in plan.stages])


def from_stage(plan: Plan, stage: str, change: Callable[[Module], Module]) -> Plan:
    """The plan with a stage and all later ones changed."""
    names = [module.stage for module in plan.stages]
    first = names.index(stage)
    stages = [m if i < first else change(m) for i, m in enumerate(plan.stages)]
    return with_stages(plan, stages)


def constant(name: str, change: Callable[[Any], Any]) -> Callable[[Module], Module]:
    """A change of a module: one constant's content, where it has that constant."""

    def changed(module: Module) -> Module:
        if name not in module.constants:
            return module
        data = np.array(module.constants[name].data)
        return module.with_constants({name: Constant.of(change(data))})

    return changed


def node(name: str, change: Callable[[Node], Node], graph: int = -1) -> Callable[[Module], Module]:
    """A change of a module: one node of one of its graphs."""

    def changed(module: Module) -> Module:
        graphs = list(module.graphs)
        nodes = tuple(change(n) if n.name == name else n for n in graphs[graph].nodes)
        assert nodes != graphs[graph].nodes
        graphs[graph] = graphs[graph].replace(nodes=nodes)
        return module.with_graphs(graphs)

    return changed


def plus(by: float, *index: int) -> Callable[[Any], Any]:
    """A change of an array: one entry, or all of them."""

    def changed(array: Any) -> Any:
        array[index or ...] += np.asarray(by, array.dtype)
        return array

    return changed
