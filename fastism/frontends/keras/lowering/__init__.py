"""From a Keras model to a module: its graphs, its inputs, its nested models."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
