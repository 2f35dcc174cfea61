"""What one may ask of a picture; it imports nothing, so that the command line can list it."""

from __future__ import annotations

SCORES = ("delta", "raw", "centered", "centered-alt", "hypothetical", "logfc", "l2")
"""Scores that a heat map may show; the contribution is what the logo shows."""

SUFFIXES = (".png", ".svg", ".pdf")
"""How the name of a picture may end."""
