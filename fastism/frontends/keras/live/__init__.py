"""Layers that stay as they are: run whole, or on the windows their user declared."""
