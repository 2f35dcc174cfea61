"""Keras 3 models: load a file, lower the model to the IR, keep what the IR cannot say."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
