"""Op definitions and the table that holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

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


def by_channels(node: Node, types: Types) -> tuple[int, int]:
    """A kernel from the channels of the first input to those of the result."""
    return types[0].channels, node.results[0].type.channels


@dataclass(frozen=True)
class Products:
    """The matrix products an op does.

    macs: (node, input types) to multiply-adds a batch entry.
    kernel: (node, input types) to rows and columns of the matrix that it multiplies by: products
    with few of either run below the machine's peak.
    """

    macs: Callable[[Node, Types], int]
    kernel: Callable[[Node, Types], tuple[int, int]] = by_channels


@dataclass(frozen=True)
class OpDefinition:
    """What the compiler knows of an op. Only ``infer`` is obligatory: unknown is slow, never wrong.

    name: as printed.
    infer: (node, input types, constant types by role) to result types; raises ValueError.
    arity: how many inputs; None for any number from one up.
    attributes: name to default, or REQUIRED.
    roles: constants it may hold; those in ``required`` it must.
    summary: what it computes, in a line: docs/ops.md is made of it.
    stages: "source" (the model's own ops), "imported" (gone once canonical), "call" (gone once
        flat), "intout" or "propagation" (made by split).

    How a change passes it:

    relation: (node, input types) to one relation an input.
    pull: (node) to the same node with no padding, for running it on a window of inputs; None if
        the op cannot run on a window.
    fill: what the op takes a position outside the input to be.
    linear: the op without its bias applies to a delta.
    moves: it only moves numbers, so that of a delta it loses nothing.
    in_order: it moves numbers and keeps their order: where it keeps the type it does nothing.
    identity: it returns its input at prediction time, whatever it does in training.
    elementwise: an entry of the result is made of the same entry of every input, whatever the axes.
    along_channels: it does to the last axis at every position what it does to a lone vector.
    monotone: for positive weights and inputs it grows strictly in every input that it reads.

    What becomes of large numbers:

    total: a finite input has a finite result. Where that is not sure, the runtime looks at the
        reference, since an infinite number has no differences.
    size: "truth" where it makes zeros and ones of whatever it reads, "kept" where of zeros, ones
        and small counts it makes such, "own" where its results are of a size of their own.
    lets_in: how much of a constant input an edit can let in or shut out: "all" of it, as a choice
        does, "part", as a factor does, or "none", as a term does.
    factors: roles of the constants it multiplies by; None for any that it holds.

    What it costs beside the bytes it reads and writes, which alone count unless there is more:

    products: its matrix products.
    light: a loop over elements, which may run as one with the loops before and behind it. Without
        it an op is run by itself.
    live: a layer of the user's own framework runs it, ``key`` says which.
    together: roles of the site tables that all pairs of a call agree in: the runtime sees to it.
    """

    name: str
    infer: Callable[[Node, Types, Roles], Types]
    arity: int | None = 1
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    summary: str = ""
    stages: str = "source"
    relation: Callable[[Node, Types], tuple[Relation, ...]] = _unknown
    pull: Callable[[Node], Node] | None = None
    fill: float = 0.0
    linear: bool = False
    moves: bool = False
    in_order: bool = False
    identity: bool = False
    elementwise: bool = False
    along_channels: bool = False
    monotone: bool = False
    total: bool = True
    size: Literal["truth", "kept", "own"] = "kept"
    lets_in: Literal["all", "part", "none"] = "all"
    factors: tuple[str, ...] | None = None
    products: Products | None = None
    light: bool = False
    live: bool = False
    together: tuple[str, ...] = ()

    @property
    def by_position(self) -> bool:
        """Whether it does to every position what it does to a value without positions."""
        return self.elementwise or self.along_channels

    def macs(self, node: Node, types: Types) -> int:
        """Multiply-adds a batch entry, given the types of the inputs."""
        return self.products.macs(node, types) if self.products else 0


_TABLE: dict[str, OpDefinition] = {}


def register(op: OpDefinition) -> OpDefinition:
    """Add an op to the table. Raises VerifyError if its name is taken, or what it says disagrees.

    An op without a word about cost is taken to move its bytes only, by itself.
    """
    if op.name in _TABLE:
        raise VerifyError(f"op {op.name!r} is registered already", attempt="choose another name")
    fault = _fault(op)
    if fault is not None:
        raise VerifyError(f"what is said of op {op.name!r} disagrees", why=fault)
    _TABLE[op.name] = op
    return op


def _fault(op: OpDefinition) -> str | None:
    """What two traits of an op say against each other."""
    if op.light and (op.products or op.live):
        return "light is a loop over elements, and it has products or a layer to run"
    if op.in_order and not op.moves:
        return "only what moves numbers keeps their order"
    if op.moves and not op.linear:
        return "what only moves numbers is linear: say that too"
    unknown = set(op.factors or ()).union(op.together).difference(op.roles)
    return f"it has no role {sorted(unknown)[0]!r}" if unknown else None


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
