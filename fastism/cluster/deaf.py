"""Loaded by the processes of ``--workers``: Ctrl-C is for the command, which closes them."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Called by Dask in the main thread of a worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
