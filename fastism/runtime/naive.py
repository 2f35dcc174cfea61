"""The model called on mutants: the answer every plan must give."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.inputs import model_shapes
from fastism.runtime.items import Items

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def mutated(
    plan: Plan, inputs: Mapping[str, Array], items: Items, alternatives: Array | None = None
) -> dict[str, Array]:
    """Every input of the model with each item's alternative written in, (M, ...).

    alternatives: as `Plan.written` gives them; the plan's own if None.
    """
    rows = plan.alternatives if alternatives is None else alternatives
    return plan.executor.mutants(inputs, items, rows)


def live(model: Any) -> Any:
    """A live Keras model, or the one in the file of this path."""
    import keras

    if isinstance(model, keras.Model):
        return model
    from fastism.frontends.keras.load import load_model

    return load_model(model)


def predict(model: Any, plan: Plan, inputs: Mapping[str, Array], batch: int = 32) -> list[Array]:
    """The model's own outputs that the plan scores, (M, *out), in the plan's order.

    model: a live Keras model, or the path of its file.
    """
    model = live(model)
    shapes = model_shapes(plan.stages[0].main)
    count = len(next(iter(inputs.values())))
    parts: list[list[Array]] = []
    for first in range(0, count, batch):
        part = {name: inputs[name][first : first + batch] for name in shapes}
        parts.append(_outputs(model, _shaped(part, shapes)))
    every = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return [every[index] for index in plan.output_positions]


def seconds_an_item(model: Any, plan: Plan, inputs: Mapping[str, Array], items: Items) -> float:
    """Wall time of the model itself on the given items as one batch, an item; warm."""
    tensors = mutated(plan, inputs, items)
    given = _structured(model, _shaped(tensors, model_shapes(plan.stages[0].main)))
    model.predict_on_batch(given)
    start = time.perf_counter()
    model.predict_on_batch(given)
    return (time.perf_counter() - start) / len(items)


def _shaped(inputs: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> list[Array]:
    """The inputs in the model's order, each in the shape in which the model takes it."""
    return [_own_form(inputs[name], shape) for name, shape in shapes.items()]


def _own_form(array: Array, shape: tuple[int, ...]) -> Array:
    """One-hot rows as token numbers where the model takes these; else another shape."""
    if array.ndim > len(shape) + 1:
        return np.asarray(array.argmax(axis=-1))
    return array.reshape(len(array), *shape)


def _structured(model: Any, tensors: list[Array]) -> Any:
    """Arrays in the order of the model's inputs, as the list or dict it was built with."""
    import keras

    from fastism.frontends.keras.inputs import inputs_structure

    return keras.tree.pack_sequence_as(inputs_structure(model), tensors)


def _outputs(model: Any, tensors: list[Array]) -> list[Array]:
    import keras

    outputs = keras.tree.flatten(model(_structured(model, tensors), training=False))
    arrays = [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]
    # Half precision is given as float32, as a plan gives it.
    return [x.astype(np.float32) if x.dtype.name in ("float16", "bfloat16") else x for x in arrays]
