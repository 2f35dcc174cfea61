"""The model called on mutants: the answer every plan must give."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.items import Items

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def mutated(plan: Plan, inputs: Mapping[str, Array], items: Items) -> dict[str, Array]:
    """Every input of the model with each item's alternative written in, (M, ...)."""
    result = {name: array[items.sequence] for name, array in inputs.items()}
    edited = result[plan.module.seq_input].copy()
    positions = plan.executor.starts[items.site][:, None] + np.arange(plan.executor.width)
    edited[np.arange(len(items))[:, None], positions] = plan.alternatives[items.alternative]
    result[plan.module.seq_input] = edited
    return result


def predict(model: Any, plan: Plan, inputs: Mapping[str, Array], batch: int = 32) -> list[Array]:
    """The model's own outputs that the plan scores, (M, *out), in the plan's order.

    model: a live Keras model, or the path of its file.
    """
    import keras

    if not isinstance(model, keras.Model):
        from fastism.frontends.keras.load import load_model

        model = load_model(model)
    names = [value.name for value in plan.stages[0].main.inputs]
    count = len(next(iter(inputs.values())))
    parts: list[list[Array]] = []
    for first in range(0, count, batch):
        tensors = [inputs[name][first : first + batch] for name in names]
        parts.append(_outputs(model, tensors))
    every = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return [every[index] for index in plan.output_positions]


def seconds_an_item(model: Any, plan: Plan, inputs: Mapping[str, Array], items: Items) -> float:
    """Wall time of the model itself on the given items as one batch, an item; warm."""
    tensors = mutated(plan, inputs, items)
    given = _structured(model, [tensors[v.name] for v in plan.stages[0].main.inputs])
    model.predict_on_batch(given)
    start = time.perf_counter()
    model.predict_on_batch(given)
    return (time.perf_counter() - start) / len(items)


def _structured(model: Any, tensors: list[Array]) -> Any:
    """Arrays in the order of the model's inputs, as the list or dict it was built with."""
    import keras

    structure = getattr(getattr(model, "_functional", None) or model, "_inputs_struct", None)
    if structure is not None:
        return keras.tree.pack_sequence_as(structure, tensors)
    return tensors[0] if len(tensors) == 1 else tensors


def _outputs(model: Any, tensors: list[Array]) -> list[Array]:
    import keras

    outputs = keras.tree.flatten(model(_structured(model, tensors), training=False))
    return [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]
