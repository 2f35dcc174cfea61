"""Files shipped with the package: the demo's model and its sequences.

``demo.h5`` is a small binary classifier of 200-base sequences; ``demo.fa`` holds sequences it was
not trained on, each with one planted motif named in its header (``>seq_3 GATA:57-64``, 0-based,
half-open). examples/train_demo.py makes both.
"""

from __future__ import annotations

from pathlib import Path

from fastism.errors import InputError


def path(name: str) -> Path:
    """The path of a bundled file. Raises InputError, listing what there is, for any other name."""
    folder = Path(__file__).parent
    shipped = sorted(file.name for file in folder.iterdir() if file.suffix in {".h5", ".fa"})
    if name not in shipped:
        raise InputError(f"fastism ships no file {name!r}", attempt=", ".join(shipped))
    return folder / name
