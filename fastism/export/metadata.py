"""What the compiler found out about a model, as metadata that viewers such as Netron show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx

from fastism.ir.graph import Node, Value
from fastism.ir.module import Sites
from fastism.ir.printer import change_text, interval_text, need_text

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


@dataclass(frozen=True)
class Annotations:
    """The facts of annotated values and segmented nodes; ranges are worked out at one site."""

    sites: Sites | None

    def of_value(self, value: Value) -> dict[str, object]:
        """change, change_at (the worked site's interval), need; and the type."""
        facts: dict[str, object] = {"type": value.type}
        if value.change is not None:
            facts["change"] = change_text(value.change)
            if self.sites is not None and len(self.sites):
                middle = len(self.sites) // 2
                interval = interval_text(*value.change.at(middle))
                facts["change_at"] = f"{self.sites.starts[middle]}:{interval}"
        if value.need is not None:
            facts["need"] = need_text(value.need, value.type.length)
        return facts

    def of_node(self, node: Node) -> dict[str, object]:
        """op, layer, kind, segment, mode, stop; and the ranges of the (first) result."""
        origin = node.origin
        ranges = self.of_value(node.results[0])
        ranges.pop("type")
        return {
            "op": node.op,
            "layer": origin.layer if origin else None,
            "kind": origin.kind or None if origin else None,
            "segment": node.segment,
            "mode": node.mode,
            "stop": node.stop,
            **ranges,
        }


def value_text(facts: Mapping[str, object]) -> str:
    """``f32[N,40,6] change=5 @20:[18,23) need=all``, as the IR prints it."""
    parts = [str(facts["type"])]
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
