"""Import TensorFlow without its C++ log lines, and with oneDNN; before TensorFlow or Keras.

TensorFlow announces its build options and missing drivers on the process's standard error while
it loads, before its own log level applies. Those lines are held back during the import; anything
else written there is passed on.

On CPUs without AVX-512 VNNI TensorFlow leaves oneDNN off, though convolutions run several times
faster with it there too. It decides when it loads, so the variable it reads is set before.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from fastism.errors import FastismWarning

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""The variable by which TensorFlow decides about oneDNN as it loads; the user's word stands."""

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


def _warn_if_too_late() -> None:
    """Say that TensorFlow was loaded before its variable could be set, and left oneDNN off."""
    from tensorflow.python.util import _pywrap_util_port

    if not _pywrap_util_port.IsMklEnabled():
        warnings.warn(
            "TensorFlow was loaded before fastism and left oneDNN off, without which convolutions "
            f"take several times as long on this CPU: set {ONEDNN}=1, or import fastism.quiet "
            f"before TensorFlow or Keras ({ONEDNN}=0 keeps it off, without this message)",
            FastismWarning,
            stacklevel=2,
        )


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
_unsaid = ONEDNN not in os.environ and platform.machine() in ("x86_64", "AMD64")
_loaded = "tensorflow" in sys.modules
if _unsaid and not _loaded:
    os.environ[ONEDNN] = "1"
with _held_back():
    import keras
    import tensorflow as tf
if _unsaid and _loaded:
    _warn_if_too_late()


def graph_function(body: Callable[..., Any], **options: Any) -> Any:
    """``body`` as a ``tf.function`` whose traces are counted as its own; ``options`` are passed on.

    TensorFlow warns of many traces by a function's code, which all closures of one place share. A
    partial has none.
    """
    return tf.function(partial(body), **options)


__all__ = ["graph_function", "keras", "tf"]
