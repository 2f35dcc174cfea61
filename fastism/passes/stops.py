"""Why locality ends at a node: the sentences that `segment` writes, and what kind each is of.

A stop is kept in the IR as its sentence alone, so that a dump reads as prose; the kind is told from
the sentence again.
"""

from __future__ import annotations

from typing import Final

from fastism.ir.graph import Node

NAMED: Final = "named as a stop layer"
MEETS: Final = "meets a value that is changed everywhere"
LARGE: Final = "brings in large numbers, whose differences lose the smaller ones"

STOP_KINDS: Final = ("user", "cost", "unknown", "meets", "numbers", "mixes")
"""The kinds of `kind_of_stop`."""

_DEAR: Final = "cost more than the whole value"
_NO_RULE: Final = ("has no rule for windows", "fastism has no window rule for it")


def dear(width: int, length: int) -> str:
    """A window that is not worth following."""
    return f"windows of {width:,} in {length:,} positions {_DEAR}"


def no_rule(op: str) -> str:
    """An op that no propagation rule writes on windows."""
    return f"{op} {_NO_RULE[0]}"


def kind_of_stop(node: Node) -> str:
    """What kind of stop a node is; the node carries one.

    ``user`` (named), ``cost``, ``unknown`` (an op without a rule, or a layer that Keras runs),
    ``meets`` (a value changed everywhere), ``numbers`` (too large for differences), or ``mixes``
    (the op reads all positions).
    """
    stop = node.stop or ""
    if stop.endswith(_DEAR):
        return "cost"
    if stop in (known := {NAMED: "user", MEETS: "meets", LARGE: "numbers"}):
        return known[stop]
    return "unknown" if node.op == "opaque" or stop.endswith(_NO_RULE) else "mixes"
