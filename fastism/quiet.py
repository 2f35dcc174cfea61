"""Import TensorFlow without its C++ log lines; import this module before TensorFlow or Keras.

TensorFlow announces its build options and missing drivers on the process's standard error while
it loads, before its own log level applies. Those lines are held back during the import; anything
else written there is passed on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOISE = re.compile(r"^([IW]\d{4} |[\d-]+ [\d:.]+: [IW] |WARNING: All log messages before absl)")


@contextmanager
def _held_back() -> Iterator[None]:
    """Collect what reaches file descriptor 2, and pass on all but informational log lines."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as collected:
        os.dup2(collected.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            collected.seek(0)
            for line in collected.read().decode(errors="replace").splitlines():
                if not _NOISE.match(line):
                    print(line, file=sys.stderr)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _held_back():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
