"""Models of any kind, in memory or in files: loaded, lowered, called."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastism.frontends.base import Architecture, Lowered
from fastism.frontends.registry import front_end_of
from fastism.reductions import parse_reductions


def loaded(
    model: Any,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    unsafe: bool = False,
    architecture: Architecture | None = None,
    signature: str | None = None,
) -> Any:
    """A model: the one given, or the one in the file of a path.

    custom_objects, unsafe, architecture, signature: as of `fastism.compile`. Raises ModelError for
    a file that cannot be loaded.
    """
    if not isinstance(model, (str, os.PathLike)):
        return model
    return front_end_of(model).load(
        os.fspath(model),
        custom_objects=custom_objects,
        unsafe=unsafe,
        architecture=architecture,
        signature=signature,
    )


def file_hash(path: str | os.PathLike[str]) -> str:
    """What a model file is known by. Raises ModelError if it cannot be read."""
    return front_end_of(path).file_hash(os.fspath(path))


def lowered(
    model: Any,
    *,
    seq_input: int | str = 0,
    length: int | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    unsafe: bool = False,
    architecture: Architecture | None = None,
    signature: str | None = None,
    tokens: int | None = None,
    outputs: Sequence[str] | None = None,
    target: Any = None,
    over: Any = None,
    reduce: Any = None,
) -> Lowered:
    """A model, or the one in the file of a path, in the imported stage, its outputs reduced.

    All outputs are in it; target, over and reduce, where they do not name outputs, are of those in
    ``outputs``. Arguments as of `fastism.compile`, and of `FrontEnd.lower`. Raises ModelError,
    InputError, LoweringError as `FrontEnd`'s ``load``, ``reduced`` and ``lower`` do.
    """
    live = loaded(
        model,
        custom_objects=custom_objects,
        unsafe=unsafe,
        architecture=architecture,
        signature=signature,
    )
    end, name, sha256 = front_end_of(live), "", ""
    if live is not model:
        name, sha256 = os.path.basename(os.fspath(model)), file_hash(model)
    asked = {"target": target, "over": over, "reduce": reduce}
    reductions = {}
    if any(given is not None for given in asked.values()):
        reductions = parse_reductions(end.output_shapes(live, length), outputs, **asked)
        live = end.reduced(live, reductions)
    found = end.lower(
        live, length=length, seq_input=seq_input, name=name, sha256=sha256, tokens=tokens
    )
    return replace(found, reductions=reductions)
