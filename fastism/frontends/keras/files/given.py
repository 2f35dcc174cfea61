"""The user's own functions, in the place of those that a file keeps by name or as code.

Keras writes a function of the user's as its name, or, for a lambda, as Python code or as the bare
word ``<lambda>``. It reads none of them back in every format. Here each becomes a reference to the
function that was given, the same in files of every age.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from fastism.errors import FastismError, ModelError
from fastism.frontends.keras.files.trust import CODE, layer_name, objects, registered, unknown_class

_LAMBDAS = ("<lambda>", "__lambda__")
"""Names of a function that has none."""


def with_given(config: Any, given: Mapping[str, Any], what: str, *, unsafe: bool) -> Any:
    """A configuration in which the functions that were given stand in the file's places for them.

    given: functions by the name in the file, or by the name of the layer.

    Raises ModelError, beginning with ``what``, for an activation that is neither Keras's nor given;
    one that is code passes if ``unsafe``. Lambda layers that were given none are left as they are.
    """
    if isinstance(config, list):
        return [with_given(part, given, what, unsafe=unsafe) for part in config]
    if not isinstance(config, dict):
        return config
    result = {key: with_given(part, given, what, unsafe=unsafe) for key, part in config.items()}
    kind, fields = str(result.get("class_name", "")), result.get("config")
    if not isinstance(fields, dict) or registered(kind, given):
        return result
    layer = _Layer(kind, layer_name(config), given, what)
    if kind.rpartition(">")[2] == "Lambda":
        own = layer.own(fields.get("function"))
        if own is not None:
            fields["function"] = _reference(own)
            fields["output_shape"] = None  # may be code too; it is worked out
            if "function_type" in fields:  # of Keras 2
                fields.update(function_type="function", output_shape_type="raw")
    else:
        for key in [key for key in fields if key.endswith("activation")]:
            fields[key] = layer.activation(key, fields[key], unsafe=unsafe)
    return result


def lambdas(config: Any) -> list[str]:
    """The names of the Lambda layers in a configuration, nested ones too."""
    return [layer_name(part) for part in objects(config) if part["class_name"] == "Lambda"]


def references(config: Any) -> set[str]:
    """The names of the functions that a configuration refers to by name."""
    return {str(part["config"]) for part in objects(config) if part["class_name"] == "function"}


class _Layer:
    """A layer of a file, and what the user gave for its functions."""

    def __init__(self, kind: str, name: str, given: Mapping[str, Any], what: str) -> None:
        self.kind, self.name, self.given, self.what = kind, name, given, what

    def own(self, stored: Any) -> str | None:
        """The name of the function that was given for one that is stored, if there is one."""
        name = _name(stored)
        names = (self.name, *_LAMBDAS) if name in _LAMBDAS else (name, self.name)
        return next((key for key in names if _is_function(self.given.get(str(key)))), None)

    def activation(self, key: str, stored: Any, *, unsafe: bool) -> Any:
        """What takes the place of an activation. Raises ModelError for one that is not known."""
        name = _name(stored)
        if name is None or _is_known(name):
            return stored
        own = self.own(stored)
        if own is not None:
            return _reference(own)
        if name not in _LAMBDAS:
            if keras.saving.get_registered_object(name) is not None:
                return _reference(name)
            raise unknown_class(self.what, name, where=self._where)
        code = _code(stored)
        if code is not None and unsafe:
            return {"class_name": "__lambda__", "config": {"value": code}}
        raise self._refused(key, code is not None)

    @property
    def _where(self) -> str:
        return f"layer {self.name!r} ({self.kind})"

    def _refused(self, key: str, has_code: bool) -> FastismError:
        own = f"your own function: custom_objects={{{self.name!r}: function}}"
        trusted = "if you trust the file, unsafe=True (--unsafe on the command line), or "
        return ModelError(
            self.what,
            where=self._where,
            why=CODE
            if has_code
            else f"its {key} is a lambda, and the file does not hold what it does",
            attempt=trusted + own if has_code else own,
        )


def _reference(name: str) -> dict[str, Any]:
    """A function by its name, as Keras 3 writes it."""
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def _name(stored: Any) -> str | None:
    """The name of a stored function, ``__lambda__`` for code; None for what is no function."""
    if isinstance(stored, str):
        return stored
    if _code(stored) is not None:
        return "__lambda__"
    if isinstance(stored, dict) and stored.get("class_name") == "function":
        return str(stored.get("config"))
    return None


def _code(stored: Any) -> Any:
    """The code, defaults and closure of a stored lambda, if it holds them."""
    if isinstance(stored, list) and stored and isinstance(stored[0], str):
        return stored
    if not isinstance(stored, dict):
        return None
    if stored.get("class_name") == "__lambda__":
        stored = stored.get("config") or {}
    if isinstance(stored, dict) and "code" in stored:
        return [stored.get(key) for key in ("code", "defaults", "closure")]
    return stored["value"] if isinstance(stored, dict) and set(stored) == {"value"} else None


def _is_known(name: str) -> bool:
    try:
        keras.activations.get(name)
    except (ValueError, TypeError):
        return False
    return True


def _is_function(value: Any) -> bool:
    return callable(value) and not inspect.isclass(value)
