"""A value of few changed positions, all of which a pooled vector scales or shifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastism.ir.analysis import EVERYWHERE, NOWHERE, SOMEWHERE
from fastism.passes.canonicalization.scope import Scope

SCALES = ("multiply", "divide")
SHIFTS = ("add", "subtract")
POOLS = {"global_average_pool", "global_sum_pool", "global_max_pool"}


@dataclass(frozen=True)
class Spread:
    """``op(local, vector)``: squeeze and excite, a global context that is added.

    local: the name of a value (N, L, C) that an edit changes on a window, or another spread.
    vector: the name of a value (N, 1, C) or (N, 1, 1) that an edit changes.
    """

    op: str
    local: str
    vector: str

    @property
    def scales(self) -> bool:
        """Whether the vector is a factor, not a term."""
        return self.op in SCALES


def spread(name: str, scope: Scope) -> Spread | None:
    """What a value is spread from, if it is, and if one node alone reads it, or pools do."""
    node = scope.producer(name)
    if node is None or node.op not in SCALES + SHIFTS or len(node.inputs) != 2:
        return None
    if node.type.rank != 3 or not (scope.alone(name) or _pooled(name, scope)):
        return None
    turned = node.inputs[::-1] if node.op in ("multiply", "add") else node.inputs
    for local, other in (node.inputs, turned):
        vector = once(other, scope)
        meets = scope.type(vector).length == 1 < node.type.length
        reached = scope.reach.get(vector, EVERYWHERE) != NOWHERE
        if meets and reached and scope.type(local) == node.type and follows(local, scope):
            return Spread(node.op, local, vector)
    return None


def _pooled(name: str, scope: Scope) -> bool:
    """Whether only global pools read a value, each of which takes it apart for itself."""
    users = scope.graph.users.get(name, ())
    return name not in scope.graph.outputs and {user.op for user in users} <= POOLS


def follows(name: str, scope: Scope) -> bool:
    """Whether a value is followed on windows, but for pooled vectors that are spread over it."""
    return scope.reach.get(name, SOMEWHERE) == SOMEWHERE or spread(name, scope) is not None


def once(name: str, scope: Scope) -> str:
    """A vector (N, 1, C), if the value is copies of it."""
    node = scope.producer(name)
    copied = node is not None and node.op == "upsample" and scope.type(node.inputs[0]).length == 1
    return node.inputs[0] if node is not None and copied else name


NEVER_NEGATIVE = (
    *("sigmoid", "hard_sigmoid", "softmax", "exponential", "softplus", "relu6"),
    *("square", "absolute", "positive", "sqrt"),
)
KEEPS_SIGN = (
    *("reshape", "flatten", "permute", "upsample", "slice", "slice_channels", "crop", "zero_pad"),
    *("global_average_pool", "global_sum_pool", "global_max_pool", "average_pool", "max_pool"),
    *("add", "average", "multiply", "divide", "maximum", "minimum", "concatenate", "cast"),
    *("channel_sum", "channel_max"),
)


def never_negative(name: str, scope: Scope) -> bool:
    """Whether it can be told from the ops alone that a value has no number below zero."""
    node = scope.producer(name)
    if node is None:
        return False
    if node.op == "relu":
        return node.number("negative_slope") == 0.0 <= node.number("threshold")
    if node.op == "scale_shift":
        parts = [scope.data(node, role) for role, _ in node.constants]
        if not all(part is None or not np.any(np.signbit(part)) for part in parts):
            return False
    elif node.op not in KEEPS_SIGN:
        return node.op in NEVER_NEGATIVE
    return all(never_negative(source, scope) for source in node.inputs)
