"""What a numpy form takes, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy.typing as npt

from fastism.backends.base import Forms
from fastism.ir.graph import Node

Array: TypeAlias = npt.NDArray[Any]
OpaqueLayer: TypeAlias = Callable[..., Sequence[Array]]


@dataclass(frozen=True)
class Context:
    """What an op may reach beyond its inputs.

    opaque: the live layers, by key.
    call: (graph name, arrays in the order of the graph's inputs) to its outputs in order.
    """

    opaque: Mapping[str, OpaqueLayer]
    call: Callable[[str, Sequence[Array]], tuple[Array, ...]]


Implementation: TypeAlias = Callable[
    [Node, Sequence[Array], Mapping[str, Array], Context], Array | Sequence[Array]
]
"""(node, inputs, constants by role, context) to the result, or the results of an op with several.

A role the node leaves empty is missing from the mapping.
"""

FORMS: Forms[Implementation] = Forms(
    "numpy",
    (
        "fastism.backends.reference.implements",
        "(node, inputs, constants, context) -> array",
    ),
)
implements = FORMS.register
