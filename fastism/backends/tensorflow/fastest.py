"""Which form of a node is the fastest here: timed, and kept by what the node computes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Final

import numpy as np
import tensorflow as tf

from fastism import caching
from fastism.backends.cpu import cpu
from fastism.backends.tensorflow.devices import conditions
from fastism.backends.tensorflow.emit import Program
from fastism.backends.tensorflow.forms import OPTION, serving
from fastism.backends.tensorflow.registry import Pool, Tensor
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.place import Place
from fastism.ir.program import Chunks
from fastism.ir.types import NUMPY_DTYPES

SECONDS: Final = 1.0
"""How long the forms of a graph's nodes are timed, at most: those with most to do come first."""
RUNS: Final = 4
CLEARLY: Final = 0.9
"""A form is taken in place of the usual one only if it takes this share of its time."""
MULTIPLIED: Final = 5e8
"""Multiply-adds of a run that is timed: some ten milliseconds."""
KIND: Final = "forms"


def fastest(module: Module, graph: Graph) -> Mapping[str, tuple[str, ...]]:
    """The option by which every node of a scheduled graph runs in its fastest form; {} for none.

    A node whose usual form is not clearly beaten, or that was not timed in time, is not in it.
    """
    deadline = time.perf_counter() + SECONDS
    items, entries = Chunks.of(Place(module, graph)).items, []
    nodes = [node for node in graph.nodes if len(serving(graph, node)) > 1]
    for node in sorted(nodes, key=lambda node: -_multiplied(graph, node)):
        key = _key(graph, node)
        form = (caching.found(KIND, key) or b"").decode()
        if form not in serving(graph, node):
            if time.perf_counter() > deadline:
                continue
            form = _timed(module, graph, node, items)
            caching.keep(KIND, key, form.encode())
        if form != serving(graph, node)[0]:
            entries.append(f"{node.name}:{form}")
    return {OPTION: tuple(entries)} if entries else {}


def _timed(module: Module, graph: Graph, node: Node, items: int) -> str:
    """The fastest form of a node, the usual one unless it is clearly beaten: run in turns."""
    usual, *others = serving(graph, node)
    alone = graph.replace(
        name=f"{graph.name}.{node.name}",
        inputs=tuple(graph.values[name] for name in node.inputs),
        nodes=(node,),
        outputs=(node.result.name,),
    )
    pool = Pool(module.with_graphs([alone]))
    programs = {
        form: Program(alone, {}, pool, forms={node.name: form}) for form in (usual, *others)
    }
    count = min(items, max(1, int(MULTIPLIED / max(_multiplied(graph, node), 1))))
    given = [_random(value.type.shape, value.type.dtype, count) for value in alone.inputs]
    taken = dict.fromkeys(programs, np.inf)
    for run in range(1 + RUNS):
        for form, program in programs.items():
            start = time.perf_counter()
            program(*given)[0].numpy()
            if run:  # the first one traces
                taken[form] = min(taken[form], time.perf_counter() - start)
    best = min(taken, key=lambda form: taken[form])
    return best if taken[best] < CLEARLY * taken[usual] else usual


def _random(shape: tuple[int | str, ...], dtype: str, items: int) -> Tensor:
    extents = [dim if isinstance(dim, int) else items for dim in shape]
    values = np.random.default_rng(0).standard_normal(extents)
    return tf.constant(values.astype(NUMPY_DTYPES[dtype]))


def _multiplied(graph: Graph, node: Node) -> int:
    return definition(node.op).macs(node, tuple(graph.types(node.inputs)))


def _key(graph: Graph, node: Node) -> str:
    """The name of what is kept for a node's computation, on this machine and these versions."""
    types = [str(type) for type in (*graph.types(node.inputs), node.type)]
    what = [node.op, dict(node.attributes), types]
    text = json.dumps([what, cpu(), conditions()])
    return hashlib.sha256(text.encode()).hexdigest()
