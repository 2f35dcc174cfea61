"""Calls of Keras as ops of the IR: what is called with what, and traces of code."""
