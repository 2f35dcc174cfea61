"""What TensorFlow computes with."""

from __future__ import annotations

import os
from typing import Final

import keras
import tensorflow as tf

from fastism.backends.base import Condition

SETTINGS: Final = (
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""What says by which library TensorFlow multiplies, and how."""


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU, which it then uses."""
    return bool(tf.config.list_physical_devices("GPU"))


def conditions() -> list[Condition]:
    """What the speed of TensorFlow, and of layers that Keras runs, depends on beside the CPU."""
    gpus = tf.config.list_physical_devices("GPU")
    details = map(tf.config.experimental.get_device_details, gpus)
    threads = tf.config.threading
    return [
        tf.__version__,
        keras.__version__,
        threads.get_intra_op_parallelism_threads(),
        threads.get_inter_op_parallelism_threads(),
        *map(os.environ.get, SETTINGS),
        *(each.get("device_name") for each in details),
    ]
