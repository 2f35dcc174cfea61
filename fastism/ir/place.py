"""The place a check of the verifier looks at, and the error it raises there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from fastism.errors import VerifyError
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.printer import excerpt


@dataclass(frozen=True)
class Place:
    """The place a check looks at, and how it is shown when the check fails."""

    module: Module
    graph: Graph
    node: Node | None = None

    def refuse(
        self, what: str, why: str, attempt: str | None = None, *, part: str = ""
    ) -> NoReturn:
        """Raise VerifyError; ``what`` follows the name of the layer or graph.

        ``part`` is what of the node or graph is at fault, as in `VerifyError`.
        """
        where = [self.module.model] if self.module.model else []
        where.append(f"stage {self.module.stage}, graph @{self.graph.name}")
        context, subject, index = None, f"graph @{self.graph.name}", None
        if self.node is not None:
            index = next(i for i, node in enumerate(self.graph.nodes) if node is self.node)
            where.append(f"node {index + 1} of {len(self.graph.nodes)}")
            context = excerpt(self.graph, index, self.module.constants)
            origin = self.node.origin
            subject = f"layer {origin.layer!r}" if origin else f"node %{self.node.name}"
        error = VerifyError(
            f"{subject} {what}", where=", ".join(where), context=context, why=why, attempt=attempt
        )
        graphs = enumerate(self.module.graphs)
        error.graph = next((number for number, graph in graphs if graph is self.graph), None)
        error.node, error.part = index, part
        raise error


def twice(names: Iterable[str]) -> str | None:
    """A name that occurs more than once, if there is one."""
    return next((name for name, count in Counter(names).items() if count > 1), None)
