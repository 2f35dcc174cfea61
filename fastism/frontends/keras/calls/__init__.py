"""Calls of Keras as ops of the IR: what is called with what, and traces of code."""

from fastism import quiet  # noqa: F401  (before anything imports TensorFlow)
