"""Variants of a genome scored by a plan: their windows, what cannot be scored, and the rest."""
