"""What a run asks of whatever its sequences come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.ir.module import Module

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some sequences: their names, every input of the model by name, (n, ...), and their regions.

    regions: where in a genome each comes from; None where they come from no genome.
    """

    names: list[str]
    inputs: Mapping[str, Array]
    regions: list[Region] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def first(self, count: int) -> Batch:
        """Its first ``count`` sequences, or as many as there are."""
        if count >= len(self):
            return self
        inputs = {name: array[:count] for name, array in self.inputs.items()}
        return Batch(self.names[:count], inputs, self.regions and self.regions[:count])


class Source(Protocol):
    """Sequences that were read once for their mistakes, and can be read again from any on.

    Every time, the same come in the same order.
    """

    @property
    def count(self) -> int:
        """How many sequences there are."""

    @property
    def identity(self) -> str:
        """A hash of all that comes out of it: equal where a run that stopped may go on."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of them, a sentence each: what was padded, left out, unknown."""

    @property
    def chromosomes(self) -> Mapping[str, int] | None:
        """The lengths of the genome's chromosomes by name, in its order; None without a genome."""

    @property
    def one_hot(self) -> bool:
        """Whether sequences hold nothing but small whole numbers, as one-hot ones do."""

    def batches(self, size: int, first: int = 0) -> Iterator[Batch]:
        """Up to ``size`` sequences at a time, from the ``first`` of all on."""


@dataclass(frozen=True)
class Reads:
    """What a plan reads, as its manifest says it.

    inputs: the shape of every input without the batch axis. seq_input: the one that is edited.
    """

    inputs: Mapping[str, tuple[int, ...]]
    seq_input: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Reads:
        """Those of the manifest of a plan folder."""
        inputs = {name: tuple(map(int, shape)) for name, shape in manifest["inputs"].items()}
        return cls(inputs, manifest["seq_input"])

    @classmethod
    def of_module(cls, module: Module) -> Reads:
        """Those of a plan that is in memory."""
        inputs = {v.name: tuple(map(int, v.type.shape[1:])) for v in module.main.inputs}
        return cls(inputs, module.seq_input)

    @property
    def length(self) -> int:
        """Positions of a sequence."""
        return self.inputs[self.seq_input][0]

    @property
    def channels(self) -> int:
        """Channels of a sequence: letters, and whatever tracks stand beside them."""
        return self.inputs[self.seq_input][1]

    @property
    def others(self) -> tuple[str, ...]:
        """The inputs beside the sequence."""
        return tuple(name for name in self.inputs if name != self.seq_input)


def require_letters(reads: Reads, alphabet: str) -> None:
    """Raise InputError unless a sequence's channels are the letters of an alphabet."""
    if len(alphabet) != reads.channels:
        raise InputError(
            f"the model reads {reads.channels} channels, and the alphabet {alphabet} has "
            f"{len(alphabet)} letters",
            attempt="--alphabet with one letter a channel, in the model's order",
        )
