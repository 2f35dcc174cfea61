"""Move element-wise functions in front of a flatten: locality lasts until the dense layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastism.ir.graph import Node, Rewritten
from fastism.passes.canonicalization.scope import Scope, is_function


def flatten_last(node: Node, scope: Scope) -> Rewritten:
    """``relu(flatten(x))`` becomes ``flatten(relu(x))``, for any chain of element-wise functions.

    Before::

        %flat : f32[N,60]   = flatten(%pool)
        %act  : f32[N,60]   = relu(%flat)

    After::

        %act  : f32[N,20,3] = relu(%pool)
        %flat : f32[N,60]   = flatten(%act)

    The chain ends at a value that is an output or has several users, so nothing is computed twice.
    A scale and shift stays behind: flat, each of its channels is one channel of one position.
    """
    if node.op == "flatten":
        source = scope.graph.values[node.inputs[0]]
        moved: list[Node] = []
        for step in _chain(node, scope):
            result = replace(step.result, type=step.type.with_shape(*source.type.shape))
            moved.append(step.replace(inputs=(source.name,), results=(result,)))
            source = result
        flat = replace(node.result, type=source.type.with_shape(*node.type.shape))
        return (*moved, node.replace(inputs=(source.name,), results=(flat,)))
    before = scope.graph.producers.get(node.inputs[0])
    if before is not None and before.op == "flatten" and node.name in _names(before, scope):
        return before.result.name
    return node


def _chain(flatten: Node, scope: Scope) -> Iterator[Node]:
    """The element-wise functions behind a flatten, up to a value that someone else reads too."""
    value = flatten.result.name
    while value not in scope.graph.outputs and len(scope.graph.users[value]) == 1:
        (user,) = scope.graph.users[value]
        if not is_function(user):
            return
        yield user
        value = user.result.name


def _names(flatten: Node, scope: Scope) -> set[str]:
    return {step.name for step in _chain(flatten, scope)}
