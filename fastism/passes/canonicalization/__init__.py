"""The rules of the canonicalize pass, one a file."""
