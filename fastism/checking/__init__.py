"""Holds a plan against its model: scores, time, and where the two part."""
