"""A VCF file with the scores of its variants in an INFO field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastism.io.genomics import load_pysam
from fastism.io.variants.flags import FLAGS
from fastism.io.variants.scored import DEVIATION, Scored
from fastism.io.variants.table import numbers

FIELD = "FASTISM"
_LINE = f"##INFO=<ID={FIELD},"
_INFO = 7
"""The column of the INFO fields."""


class AnnotatedWriter:
    """Writes the records that variants are of, each once, with ``ALLELE|score|...|WINDOW|FLAG``.

    header: of the file they were read from. names: of the scores. Several alleles, or windows of
    one, are separated by commas. A path that ends in .gz is compressed in blocks, as by bgzip. All
    else that a record has stays as it is written.
    """

    def __init__(self, path: Path, header: Any, names: Sequence[str]) -> None:
        packed = path.suffix == ".gz"
        self._file: Any = (
            load_pysam("writing VCF").BGZFile(str(path), "wb") if packed else path.open("wb")
        )
        lines = [line for line in str(header).splitlines() if not line.startswith(_LINE)]
        self._line(*lines[:-1], _described(names), lines[-1])
        self._none = ["."] * len(names)
        self._record: Any = None
        self._held: list[str] = []

    def append(self, scored: Sequence[Scored]) -> None:
        """Add variants; those of a record follow one another."""
        for each in scored:
            if each.variant.record is not self._record:
                self._flush()
                self._record = each.variant.record
            scores = self._none if each.values is None else numbers(each.values)
            fields = each.variant.alternate or ".", *scores, str(each.window), each.flag
            self._held.append("|".join(fields))

    def close(self) -> None:
        """Nothing follows."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        """Write the record at hand, with what is held for it."""
        if self._held:
            fields = str(self._record).rstrip("\r\n").split("\t")
            kept = [each for each in fields[_INFO].split(";") if each.partition("=")[0] != FIELD]
            kept = [each for each in kept if each != "."]
            fields[_INFO] = ";".join([*kept, f"{FIELD}={','.join(self._held)}"])
            self._line("\t".join(fields))
        self._held = []

    def _line(self, *lines: str) -> None:
        self._file.write("".join(f"{line}\n" for line in lines).encode())


def _described(names: Sequence[str]) -> str:
    """The header line of the field."""
    flags = ", ".join(f"{flag} ({meaning})" for flag, meaning in FLAGS.items())
    spread = "std: the standard deviation of delta over the plans. "
    spread = spread if any(name.startswith(f"{DEVIATION}:") for name in names) else ""
    about = (
        f"Scores by fastism: {'|'.join(['ALLELE', *names, 'WINDOW', 'FLAG'])}. ref, alt: the "
        f"model's predictions without and with the variant; delta: alt - ref. {spread}WINDOW: "
        f"what the model read, 0-based, half-open. FLAG: {flags}"
    )
    plain = about.replace("\\", "/").replace('"', "'")
    return f'{_LINE}Number=.,Type=String,Description="{plain}">'
