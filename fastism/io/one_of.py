"""One sequence and one output of a scores file, by the names that a user gives."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.errors import InputError, did_you_mean
from fastism.io.scored import ScoredSequence
from fastism.io.scores import ScoresReader

_SHOWN = 5
"""How many names an error lists."""


def sequence_index(reader: ScoresReader, name: str | None) -> int:
    """Where the sequence of a name stands, from 0; of the only sequence, for None.

    Raises InputError where that is none, or more than one.
    """
    names = reader.names
    listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    if name is None:
        if len(names) == 1:
            return 0
        raise InputError(
            f"{reader.path} holds {len(names):,} sequences, and one is shown",
            why=f"they are {listed}",
            attempt="--name or --index",
        )
    found = [index for index, each in enumerate(names) if each == name]
    if not found:
        raise InputError(
            f"{reader.path} holds no sequence {name!r}",
            why=f"it holds {listed}",
            attempt=did_you_mean(name, names),
        )
    if len(found) > 1:
        places = ", ".join(map(str, found[:_SHOWN]))
        raise InputError(
            f"{len(found)} sequences of {reader.path} are called {name!r}",
            why=f"they are at {places}" + (", ..." if len(found) > _SHOWN else ""),
            attempt=f"--index {found[0]}",
        )
    return found[0]


def output_name(reader: ScoresReader, name: str | None) -> str:
    """An output by name; the only one, for None. Raises InputError where there is none."""
    outputs = list(reader.header.outputs)
    if name is None and len(outputs) == 1:
        return outputs[0]
    if name is None or name not in outputs:
        what = "has several outputs" if name is None else f"has no output {name!r}"
        raise InputError(
            f"{reader.path} {what}",
            why=f"they are {', '.join(outputs)}",
            attempt="--outputs with one of them",
        )
    return name


def scored_sequence(reader: ScoresReader, index: int, output: str) -> ScoredSequence:
    """One sequence with its scores for one output; of the letters' channels alone.

    Raises InputError if there is no sequence ``index``, counted from 0, or its letters are unknown.
    """
    if index not in range(len(reader)):
        raise InputError(f"there is no sequence {index}: {reader.path} holds {len(reader):,}")
    header, rows = reader.header, reader.rows(index, index + 1, [output])
    channels = list(range(header.channels) if header.letters is None else header.letters)
    written = header.alternatives if rows.alternatives is None else rows.alternatives[0]
    reference, alternate = rows.scores[output]
    return ScoredSequence(
        name=rows.names[0],
        alphabet=_letters(reader, channels),
        rows=rows.sequences[0][:, channels],
        starts=header.sites[:, 0],
        width=int(header.sites[0, 1]),
        alternatives=written[..., channels],
        output=output,
        reference=reference[0],
        alternate=alternate[0],
        region=None if rows.regions is None else rows.regions[0],
    )


def _letters(reader: ScoresReader, channels: Sequence[int]) -> str:
    """The letters of the channels. Raises InputError where the file does not say them."""
    alphabet, count = reader.header.alphabet, reader.header.channels
    letters = "".join(alphabet[channel] for channel in channels if channel < len(alphabet))
    if len(letters) < len(channels) or "." in letters:
        raise InputError(
            f"{reader.path} does not say which letters its {count} channels are",
            why=f"its alphabet is {alphabet!r}",
            attempt="fastism run --alphabet with one letter a channel, in the model's order",
        )
    return letters
