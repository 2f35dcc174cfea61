"""What a benchmark ran on, so that its numbers can be read later."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import fastism


def processor() -> str:
    """The CPU's name as the system gives it."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe() -> str:
    """Two lines: the machine and the date, the versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpus = len(tf.config.list_physical_devices("GPU"))
    date = datetime.now(timezone.utc).date().isoformat()
    versions = (
        f"fastism {fastism.__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}, "
        f"numpy {np.__version__}, Python {platform.python_version()}"
    )
    return f"{processor()}, {cores} cores, {gpus} GPUs, {platform.system()}; {date}\n{versions}"
