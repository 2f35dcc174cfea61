"""The model called on mutants: the answer every plan must give."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.checking.modules import first_difference
from fastism.checking.mutants import mutants, mutated
from fastism.errors import MismatchError
from fastism.runtime.inputs import model_shapes
from fastism.runtime.items import Items
from fastism.runtime.scores import HeadScores, Scores

if TYPE_CHECKING:
    import keras

    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def keras_model(model: Any) -> Any:
    """A Keras model, or the one in the file of this path."""
    import keras

    if isinstance(model, keras.Model):
        return model
    from fastism.frontends.keras.files.load import load_model

    return load_model(model)


def predict(model: Any, plan: Plan, inputs: Mapping[str, Array], batch: int = 32) -> list[Array]:
    """The model's own outputs that the plan scores, (M, *out), in the plan's order.

    model: a Keras model, or the path of its file.
    """
    model = keras_model(model)
    shapes = model_shapes(plan.stages[0].main)
    count = len(next(iter(inputs.values())))
    parts: list[list[Array]] = []
    for first in range(0, count, batch):
        part = {name: inputs[name][first : first + batch] for name in shapes}
        parts.append(_outputs(model, _shaped(part, shapes)))
    every = [np.concatenate(part) for part in zip(*parts, strict=True)]
    _check_positions(plan, len(every))
    return [every[index] for index in plan.output_positions]


def _check_positions(plan: Plan, outputs: int) -> None:
    if max(plan.output_positions, default=0) >= outputs:
        raise MismatchError(
            f"the plan scores output number {max(plan.output_positions)}, counted from 0",
            where=f"model {plan.module.model!r}",
            why=f"the model has {outputs} outputs",
        )


def check_imported(plan: Plan, model: Any) -> None:
    """Lower a Keras model anew; it must give the plan's imported stage, weight for weight.

    Raises MismatchError, naming the first node or weight that differs.
    """
    from fastism.frontends.keras.lowering.lower import lower

    stored = plan.stages[0]
    length = stored.main.values[stored.seq_input].type.length
    lowered = lower(model, length=length, seq_input=stored.seq_input).module
    _check_positions(plan, len(lowered.outputs))
    outputs, names = (
        tuple(every[index] for index in plan.output_positions)
        for every in (lowered.main.outputs, lowered.outputs)
    )
    made = lowered.replace(
        graphs=(lowered.main.replace(outputs=outputs), *lowered.graphs[1:]),
        outputs=names,
        sites=stored.sites,
        model=stored.model,
        sha256=stored.sha256,
    )
    different = first_difference(made, stored)
    if different is not None:
        raise MismatchError(
            f"the plan's imported stage is not the model: {different.subject} {different.what}",
            where="stage imported",
            context=different.context,
            why="the model was imported again, and compared node for node and weight for weight",
            attempt="compile the model again",
        )


def model_scores(
    plan: Plan, model: keras.Model, x: Any, batch: int = 256, alternatives: Any = None
) -> Scores:
    """What the model itself says of every sequence (N, *out) and every item (N, S, A, *out).

    The plan lends its sites, its choice of outputs and, where none are given, its alternatives.
    """
    inputs: Mapping[str, Array] = plan.inputs(x)
    count = len(next(iter(inputs.values())))
    rows = plan.written(alternatives, count)
    grid = (count, len(plan.executor.starts), rows.shape[-3])
    references = predict(model, plan, inputs, batch)
    alternates = predict(model, plan, mutants(plan, x, alternatives), batch)
    heads = [
        HeadScores(reference, alternate.reshape(*grid, *reference.shape[1:]))
        for reference, alternate in zip(references, alternates, strict=True)
    ]
    return Scores(dict(zip(plan.output_names, heads, strict=True)))


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

    from fastism.frontends.keras.lowering.inputs import inputs_structure

    return keras.tree.pack_sequence_as(inputs_structure(model), tensors)


def _outputs(model: Any, tensors: list[Array]) -> list[Array]:
    import keras

    outputs = keras.tree.flatten(model(_structured(model, tensors), training=False))
    arrays = [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]
    # Half precision is given as float32, as a plan gives it.
    return [x.astype(np.float32) if x.dtype.name in ("float16", "bfloat16") else x for x in arrays]
