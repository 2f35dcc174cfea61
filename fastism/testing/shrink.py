"""Make a failing random model smaller, and write down what is left of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastism.testing.random_models import Drawing
from fastism.testing.trial import Recipe

LENGTHS = (8, 12, 16, 24)
"""Lengths that are tried, the shortest first."""

Failure = Callable[[Recipe], Exception | None]


def smallest(recipe: Recipe, error: Exception, failure: Failure) -> tuple[Recipe, Exception]:
    """A recipe of the same seed with fewer parts and a shorter sequence that fails alike.

    failure: what goes wrong with a recipe, if anything.
    """
    tried: set[Recipe] = {recipe}

    def fails(candidate: Recipe) -> bool:
        nonlocal recipe, error
        if candidate in tried:
            return False
        tried.add(candidate)
        found = failure(candidate)
        if found is None or _kind(found) != _kind(error):
            return False
        recipe, error = candidate, found
        return True

    before = None
    while recipe != before:
        before = recipe
        shorter = (n for n in LENGTHS if recipe.length is None or n < recipe.length)
        any(fails(replace(recipe, length=length)) for length in shorter)
        for path in _parts(recipe):
            if path in _parts(recipe):  # not gone with another part
                fails(replace(recipe, without=(*recipe.without, path)))
    return recipe, error


def _parts(recipe: Recipe) -> list[str]:
    """The parts of a recipe that can be left out, the largest first."""
    try:
        return sorted(recipe.draw().parts, key=lambda path: path.count("."))
    except Exception:  # the failure is that it cannot be drawn
        return []


def _kind(error: Exception) -> tuple[type, str]:
    return type(error), str(error)[:16]


def listing(drawing: Drawing) -> list[str]:
    """The calls of a drawing's model, one a line, and the arguments it is compiled with."""
    policy = drawing.parts.get("policy", "float32")
    options = ", ".join(f"{key}={value!r}" for key, value in drawing.options.items())
    return [f"{policy}: compile(model, {options})", *_calls(drawing.model)]


def _calls(model: Any) -> list[str]:
    lines = []
    for operation in model.operations:
        inner = getattr(operation, "operations", None)
        if inner is not None:
            lines.append(f"{operation.name}:")
            lines.extend(f"    {line}" for line in _calls(operation))
            lines.append("")
            continue
        for node in operation._inbound_nodes:
            given = [tensor._keras_history.operation.name for tensor in node.input_tensors]
            shapes = ", ".join(str(tensor.shape[1:]) for tensor in node.output_tensors)
            lines.append(f"{operation.name} = {_made(operation)}({', '.join(given)})  # {shapes}")
    return [line for line in lines if line]


_UNSAID = ("name", "dtype", "data_format", "sparse", "ragged")


def _made(operation: Any) -> str:
    """A class and its arguments, but for those left as they are."""
    config: dict[str, Any] = getattr(operation, "get_config", dict)()
    usual = inspect.signature(type(operation).__init__).parameters
    given = [
        f"{key}={value!r}"
        for key, value in config.items()
        if key in usual and key not in _UNSAID and value != usual[key].default and not _long(value)
    ]
    return f"{type(operation).__name__}({', '.join(given)})"


def _long(value: Any) -> bool:
    return isinstance(value, dict) or len(repr(value)) > 60


__all__ = ["listing", "smallest"]
