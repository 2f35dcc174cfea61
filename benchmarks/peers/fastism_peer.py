"""One cell: fastISM 0.5.1, run by the Python of its own environment.

    python benchmarks/peers/fastism_peer.py task.json answer.json    (PYTHONPATH: benchmarks)

It writes one row at a time, so three alternates take a call for each of the four bases; sequences
that hold the base already are left out by fastISM itself. It calls its model position by position:
timed on some positions, and what that takes is scaled to all of them. What it does once a call,
the model's own activations, is timed apart and not scaled.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from models import ARCHITECTURES, load_weights
from rows import Task

from fastism import FastISM


class Timed(FastISM):
    """fastISM, with the time it spends before its loop over positions."""

    prepared = 0.0

    def pre_change_range_loop_prep(self, inp_batch, num_seqs):
        start = time.perf_counter()
        result = super().pre_change_range_loop_prep(inp_batch, num_seqs)
        self.prepared += time.perf_counter() - start
        return result


def score(ism, x):
    """Every base at every position: for each output (N, positions, 4, *out)."""
    by_base = []
    for base in np.eye(4, dtype=np.float32):
        outputs = ism(x, replace_with=base.tolist())
        by_base.append(outputs if isinstance(outputs, list) else [outputs])
    return [np.stack(head, axis=2) for head in zip(*by_base, strict=True)]


def measure(task):
    """Seconds a sequence; the scores go to the row's folder."""
    row = task.row
    model = ARCHITECTURES[row.model].build(row.length)
    load_weights(model, task.folder / "weights.npz")
    with np.load(task.folder / "scores.npz") as handed:
        x = tf.constant(handed["x"])
    positions = [row.positions[site] for site in row.peer_sites]
    ranges = [(position, position + 1) for position in positions]
    ism = Timed(model, change_ranges=ranges, test_correctness=False)
    seconds = []
    for turn in range(task.repeats + 1):
        ism.prepared, start = 0.0, time.perf_counter()
        scores = score(ism, x)
        looped = time.perf_counter() - start - ism.prepared
        if turn:
            seconds.append(ism.prepared + looped * len(row.positions) / len(positions))
    arrays = {f"alternate/{index}": head for index, head in enumerate(scores)}
    np.savez(task.folder / "fastism_peer.npz", **arrays)
    return {
        "seconds": statistics.median(seconds) / row.batch,
        "positions": len(positions),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(measure(Task.load(sys.argv[1]))))
