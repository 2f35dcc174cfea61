"""From a Keras model to a module: its graphs, its inputs, its nested models."""
