"""The pass ``join-smooths``: smoothing twice is one smoothing of two rounds."""

from dataclasses import dataclass
from typing import ClassVar

from fastism.ir import Module
from fastism.passes import Pass, register_pass
from smoothing.ops import SMOOTH


@register_pass
@dataclass(frozen=True)
class JoinSmooths(Pass):
    """Make one node of smooths that follow each other.

    most: the most rounds a node is to do.
    """

    name: ClassVar[str] = "join-smooths"
    requires: ClassVar[tuple[str, ...]] = ("flat", "canonical")

    most: int = 8

    def run(self, module: Module) -> Module:
        seen = {}

        def join(node):
            if node.op != SMOOTH.name:
                return node
            before = seen.get(node.inputs[0])
            if before and before["rounds"] + node["rounds"] <= self.most:
                rounds = before["rounds"] + node["rounds"]
                node = node.with_attributes(rounds=rounds).replace(inputs=before.inputs)
            seen[node.result.name] = node
            return node

        return module.rewrite(join)
