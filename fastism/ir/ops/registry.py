"""Op definitions and the table that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from fastism.errors import VerifyError
from fastism.ir.graph import Attribute, Node
from fastism.ir.types import TensorType
from fastism.ir.windows import Relation, Whole

Types: TypeAlias = tuple[TensorType, ...]
Roles: TypeAlias = Mapping[str, TensorType]

REQUIRED: Final = "<required>"
"""Default of an attribute that has none."""


def _unknown(node: Node, types: Types) -> tuple[Relation, ...]:
    return tuple(Whole("fastism has no window rule for it") for _ in types)


def _free(node: Node, types: Types) -> int:
    return 0


@dataclass(frozen=True)
class OpDefinition:
    """What the compiler knows of an op. Only ``infer`` is obligatory: unknown is slow, never wrong.

    name: as printed.
    infer: (node, input types, constant types by role) to result types; raises ValueError.
    arity: how many inputs; None for any number from one up.
    attributes: name to default, or REQUIRED.
    roles: constants it may hold; those in ``required`` it must.
    relation: (node, input types) to one relation an input.
    linear: the op without its bias applies to a delta.
    pull: (node) to the same node with no padding, for running it on a window of inputs; None if
        the op cannot run on a window.
    total: a finite input has a finite result. Where that is not sure, the runtime looks at the
        reference, since an infinite number has no differences.
    fill: what the op takes a position outside the input to be.
    macs: (node, input types) to multiply-adds a batch entry.
    together: roles of the site tables that all pairs of a call agree in: the runtime sees to it.
    stages: "source" (the model's own ops), "imported" (gone once canonical), "call" (gone once
        flat), "intout" or "propagation" (made by split).
    """

    name: str
    infer: Callable[[Node, Types, Roles], Types]
    arity: int | None = 1
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    relation: Callable[[Node, Types], tuple[Relation, ...]] = _unknown
    linear: bool = False
    pull: Callable[[Node], Node] | None = None
    total: bool = True
    fill: float = 0.0
    macs: Callable[[Node, Types], int] = _free
    together: tuple[str, ...] = ()
    stages: str = "source"


_TABLE: dict[str, OpDefinition] = {}


def register(op: OpDefinition) -> OpDefinition:
    """Add an op to the table. Raises VerifyError if its name is taken."""
    if op.name in _TABLE:
        raise VerifyError(f"op {op.name!r} is registered already", attempt="choose another name")
    _TABLE[op.name] = op
    return op


def definition(name: str) -> OpDefinition:
    """The definition of an op. Raises VerifyError for a name that is not registered."""
    try:
        return _TABLE[name]
    except KeyError:
        raise VerifyError(
            f"there is no op {name!r}",
            why="an op must be registered before a graph may use it",
            attempt="fastism.ir.ops.register(OpDefinition(...)); see examples/custom_op.py",
        ) from None


def names() -> tuple[str, ...]:
    """Every registered op."""
    return tuple(_TABLE)
