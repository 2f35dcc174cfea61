"""Smoothing along the sequence. Importing the package registers its op, forms, layer and pass."""

from smoothing import forms  # noqa: F401  (imported to register)
from smoothing.layers import Smooth
from smoothing.ops import SMOOTH
from smoothing.passes import JoinSmooths

__all__ = ["SMOOTH", "JoinSmooths", "Smooth"]
