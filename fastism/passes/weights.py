"""The content of weights that a pass decides by: without it, it refuses and guesses nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from fastism.errors import PassError
from fastism.ir.graph import Node
from fastism.ir.module import Module

WITH_WEIGHTS: Final = (
    "give the text with its weights: --weights PLAN, or read_module(text, plan.constants)"
)


def weight(module: Module, node: Node, name: str) -> npt.NDArray[np.generic]:
    """The content of a constant that ``node`` works with.

    Raises PassError if the module was read from text and holds its hash alone.
    """
    try:
        return module.content(name)
    except ValueError as error:
        raise PassError(
            f"@{name} of {node.op} %{node.name} is needed, and only its hash is here",
            where=f"layer {node.origin}" if node.origin else f"node %{node.name}",
            why=str(error),
            attempt=WITH_WEIGHTS,
        ) from error
