"""What the compiler found out about a model, as metadata that viewers such as Netron show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx

from fastism.ir.graph import Node, Value
from fastism.ir.module import Module
from fastism.ir.printer import change_text, interval_text, need_text
from fastism.ir.program import EDIT
from fastism.ir.ranges import IntArray, Interval

PREFIX = "fastism."
"""Every key starts with it."""


def set_metadata(proto: Any, facts: Mapping[str, object]) -> None:
    """Replace the metadata of a model, graph, node or value; facts that are None are left out."""
    known = {f"{PREFIX}{key}": str(fact) for key, fact in facts.items() if fact is not None}
    del proto.metadata_props[:]
    onnx.helper.set_metadata_props(proto, known)


def metadata(proto: Any) -> dict[str, str]:
    """The facts on a model, graph, node or value, by key."""
    return {p.key.removeprefix(PREFIX): p.value for p in proto.metadata_props}


class Annotations:
    """What is known of an annotated graph, said on it and on the graphs made from it.

    A value of a propagation graph is named after the value of the model it is made for,
    ``conv1d.delta:2`` after ``conv1d``, and says what is known of that. Ranges are worked out at
    one site: the middle one of ``chosen`` (indices of the sites a graph is for), or of all.
    """

    def __init__(self, module: Module, chosen: IntArray | None = None) -> None:
        self._source = module.main
        self._sites = module.sites
        self._edited = module.seq_input
        count = len(module.sites) if module.sites is not None else 0
        self._all = chosen is None
        self._chosen = np.arange(count) if chosen is None else chosen

    @property
    def where(self) -> str | None:
        """The sites a propagation graph is for, in words; None of a graph that is for all."""
        if self._all or self._sites is None or not len(self._chosen):
            return None
        starts, width = self._sites.array[self._chosen], self._sites.width
        extent = interval_text(Interval(int(starts.min()), int(starts.max()) + width))
        return f"{len(starts)} of {len(self._sites)}, in {extent}"

    def on_node(self, made: onnx.NodeProto, node: Node) -> None:
        """op, of, layer, kind, segment, mode, stop, the ranges of the (first) result, sites."""
        source = self._value(node.results[0].name)
        known = self._source.producers.get(source.name, node) if source else node
        origin = node.origin or known.origin
        facts = {
            "op": node.op,
            "of": source.name if source and source.name != node.results[0].name else None,
            "layer": origin.layer if origin else None,
            "kind": origin.kind or None if origin else None,
            "segment": known.segment,
            "mode": known.mode,
            "stop": known.stop,
            **self._ranges(source),
            "sites": self.where,
        }
        set_metadata(made, facts)
        made.doc_string = node_text(facts)

    def on_value(self, declared: onnx.ValueInfoProto, value: Value) -> None:
        """The type, what it is of, and the ranges."""
        source = self._value(value.name)
        of = source.name if source and source.name != value.name else None
        facts = {"type": value.type, "of": of, **self._ranges(source)}
        set_metadata(declared, facts)
        declared.doc_string = value_text(facts)

    def _value(self, name: str) -> Value | None:
        """The value of the model that a value of a graph made from it stands for."""
        if name == EDIT:
            name = self._edited
        while name and name not in self._source.values:
            name = name.rpartition(".")[0]
        return self._source.values.get(name)

    def _ranges(self, value: Value | None) -> dict[str, object]:
        """change, change_at (the worked site's interval), need."""
        facts: dict[str, object] = {}
        if value is not None and value.change is not None:
            facts["change"] = change_text(value.change.take(self._chosen))
            if self._sites is not None and len(self._chosen):
                middle = int(self._chosen[len(self._chosen) // 2])
                interval = interval_text(*value.change.at(middle))
                facts["change_at"] = f"{self._sites.starts[middle]}:{interval}"
        if value is not None and value.need is not None:
            facts["need"] = need_text(value.need, value.type.length)
        return facts


def value_text(facts: Mapping[str, object]) -> str:
    """``f32[N,40,6] change=5 @20:[18,23) need=all``, as the IR prints it; ``of`` comes second."""
    parts = [str(facts["type"])]
    if facts.get("of") is not None:
        parts.append(f"of %{facts['of']}")
    if "change" in facts:
        parts.append(f"change={facts['change']}")
        if facts["change"] not in ("none", "all") and "change_at" in facts:
            parts.append(f"@{facts['change_at']}")
    if "need" in facts:
        parts.append(f"need={facts['need']}")
    return " ".join(parts)


_MODES = {
    "reference": "not run for a mutation: the edit does not reach it, or no output sees it",
    "delta": "only its change is computed, on a window",
    "exit": "from the change on a window to a whole value",
    "whole": "run whole for every mutation",
}


def node_text(facts: Mapping[str, object]) -> str:
    """A sentence or two on how a node runs, and why locality ends there if it does."""
    if facts["mode"] is None:
        return ""
    text = f"segment {facts['segment']}, {facts['mode']}: {_MODES[str(facts['mode'])]}"
    return f"{text}. Locality ends here: {facts['stop']}." if facts["stop"] else f"{text}."
