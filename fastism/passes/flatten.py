"""Inline nested models: many graphs become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
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

    - Names become paths of calls; origins are paths from the model down already.
    - A layer used twice is two nodes that name the same constants.
    - Nodes and constants that no output of the model depends on are dropped.
    """

    name: ClassVar[str] = "flatten"
    requires: ClassVar[tuple[str, ...]] = ("imported", "flat")
    produces: ClassVar[str | None] = "flat"

    def run(self, module: Module) -> Module:
        builder = GraphBuilder("main", dict(module.constants))
        inputs = [builder.input(value.name, value.type) for value in module.main.inputs]
        outputs = _Inliner(module, builder).inline(module.main, inputs, "")
        return module.with_graphs([builder.finish(outputs).prune()]).used_constants()


@dataclass(frozen=True)
class _Inliner:
    module: Module
    builder: GraphBuilder

    def inline(self, graph: Graph, arguments: Sequence[str], prefix: str) -> tuple[str, ...]:
        """Append the nodes of ``graph`` under ``prefix``; returns its outputs' new names."""
        renamed = dict(zip((v.name for v in graph.inputs), arguments, strict=True))
        for node in graph.nodes:
            inputs = tuple(renamed[name] for name in node.inputs)
            if node.op == "call":
                callee = self.module.graph[str(node["graph"])]
                results = self.inline(callee, inputs, f"{prefix}{node.name}/")
            else:
                results = self._append(node.replace(inputs=inputs), prefix)
            renamed.update(zip((v.name for v in node.results), results, strict=True))
        return tuple(renamed[name] for name in graph.outputs)

    def _append(self, node: Node, prefix: str) -> tuple[str, ...]:
        unique = self.builder.unique
        results = tuple(replace(v, name=unique(prefix + v.name)) for v in node.results)
        self.builder.append(node.replace(name=unique(prefix + node.name), results=results))
        return tuple(value.name for value in results)
