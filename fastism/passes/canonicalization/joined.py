"""A dense layer over joined vectors is a sum of dense layers: flattened windows keep their rows."""

from __future__ import annotations

from itertools import accumulate, pairwise

from fastism.ir.builder import complete
from fastism.ir.graph import Node, Rewritten, Value
from fastism.passes.canonicalization.scope import Scope


def dense_of_joined(node: Node, scope: Scope) -> Rewritten:
    """``dense(concatenate(flatten(x), v))`` becomes ``dense(flatten(x)) + dense(v)``.

    Before::

        %flat  : f32[N,60] = flatten(%pool)
        %both  : f32[N,63] = concatenate(%flat, %vector)
        %dense : f32[N,9]  = dense(%both) @dense.kernel @dense.bias

    After::

        %flat    : f32[N,60] = flatten(%pool)
        %dense.0 : f32[N,9]  = dense(%flat) @dense.kernel.0 @dense.bias
        %dense.1 : f32[N,9]  = dense(%vector) @dense.kernel.1
        %dense   : f32[N,9]  = add(%dense.0, %dense.1)

    Only where a flattened value is joined to others: the join would make the whole of it anew for
    every mutation, its own rows of the kernel read the window alone.
    """
    joined = scope.graph.producers.get(node.inputs[0])
    if node.op != "dense" or node.type.rank != 2 or joined is None or joined.op != "concatenate":
        return node
    sources = [scope.graph.producers.get(name) for name in joined.inputs]
    if not any(source is not None and source.op == "flatten" for source in sources):
        return node
    kernel = scope.data(node, "kernel")
    assert kernel is not None
    widths = [scope.graph.values[name].type.channels for name in joined.inputs]
    others = tuple((role, key) for role, key in node.constants if role != "kernel")
    pieces: list[Node] = []
    for index, (start, stop) in enumerate(pairwise(accumulate(widths, initial=0))):
        name = scope.unique(f"{node.name}.{index}")
        rows = scope.constant(node, f"kernel.{index}", kernel[start:stop])
        pieces.append(
            node.replace(
                name=name,
                inputs=(joined.inputs[index],),
                results=(Value(name, node.type),),
                constants=(("kernel", rows), *(others if index == 0 else ())),
            )
        )
    total = node.replace(
        op="add",
        inputs=tuple(piece.name for piece in pieces),
        attributes=complete("add", {}),
        constants=(),
    )
    return (*pieces, total)
