"""Write the change range and the need range on every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastism.errors import PassError
from fastism.ir.analysis import annotated
from fastism.ir.module import Module
from fastism.passes.base import Pass
from fastism.passes.registry import register_pass


@register_pass
@dataclass(frozen=True)
class Annotate(Pass):
    """Say of every value which positions an edit reaches, and which the outputs still see.

    Before::

        graph @main(%seq: f32[N,600,4]) {
          %conv : f32[N,600,300] = conv1d(%seq) {width=19, pad=same} @conv.kernel#5be1
          %trim : f32[N,200,300] = crop(%conv) {left=200, right=200}
          return %trim
        }

    After::

        graph @main(%seq: f32[N,600,4] change=1 @300:[300,301) need=[191,409)) {
          %conv : f32[N,600,300] change=19 @300:[291,310) need=[200,400) = conv1d(%seq) ...
          %trim : f32[N,200,300] change=19 @300:[91,110)  need=all       = crop(%conv) ...
          return %trim
        }

    Both follow from the ops' window relations alone (`fastism.ir.analysis`). Raises PassError if
    the module does not say where its input is edited.
    """

    name: ClassVar[str] = "annotate"
    requires: ClassVar[tuple[str, ...]] = ("canonical", "annotated")
    produces: ClassVar[str | None] = "annotated"

    def run(self, module: Module) -> Module:
        if module.sites is None:
            raise PassError(
                "the module does not say where its input is edited",
                why="ranges are worked out for each site",
                attempt="--sites 0:600 on the command line; in Python "
                "module.replace(sites=Sites.every(length), seq_input=...)",
            )
        return module.with_graphs(annotated(graph, module) for graph in module.graphs)
