"""Clients of a cluster: of this machine's processes, or of a scheduler that is running."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from distributed import Client, LocalCluster

from fastism.errors import InputError

Connect: TypeAlias = Callable[[], Client]
"""A new client of the same scheduler; raises OSError where that does not answer."""

_ANSWER = 20
"""Seconds in which a scheduler must answer."""


@contextmanager
def local(workers: int, *, verbose: bool = False) -> Iterator[Connect]:
    """So many processes on this machine, which share its cores and its memory evenly."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    level = logging.INFO if verbose else logging.CRITICAL
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=max(1, (cores or 1) // workers),
        processes=True,
        dashboard_address="127.0.0.1:0",
        silence_logs=level,
        preload=["fastism.cluster.deaf"],
    ) as cluster:
        yield lambda: Client(cluster)


@contextmanager
def running(address: str, *, verbose: bool = False) -> Iterator[Connect]:
    """The scheduler at an address. Raises InputError where none answers there."""
    if not verbose:  # what Dask says of a scheduler that is gone is said in a line of our own
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)

    def connect() -> Client:
        return Client(address, timeout=_ANSWER)

    try:
        connect().close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"no scheduler answers at {address}",
            why=str(error).splitlines()[0],
            attempt="the address that dask scheduler printed, as tcp://host:8786",
        ) from error
    yield connect
