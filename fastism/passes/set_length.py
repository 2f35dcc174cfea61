"""Set length: the same model over sequences of another length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from fastism.errors import PassError, VerifyError
from fastism.ir.builder import infer
from fastism.ir.graph import Node
from fastism.ir.module import Module, Sites
from fastism.ir.types import TensorType
from fastism.passes.base import Pass
from fastism.passes.registry import register_pass


@register_pass
@dataclass(frozen=True)
class SetLength(Pass):
    """Give the edited input, and inputs as long as it, another length; types follow from there.

    Before::

        graph @main(%seq: f32[N,600,4]) {
          %conv : f32[N,582,300] = conv1d(%seq) {width=19} @conv.kernel#5be1

    After ``set-length{length=1000}``::

        graph @main(%seq: f32[N,1000,4]) {
          %conv : f32[N,982,300] = conv1d(%seq) {width=19} @conv.kernel#5be1

    Attributes and weights stay as they are. Sites that were every position are every position
    again; others stay. Raises PassError at a layer that fixes the length (a dense layer behind a
    flatten, a weight for every position, a live layer), and where a site falls
    outside.

    length: positions of the sequence.
    """

    name: ClassVar[str] = "set-length"
    requires: ClassVar[tuple[str, ...]] = ("flat",)

    length: int

    def run(self, module: Module) -> Module:
        graph = module.main
        before = graph.values[module.seq_input].type.length
        inputs = tuple(
            replace(value, type=value.type.with_length(self.length))
            if value.type.rank >= 3 and value.type.length == before
            else value
            for value in graph.inputs
        )
        types = {value.name: value.type for value in inputs}
        nodes = []
        for node in graph.nodes:
            node = self._node(module, node, types)
            types.update((value.name, value.type) for value in node.results)
            nodes.append(node)
        sites = None if module.sites is None else self._sites(module.sites, before)
        main = graph.replace(inputs=inputs, nodes=tuple(nodes))
        longer = {v.name for v in inputs if v.type != graph.values[v.name].type}
        taken = tuple(
            given.with_length(before, self.length) if given.name in longer else given
            for given in module.inputs
        )
        return module.replace(graphs=(main,), sites=sites, inputs=taken)

    def _node(self, module: Module, node: Node, types: dict[str, TensorType]) -> Node:
        """The node with the result types that follow from those of its inputs."""
        read, known = [types[name] for name in node.inputs], module.main.types(node.inputs)
        if tuple(read) == known:
            return node
        try:
            if node.op == "opaque":
                raise VerifyError("opaque", why="it is run live, and gives what its own code says")
            node = _reshaped(node, known[0].length, read[0].length)
            results = infer(node, read, module.constant_types(node))
        except VerifyError as error:
            layer = node.origin.layer if node.origin else node.name
            raise PassError(
                f"the layer {layer!r} fixes the length of the input",
                why=error.why,
                attempt="a model that takes this length, compiled: "
                f"fastism compile {module.model or 'MODEL'} --length {self.length} -o plan/",
            ) from error
        values = zip(node.results, results, strict=True)
        return node.replace(results=tuple(replace(value, type=type) for value, type in values))

    def _sites(self, sites: Sites, before: int) -> Sites:
        if sites == Sites.every(before, sites.width):
            return Sites.every(self.length, sites.width)
        last = max(sites.starts) + sites.width
        if last > self.length:
            raise PassError(f"a site reaches to {last:,}, and the input would have {self.length:,}")
        return sites


def _reshaped(node: Node, before: int, after: int) -> Node:
    """A reshape that keeps its positions on an axis of their own keeps as many as there are."""
    shape = node.attributes.get("shape")
    if node.op != "reshape" or not isinstance(shape, tuple) or shape.count(before) != 1:
        return node
    return node.with_attributes(shape=tuple(after if dim == before else dim for dim in shape))
