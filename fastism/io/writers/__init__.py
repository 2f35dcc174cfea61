"""Scores out, in the formats of the field: one small file a format."""
