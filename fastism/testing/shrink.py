"""Make a failing random model smaller, and write down what is left of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
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

    def alike(candidate: Recipe) -> Exception | None:
        found = failure(candidate)
        return found if found is not None and _kind(found) == _kind(error) else None

    progress = True
    while progress:
        progress = False
        for candidate in _smaller(recipe):
            found = alike(candidate)
            if found is not None:
                recipe, error, progress = candidate, found, True
                break
    return recipe, error


def _smaller(recipe: Recipe) -> Iterator[Recipe]:
    """Recipes that leave out one part more, the largest parts first, and shorter ones."""
    try:
        parts = recipe.draw().parts
    except Exception:  # the failure is that it cannot be drawn
        return
    for path in sorted(parts, key=lambda path: path.count(".")):
        yield replace(recipe, without=(*recipe.without, path))
    for length in LENGTHS:
        if recipe.length is None or length < recipe.length:
            yield replace(recipe, length=length)


def _kind(error: Exception) -> tuple[type, str]:
    return type(error), str(error)[:16]


def listing(drawing: Drawing) -> list[str]:
    """The calls of a drawing's model, one a line, and the arguments it is compiled with."""
    lines = [f"compile(model, {', '.join(f'{k}={v!r}' for k, v in drawing.options.items())})"]
    return lines + _calls(drawing.model)


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
    config = getattr(operation, "get_config", dict)()
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
