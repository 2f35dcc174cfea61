"""What a plan returns: reference and alternate predictions, one head or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from fastism import scores as definitions
from fastism.errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class HeadScores:
    """Predictions of one output of the model.

    reference: (N, *out), the model's own prediction.
    alternate: (N, S, A, *out), the prediction with alternative A written at site S.

    N counts sequences, S the plan's sites (``plan.module.sites``) in their order, and A what is
    written (``plan.alternatives``, or what the call was given) in its order; ``*out`` is the shape
    of the output. By default there is a site a position and an alternative a letter, so that
    ``alternate[n, i, c]`` has letter ``c`` at position ``i``. Where a sequence holds an alternative
    already, ``alternate`` is its reference, bit for bit; one that holds no letter there (N, a row
    of zeros) differs from all of them.

    one_hot: (N, S, A), the letter that each sequence holds at each site; None where the sites are
    wider than one position, or what is written there is not every letter in the channels' order.
    """

    reference: Array
    alternate: Array
    one_hot: Array | None = None

    def delta(self) -> Array:
        """alternate - reference, (N, S, A, *out): 0 where the alternative is the reference."""
        return definitions.delta(self.reference, self.alternate)

    def score(self, name: str) -> Array:
        """Scores by the name of their definition, one of `fastism.scores.SCORES`.

        (N, S, A, *out), or (N, S, A) for ``l2``. Raises InputError for another name, and for one
        that is of letters where something else was written.
        """
        definition = definitions.named(name)
        if definition.letters and self.one_hot is None:
            raise definitions.not_letters(definition.name)
        return definition(self.reference, self.alternate, self.one_hot)


@dataclass(frozen=True)
class VariantScores:
    """Predictions of one output of the model, without and with each of M variants.

    reference: (M, *out), of the sequence as it is. alternate: (M, *out), with the variant in it.
    """

    reference: Array
    alternate: Array

    def delta(self) -> Array:
        """alternate - reference, (M, *out)."""
        difference: Array = self.alternate - self.reference
        return difference


@dataclass(frozen=True)
class Scores:
    """Predictions of every output, by name (``scores["profile"]``) or position (``scores[1]``).

    With a single output the same attributes work without naming it.
    """

    heads: Mapping[str, HeadScores]

    def __getitem__(self, head: str | int) -> HeadScores:
        names = list(self.heads)
        if isinstance(head, int) and -len(names) <= head < len(names):
            return self.heads[names[head]]
        if isinstance(head, str) and head in self.heads:
            return self.heads[head]
        raise InputError(f"there is no output {head!r}", why=f"the model has {', '.join(names)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def _only(self) -> HeadScores:
        if len(self.heads) != 1:
            raise InputError(
                f"the model has {len(self.heads)} outputs: {', '.join(self.heads)}",
                attempt='say which: scores["name"].reference, or scores[0].reference',
            )
        return next(iter(self.heads.values()))

    @property
    def reference(self) -> Array:
        """(N, *out): the only output's prediction for the sequences as they are."""
        return self._only.reference

    @property
    def alternate(self) -> Array:
        """(N, S, A, *out): the only output's prediction for every mutant."""
        return self._only.alternate

    def delta(self) -> Array:
        """(N, S, A, *out): alternate - reference of the only output."""
        return self._only.delta()

    def score(self, name: str) -> Array:
        """The only output's scores by the name of their definition; see `HeadScores.score`."""
        return self._only.score(name)
