"""What a benchmark ran on, and how fast that is, so that its numbers can be read later."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

import fastism
from fastism.backends.native.machine import host
from fastism.quiet import keras, tf

PRODUCT = 2048
"""Rows and columns of the matrices whose product stands for what the machine can do."""

PRODUCTS = 4
"""Products a run, so that one run is not over at once."""


def processor() -> str:
    """The CPU's name as the system gives it."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe() -> str:
    """Two lines: the machine, its instruction set and the date; the versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpus = len(tf.config.list_physical_devices("GPU"))
    date = datetime.now(timezone.utc).date().isoformat()
    versions = (
        f"fastism {fastism.__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}, "
        f"numpy {np.__version__}, Python {platform.python_version()}"
    )
    return (
        f"{processor()}, {host().label}, {cores} cores, {gpus} GPUs, {platform.system()}; {date}\n"
        f"{versions}"
    )


def matrix_product() -> Callable[[], object]:
    """A run of ``PRODUCTS`` products of two f32 matrices of ``PRODUCT`` rows and columns."""
    random = np.random.default_rng(0)
    left, right = (
        tf.constant(random.normal(size=(PRODUCT, PRODUCT)).astype(np.float32)) for _ in range(2)
    )
    return lambda: [tf.linalg.matmul(left, right) for _ in range(PRODUCTS)]


def product_gflops(seconds: float) -> float:
    """GFLOP/s of one `matrix_product` run that took so long."""
    return PRODUCTS * 2 * PRODUCT**3 / seconds / 1e9


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
