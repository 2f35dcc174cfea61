"""A live layer as JSON and arrays, by Keras's own serialization, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fastism.errors import PlanError
from fastism.frontends.keras.calls.call import Call, Known, Slot
from fastism.frontends.keras.files import own  # noqa: F401  (imported to register)
from fastism.frontends.keras.files.trust import refuse_code
from fastism.frontends.keras.live.custom import declaration
from fastism.frontends.keras.said import first_line
from fastism.ir.types import TensorType

_MARK = "fastism_tensor"
"""The key that stands for a tensor in stored arguments."""
_KNOWN = "fastism_known"
"""Likewise for one that is the same for every input, with its value."""


def stored_call(call: Call, key: str) -> dict[str, Any]:
    """A call as JSON: the operation's configuration, the arguments, the types of the tensors.

    Raises PlanError if the operation cannot be serialized.
    """

    def mark(leaf: Any) -> Any:
        if isinstance(leaf, Known):
            return {_KNOWN: leaf.value}
        return {_MARK: leaf.index} if isinstance(leaf, Slot) else leaf

    try:
        marked = keras.tree.map_structure(mark, [list(call.arguments), dict(call.keywords)])
        return {
            "types": [str(type) for type in call.types],
            "operation": keras.saving.serialize_keras_object(call.operation),
            "arguments": keras.saving.serialize_keras_object(marked),
        }
    except Exception as error:  # whatever the user's get_config raises
        raise PlanError(
            f"layer {key!r} cannot be stored",
            why=first_line(str(error)),
            attempt=f"give {call.kind} a get_config method",
        ) from error


def restored_call(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, *, unsafe: bool
) -> Call:
    """The call that `stored_call` stored. Raises PlanError for code, unless ``unsafe``."""

    def revive(part: Any) -> Any:
        return keras.saving.deserialize_keras_object(
            part, custom_objects=dict(custom_objects or {}), safe_mode=not unsafe
        )

    if not unsafe:
        parts = [config["operation"], config["arguments"]]
        refuse_code(parts, _what(config), custom_objects, PlanError)
    operation = revive(config["operation"])
    positional, keywords = revive(config["arguments"])
    types = tuple(TensorType.parse(text) for text in config["types"])
    return Call(operation, types, tuple(_slots(positional)), _slots(keywords))


@contextmanager
def restoring(config: Mapping[str, Any], *, unsafe: bool) -> Iterator[None]:
    """In it, whatever is raised while a layer is rebuilt becomes a PlanError that says what to do.

    Raises PlanError.
    """
    try:
        yield
    except PlanError:
        raise
    except Exception as error:  # Keras raises many types for one cause
        kind = config["operation"]["class_name"]
        attempt = f"supply its code: custom_objects={{{kind!r}: {kind}}}"
        if not unsafe:
            attempt += ", or unsafe=True if the plan is trusted to run its own code"
        elif kind == "Lambda":
            attempt = "a Lambda is stored without the names around it; a layer class keeps them"
        raise PlanError(
            _what(config),
            why=getattr(error, "why", None) or first_line(str(error)),
            attempt=attempt,
        ) from None


def declared_forms(operation: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The user's functions for a layer, which no plan stores. Raises PlanError if one is needed."""
    declared = declaration(operation)
    kind = type(operation).__name__
    if config.get("delta") and (declared is None or declared.delta is None):
        raise PlanError(
            _what(config),
            why="it was registered with a function of its own for differences",
            attempt=f"register_layer({kind}, delta=...) before the plan is loaded",
        )
    if declared is None:
        return {}
    return {"delta": declared.delta if config.get("delta") else None, "numpy": declared.numpy}


def stored_weights(operation: Any) -> dict[str, npt.NDArray[Any]]:
    """An operation's variables, state included, numbered in order: ``0.kernel``, ``1.bias``..."""
    variables = getattr(operation, "variables", [])
    return {
        f"{index}.{variable.name}": np.asarray(keras.ops.convert_to_numpy(variable))
        for index, variable in enumerate(variables)
    }


def assign_weights(layer: keras.Layer, weights: Mapping[str, npt.NDArray[Any]], key: str) -> None:
    """Give a built layer what `stored_weights` stored. Raises PlanError where it does not fit."""
    variables = layer.variables
    arrays = [weights[name] for name in sorted(weights, key=lambda n: int(n.split(".")[0]))]
    if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
        raise PlanError(
            f"the stored weights do not fit layer {key!r}",
            why=f"it has {len(variables)} variables, the plan {len(arrays)}, or shapes differ",
            attempt="compile the model again",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _what(config: Mapping[str, Any]) -> str:
    return f"layer {config['key']!r} cannot be restored"


def _slots(part: Any) -> Any:
    """Undo the marks of `stored_call`."""
    if isinstance(part, dict):
        if set(part) == {_MARK}:
            return Slot(part[_MARK])
        if set(part) == {_KNOWN}:
            return Known(np.asarray(part[_KNOWN]))
        return {key: _slots(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_slots(value) for value in part)
    return part
