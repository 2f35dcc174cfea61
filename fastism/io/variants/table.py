"""A table of scored variants, a line each: chr, pos, ref, alt, id, scores, window, flag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastism.io.variants.scored import Array, Scored

NONE = "NA"
"""What stands for a score that there is not."""


class TableWriter:
    """Writes lines of tab-separated fields; positions count from 1, as in VCF.

    names: of the scores. The window is as `Region` prints it, 0-based and half-open.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._none = [NONE] * len(names)
        fields = ["chr", "pos", "ref", "alt", "id", *names, "window", "flag"]
        self._file.write("\t".join(fields) + "\n")

    def append(self, scored: Sequence[Scored]) -> None:
        """Add variants."""
        for each in scored:
            variant, values = each.variant, each.values
            place = variant.chrom, str(variant.position + 1)
            letters = variant.reference, variant.alternate or "."
            scores = self._none if values is None else numbers(values)
            fields = (*place, *letters, variant.name, *scores, str(each.window), each.flag)
            self._file.write("\t".join(fields) + "\n")

    def close(self) -> None:
        """Nothing follows."""
        self._file.close()


def numbers(values: Array) -> list[str]:
    """Numbers as text, with as many digits as they have."""
    return [f"{value:.9g}" for value in values.ravel().tolist()]
