"""Inline nested models: many graphs become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastism.errors import PassError
from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.origin import Origin
from fastism.passes.base import Pass
from fastism.passes.registry import register_pass


@register_pass
@dataclass(frozen=True)
class Flatten(Pass):
    """Replace every ``call`` by the nodes of the graph it calls.

    Before::

        graph @model(%seq: f32[N,600,4]) {
          %encoder   : f32[N,600,8] = call(%seq) {graph=encoder}
          %encoder:2 : f32[N,600,8] = call(%encoder) {graph=encoder}
          return %encoder:2
        }
        graph @encoder(%x: f32[N,600,8]) {
          %act : f32[N,600,8] = relu(%x)
          return %act
        }

    After::

        graph @main(%seq: f32[N,600,4]) {
          %encoder/act   : f32[N,600,8] = relu(%seq)
          %encoder:2/act : f32[N,600,8] = relu(%encoder/act)
          return %encoder:2/act
        }

    - Names are paths of calls; origins are paths of layers, from the model down.
    - A layer used twice is two nodes that name the same constants.
    - Nodes and constants that no output of the model depends on are dropped.
    """

    name: ClassVar[str] = "flatten"
    requires: ClassVar[tuple[str, ...]] = ("imported", "flat")
    produces: ClassVar[str | None] = "flat"

    def run(self, module: Module) -> Module:
        builder = GraphBuilder("main", dict(module.constants))
        inputs = [builder.input(value.name, value.type) for value in module.main.inputs]
        outputs = _Inliner(module, builder).inline(module.main, inputs, ())
        return module.with_graphs([builder.finish(outputs).prune()]).used_constants()


@dataclass(frozen=True)
class _Inliner:
    module: Module
    builder: GraphBuilder

    def inline(
        self, graph: Graph, arguments: Sequence[str], calls: tuple[Node, ...]
    ) -> tuple[str, ...]:
        """Append the nodes of ``graph``, reached by ``calls``; returns its outputs' new names."""
        renamed = dict(zip((v.name for v in graph.inputs), arguments, strict=True))
        for node in graph.nodes:
            inputs = tuple(renamed[name] for name in node.inputs)
            if node.op == "call":
                results = self.inline(self._callee(node, calls), inputs, (*calls, node))
            else:
                results = self._append(node.replace(inputs=inputs), calls)
            renamed.update(zip((v.name for v in node.results), results, strict=True))
        return tuple(renamed[name] for name in graph.outputs)

    def _callee(self, node: Node, calls: tuple[Node, ...]) -> Graph:
        callee = str(node["graph"])
        if any(call["graph"] == callee for call in calls) or callee == self.module.main.name:
            raise PassError(f"graph @{callee} calls itself", where=f"node %{node.name}")
        return self.module.graph[callee]

    def _append(self, node: Node, calls: tuple[Node, ...]) -> tuple[str, ...]:
        prefix = "".join(f"{call.name}/" for call in calls)
        unique = self.builder.unique
        results = tuple(replace(v, name=unique(prefix + v.name)) for v in node.results)
        name, origin = unique(prefix + node.name), _path(node.origin, calls)
        self.builder.append(node.replace(name=name, results=results, origin=origin))
        return tuple(value.name for value in results)


def _path(origin: Origin | None, calls: tuple[Node, ...]) -> Origin | None:
    if origin is None:
        return None
    layers = [call.origin.layer if call.origin else call.name for call in calls]
    return replace(origin, layer="/".join([*layers, origin.layer]))
