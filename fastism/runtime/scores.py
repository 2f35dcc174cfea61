"""What a plan returns: reference and alternate predictions, one head or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from fastism import scores as definitions
from fastism.errors import InputError
from fastism.runtime.edited import Edited

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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

    With a single output the same attributes work without naming it. edited: the sequences, and what
    was written into them, for pictures.
    """

    heads: Mapping[str, HeadScores]
    edited: Edited | None = None

    def __getitem__(self, head: str | int) -> HeadScores:
        return self.heads[self._name(head)]

    def _name(self, head: str | int) -> str:
        names = list(self.heads)
        if isinstance(head, int) and -len(names) <= head < len(names):
            return names[head]
        if isinstance(head, str) and head in self.heads:
            return head
        raise InputError(f"there is no output {head!r}", why=f"the model has {', '.join(names)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def _only(self) -> HeadScores:
        return self.heads[self._only_name]

    @property
    def _only_name(self) -> str:
        if len(self.heads) != 1:
            raise InputError(
                f"the model has {len(self.heads)} outputs: {', '.join(self.heads)}",
                attempt='say which: scores["name"].reference, or scores[0].reference',
            )
        return next(iter(self.heads))

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

    def plot(
        self,
        sequence: int = 0,
        *,
        output: str | int | None = None,
        target: int | Sequence[int] | None = None,
        score: str = "delta",
        start: int | None = None,
        stop: int | None = None,
        highlights: Sequence[tuple[int, int] | tuple[int, int, str]] = (),
        alphabet: str | None = None,
        name: str | None = None,
    ) -> Figure:
        """A logo of contributions over the heat map of every mutation, as a matplotlib figure.

        sequence: which one, from 0. output: by name or position, where the model has several.
        target: the index of one number, where an output gives more than one for a sequence; an
            index an axis. score: of the heat map; see docs/pictures.md. start, stop: the positions
            to show. highlights: intervals ``(start, stop)`` or ``(start, stop, label)``.
        alphabet: the letters of the channels in order; ACGT where there are four. name: the title.

        Raises InputError where an argument does not fit, or ``fastism[plot]`` is not installed.
        """
        from fastism.plotting.require import require_plotting

        require_plotting("scores.plot")
        from fastism.plotting.highlights import Highlight
        from fastism.plotting.landscape import landscape
        from fastism.plotting.picture import draw

        if self.edited is None:
            raise InputError("these scores do not hold their sequences, which a picture shows")
        head = self._only_name if output is None else self._name(output)
        scored = self.edited.scored(
            sequence, head, self.heads[head].reference, self.heads[head].alternate, alphabet, name
        )
        index = (target,) if isinstance(target, int) else target
        marked = [Highlight(*each) for each in highlights]
        drawn = landscape(scored, score, index)
        return draw(drawn, start=start, stop=stop, highlights=marked)
