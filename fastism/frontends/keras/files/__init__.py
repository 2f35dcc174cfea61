"""Model files of every age, read as data."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
