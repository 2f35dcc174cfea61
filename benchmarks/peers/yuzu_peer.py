"""One cell: yuzu-ism 0.0.1, run by the Python of its own environment.

    python benchmarks/peers/yuzu_peer.py task.json answer.json    (PYTHONPATH: benchmarks)

Its precomputation, once a model, is timed apart. torch.linalg.inv of a batch of matrices fails on
some CPU builds of torch, and the precomputation needs it: numpy's stands in, which changes nothing
that is timed.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch  # noqa: TID251  (yuzu is written in it; this file runs in its environment)
from rows import Task
from yuzu import precompute, yuzu_ism
from yuzu.models import Basset

BATCHES = (1, 4)
"""Sequences yuzu takes at a time; the faster counts."""


def inverse(matrices):
    """torch.linalg.inv, by numpy."""
    return torch.from_numpy(np.linalg.inv(matrices.numpy()))


def set_weights(model, path):
    """The weights of the Keras model; its layers of each kind come in the same order."""
    with np.load(path) as arrays, torch.no_grad():
        layers = {}
        for key in arrays.files:
            layers.setdefault(key.split("/")[0], []).append(torch.from_numpy(arrays[key]))
    kinds = [
        ("conv1d", torch.nn.Conv1d),
        ("batch_normalization", torch.nn.BatchNorm1d),
        ("dense", torch.nn.Linear),
    ]
    for kind, torch_class in kinds:
        given = [weights for name, weights in layers.items() if name.startswith(kind)]
        wanted = [layer for layer in model.children() if isinstance(layer, torch_class)]
        for layer, weights in zip(wanted, given, strict=True):
            set_layer(layer, weights)


def set_layer(layer, weights):
    """One layer's weights, turned from Keras's order of axes to torch's."""
    with torch.no_grad():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.eps = 1e-3  # Keras's
            tensors = [layer.weight, layer.bias, layer.running_mean, layer.running_var]
        else:
            weights = [weights[0].permute(*reversed(range(weights[0].ndim))), weights[1]]
            tensors = [layer.weight, layer.bias]
        for tensor, given in zip(tensors, weights, strict=True):
            tensor.copy_(given)


def measure(task):
    """Seconds a sequence and seconds of precomputation; the scores go to the row's folder."""
    row = task.row
    torch.linalg.inv = inverse
    model = Basset(4, seq_len=row.length).eval()
    set_weights(model, task.folder / "weights.npz")
    with np.load(task.folder / "scores.npz") as handed:
        x = np.ascontiguousarray(handed["x"].transpose(0, 2, 1))
    start = time.perf_counter()
    precomputed = precompute(model, row.length, random_state=0)
    precompute_seconds = time.perf_counter() - start
    by_batch = {}
    for batch in BATCHES:
        seconds = []
        for turn in range(task.repeats + 1):
            start = time.perf_counter()
            scores = yuzu_ism(model, x, precomputed, batch_size=batch)
            if turn:
                seconds.append(time.perf_counter() - start)
        by_batch[batch] = statistics.median(seconds) / row.batch
    np.savez(task.folder / "yuzu_peer.npz", scores=scores.transpose(0, 2, 1))
    best = min(by_batch, key=by_batch.get)
    return {
        "seconds": by_batch[best],
        "batch": best,
        "precompute_seconds": precompute_seconds,
        "alpha": float(precomputed.alpha),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(measure(Task.load(sys.argv[1]))))
