"""Layers that stay as they are: run whole, or on the windows their user declared."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
