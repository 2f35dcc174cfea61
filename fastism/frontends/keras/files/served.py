"""A SavedModel that is a TensorFlow program and no layers, as a model of its serving signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from fastism.errors import ModelError, did_you_mean
from fastism.frontends.keras.files.program import TensorFlowProgram
from fastism.frontends.keras.said import first_line
from fastism.ir.types import SHORT_DTYPES

_USUAL = "serving_default"
_SERVE = "tf.saved_model.save(module, folder, signatures=function) with the function to be served"
_SAVE = "the Keras model it was made from, saved by model.save('model.keras')"


def served(path: Path, what: str, name: str | None = None, *, unsafe: bool) -> keras.Model:
    """A Keras model that runs what a folder serves: inputs and outputs by the signature's names.

    ``name``: of the signature; the usual one, or the only one, if None. The variables become
    constants of the program, which is in the model whole.

    Raises ModelError, beginning with ``what``, unless ``unsafe``, for a folder without that
    signature, and for one whose inputs are no tensors of numbers with known axes.
    """
    if not unsafe:
        program = "it is a TensorFlow program without Keras's layers (it has no keras_metadata.pb)"
        raise ModelError(
            what,
            why=(program if name is None else "what it serves is a TensorFlow program")
            + ", and loading that would execute what is in the folder",
            attempt="if you trust the folder, unsafe=True (--unsafe on the command line) runs what "
            f"it serves; or {_SAVE}",
        )
    try:
        loaded = tf.saved_model.load(str(path))
        signature = _signature(loaded.signatures, what, name)
        frozen = convert_variables_to_constants_v2(signature, lower_control_flow=False)
        graph = frozen.graph.as_graph_def()
        content = np.frombuffer(graph.SerializeToString(), np.uint8)
    except ModelError:
        raise
    except Exception as error:  # TensorFlow raises many types for one cause
        raise ModelError(
            what, why=f"TensorFlow says: {first_line(str(error))}", attempt=_SAVE
        ) from None
    specs = _inputs(signature, what)
    batches = {spec.shape[0] for spec in specs.values()}
    if len(batches) != 1:
        raise ModelError(
            what,
            why="the inputs of its serving signature are not for the same number of sequences: "
            + ", ".join(f"{name} {spec.shape}" for name, spec in specs.items()),
            attempt=_SAVE,
        )
    if len(frozen.inputs) != len(specs):
        raise ModelError(
            what,
            why="the program reads tables or other state that is no array of numbers",
            attempt=_SAVE,
        )
    (batch,) = batches
    layer = TensorFlowProgram(
        inputs=dict(zip(specs, (tensor.name for tensor in frozen.inputs), strict=True)),
        outputs=dict(
            zip(sorted(signature.structured_outputs), (x.name for x in frozen.outputs), strict=True)
        ),
        size=len(content),
        batch=batch,
        name="program",
        dtype="float32",
    )
    layer.program.assign(content)
    inputs = {
        name: keras.Input(spec.shape[1:], dtype=spec.dtype.name, name=_layer_name(name))
        for name, spec in specs.items()
    }
    outputs = layer(inputs)
    given = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    return keras.Model(given, outputs, name=_layer_name(path.resolve().name))


def _signature(signatures: Mapping[str, Any], what: str, name: str | None) -> Any:
    """The signature of a name; the usual one, or the only one, if that is None."""
    wanted = name or (next(iter(signatures)) if len(signatures) == 1 else _USUAL)
    if wanted in signatures:
        return signatures[wanted]
    known = sorted(signatures)
    attempt: str | None
    if not known:
        attempt = _SERVE
    elif name is None:
        attempt = f"say which: signature={known[0]!r} (--signature {known[0]}), or another of them"
    else:
        attempt = did_you_mean(name, known)
    raise ModelError(
        what,
        why=f"it has no signature {wanted!r}"
        + (f" (but {', '.join(known)})" if known else " and no other"),
        attempt=attempt,
    )


def _inputs(signature: Any, what: str) -> dict[str, Any]:
    """The specifications of the inputs, by name, in TensorFlow's order."""
    specs = dict(sorted(signature.structured_input_signature[1].items()))
    for name, spec in specs.items():
        shape = getattr(spec, "shape", None)
        if shape is None or not shape.rank or spec.dtype.name not in SHORT_DTYPES:
            raise ModelError(
                what,
                where=f"input {name!r} of the serving signature",
                why=f"it takes {spec}, and not an array of numbers, batch axis first",
                attempt="serve a function of arrays: tf.saved_model.save(module, folder, "
                "signatures=function)",
            )
    return specs


def _layer_name(name: str) -> str:
    """A name as Keras allows it."""
    return re.sub(r"[^\w.-]", "_", name)
