"""Model files of every age, read as data."""
