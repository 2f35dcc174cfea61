"""How many of the multiply-adds that a plan needs are with an exact zero, and left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastism.backends import native
from fastism.backends.auto import BY_TENSORFLOW, FUSED
from fastism.backends.native.emit import native_graph
from fastism.backends.native.machine import host
from fastism.backends.native.program import Native
from fastism.checking.baseline import FloatArray
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.runtime.plan import Plan

SITES = 24
"""Neighbouring sites that are looked at: as many as share tiles, and a few more."""


def share_left_out(plan: Plan, x: FloatArray) -> float:
    """The share of needed multiply-adds that are with zero and are not done.

    Of sites in the middle of the first sequence of ``x``. Graphs that run in TensorFlow leave
    nothing out.
    """
    functions: dict[str, Native] = {}

    def emit(module: Module) -> Mapping[str, Any]:
        for graph in module.graphs[1:]:
            by_tensorflow = [graph.attributes.get(way.option) for way in (BY_TENSORFLOW, FUSED)]
            function = native_graph(module, graph, plan.opaque, host(), tally=True)
            if isinstance(function, Native) and not any(by_tensorflow):
                functions[graph.name] = function
        return {**native.emit(module, plan.opaque), **functions}

    counting = plan.run_by("native", emit)
    middle, letters = len(plan.executor.starts) // 2, len(plan.alternatives)
    chosen = np.arange(len(plan.executor.starts))[max(middle - SITES // 2, 0) :][:SITES]
    site, alternative = np.repeat(chosen, letters), np.tile(np.arange(letters), len(chosen))
    counting.score_items(x[:1], np.zeros_like(site), site, alternative)
    needed = left_out = 0.0
    for group in counting.executor.groups:
        function = functions.get(group.graph.name)
        counted = {} if function is None else function.multiplied
        items = int(np.isin(group.sites, chosen).sum())
        for node in group.graph.nodes:
            macs = items * definition(node.op).macs(node, group.graph.types(node.inputs))
            done, there = counted.get(node.name, (0, 0))
            needed += macs
            left_out += macs * (1 - done / there) if there else 0.0
    return left_out / needed
