"""Lengths of chromosomes: the two columns of a ``.chrom.sizes`` or ``.fai`` file."""

from __future__ import annotations

from pathlib import Path

from fastism.errors import InputError, reason, require_file


def read_chrom_sizes(path: Path) -> dict[str, int]:
    """Lengths by name, in the order of the file; columns after the second are passed over.

    Raises InputError, naming the line, for a file that is missing, empty or another kind.
    """
    require_file(path, "file of chromosome sizes")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read", why=reason(error)) from error
    sizes: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) < 2 or not fields[1].isdecimal() or int(fields[1]) < 1:
            raise InputError(
                f"line {number} of {path} cannot be used", why="a row must read: name, length"
            )
        if sizes.setdefault(fields[0], int(fields[1])) != int(fields[1]):
            raise InputError(
                f"line {number} of {path} cannot be used",
                why=f"{fields[0]} has another length above",
            )
    if not sizes:
        raise InputError(f"{path} holds no chromosome")
    return sizes
