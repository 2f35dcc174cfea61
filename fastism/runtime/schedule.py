"""Change the schedule of a scheduled module, and bound it by memory."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fastism.ir.graph import Attribute
from fastism.ir.module import Module


def rescheduled(module: Module, changes: Mapping[str, Mapping[str, Attribute]]) -> Module:
    """The module with some attributes of its propagation graphs changed, by graph name.

    ``items`` and ``bytes`` follow ``pairs``.
    """
    graphs = []
    for graph in module.graphs:
        attributes = dict(graph.attributes)
        if graph.name in changes:
            before, attributes = graph.attributes, {**attributes, **changes[graph.name]}
            for key in ("items", "bytes"):
                attributes[key] = (
                    _number(before[key]) // _number(before["pairs"]) * _number(attributes["pairs"])
                )
        graphs.append(graph.replace(attributes=attributes))
    return module.with_graphs(graphs)


def _number(attribute: Attribute) -> int:
    assert isinstance(attribute, int)
    return attribute


def default_memory() -> int:
    """A quarter of the memory that is free now, in bytes."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not on this platform
        return 1 << 30
    return max(int(free) // 4, 1 << 28)
