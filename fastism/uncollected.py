"""Python's garbage collector, held off while much is made that stays.

Beside TensorFlow's modules a full collection takes a tenth of a second, and is due whenever a
quarter as many objects are new: reading a plan, or tracing a large graph, is taken for garbage.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing inside; afterwards as before."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
