"""What all sequences of a run share: the head of everything that is written of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError

Array = npt.NDArray[Any]

CONVENTION = (
    "raw: OUTPUT/alternate is f(alternative) and OUTPUT/reference is f(reference), as the model "
    "gives them; the column of the reference base holds the reference prediction. "
    "delta = alternate - reference, which is 0 at the reference base."
)
RESERVED = frozenset({"names", "sequences", "sites", "alternatives", "regions"})
"""Names in a scores file that no output can have."""


@dataclass(frozen=True, eq=False)
class Header:
    """What all sequences of a run share.

    outputs: the shape of each output without its batch axis. sites: ``(S, 2)`` int, starts and
    widths. alternatives: the rows written, ``(A, width, C)``; or an array ``(0, S, A, width, C)``
    of the type they are stored as, where they come with the sequences (S is 1 where every site of
    a sequence gets the same). length, channels: of the sequences. letters: the channels that are
    written, None for all. alphabet: a letter for each channel. regions: whether every sequence
    comes from a region of a genome. stored: the type sequences are kept in, for any but one-hot
    ones. deviations: whether scores are means of several plans', with how far these lie apart.
    attributes: facts by name, which go into every file: the model, versions, what was asked for.

    Raises InputError for an output with a name that a scores file cannot hold.
    """

    outputs: Mapping[str, tuple[int, ...]]
    sites: Array
    alternatives: Array
    length: int
    channels: int
    alphabet: str
    regions: bool = False
    stored: str = "int8"
    letters: tuple[int, ...] | None = None
    deviations: bool = False
    attributes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in self.outputs:
            if name in RESERVED or "/" in name:
                raise InputError(f"the output {name!r} cannot be a dataset's name")

    @property
    def own_rows(self) -> bool:
        """Whether every sequence has alternatives of its own."""
        return self.alternatives.ndim == 5

    @property
    def columns(self) -> int:
        """How many alternatives are written at a site."""
        return int(self.alternatives.shape[-3])

    @property
    def bytes_a_sequence(self) -> int:
        """What a sequence and its scores take, but for names."""
        values = sum(math.prod(shape) for shape in self.outputs.values())
        own = self.alternatives.dtype.itemsize * math.prod(self.alternatives.shape[1:])
        return (
            4 * values * (1 + len(self.sites) * self.columns) * (1 + self.deviations)
            + np.dtype(self.stored).itemsize * self.length * self.channels
            + (own if self.own_rows else 0)
        )

    @property
    def datasets(self) -> dict[str, tuple[int, ...]]:
        """The float32 datasets of a scores file, and their shapes but for the sequences' axis."""
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in self.outputs.items():
            mutants = (len(self.sites), self.columns, *shape)
            shapes |= {f"{name}/reference": shape, f"{name}/alternate": mutants}
            if self.deviations:
                shapes |= {f"{name}/reference_std": shape, f"{name}/delta_std": mutants}
        return shapes

    def with_attributes(self, attributes: Mapping[str, Any]) -> Header:
        """The same, with more facts."""
        return replace(self, attributes={**self.attributes, **attributes})


def facts(
    model: tuple[str, str], arguments: Mapping[str, Any], **others: str
) -> dict[str, str | int]:
    """The attributes of a header: the model's name and sha256, what was asked for, versions."""
    from fastism.io.versions import PLAN_FORMAT, versions

    return {
        "model": model[0],
        "model_sha256": model[1],
        "plan_format": PLAN_FORMAT,
        "convention": CONVENTION,
        "arguments": json.dumps(dict(arguments)),
        **{f"{name}_version": version for name, version in versions().items()},
        **others,
    }
