"""One question a file; run as ``python -m benchmarks.compare`` from the root of the repository."""
