"""What a worker does that is slow, or does not live through its shard."""

from __future__ import annotations

import os
import signal
import time

from fastism.cluster.orders import Done, Order
from fastism.cluster.worker import compute

DEADLY = 4
"""The first sequence of the shard that kills whoever computes it."""


def slowly(order: Order) -> Done:
    time.sleep(0.3)
    return compute(order)


def deadly(order: Order) -> Done:
    if order.start == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    return compute(order)


def unlucky(order: Order) -> Done:
    if order.start == DEADLY:
        raise MemoryError("no room for the windows")
    return compute(order)
