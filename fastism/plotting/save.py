"""Pictures as files."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from fastism.io.whole import replacing


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure in the format that the name ends in; the file appears once it is whole.

    The same figure gives the same bytes. Text of a .pdf stays text.
    """
    with (
        replacing(Path(path)) as new,
        mpl.rc_context({"pdf.fonttype": 42, "svg.hashsalt": "fastism"}),
    ):
        dated = {".svg": "Date", ".pdf": "CreationDate"}.get(new.suffix.lower())
        figure.savefig(new, dpi=170, metadata={dated: None} if dated else None)
