"""Keras models: load a file, lower the model to the IR, keep what the IR cannot say."""
