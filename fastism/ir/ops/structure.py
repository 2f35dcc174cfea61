"""Ops that stand for something else: no-ops at prediction time, nested models, opaque layers."""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.ops.pointwise import local, same_type
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Products, Roles, Types, register
from fastism.ir.windows import Relation, Whole


def as_stated(node: Node, types: Types, roles: Roles) -> Types:
    """The results are what the node says: there is nothing to infer them from."""
    return tuple(value.type for value in node.results)


IDENTITIES = ("identity", "dropout", "gaussian_noise", "gaussian_dropout", "spatial_dropout")
"""Ops that return their input at prediction time; the canonicalize pass removes them."""

for _name in IDENTITIES:
    register(
        OpDefinition(
            _name,
            same_type,
            summary="its input, at prediction time",
            attributes={"rate": 0.0},
            relation=local,
            linear=True,
            identity=True,
            elementwise=True,
            light=True,
            stages="imported",
        )
    )
register(
    OpDefinition(
        "call",
        as_stated,
        arity=None,
        attributes={"graph": REQUIRED},
        summary="the outputs of another graph of the module: a nested model",
        stages="call",
    )
)


def _opaque_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    why = node.attributes.get("why") or "fastism has no window rule for it"
    return tuple(Whole(str(why)) for _ in types)


def _opaque_macs(node: Node, types: Types) -> int:
    positions = max([t.length for t in types if t.rank >= 3], default=1)
    return positions * node.integer("weights")


# The live layer runs it; `key` names the layer among the module's opaque layers, `why` is why it
# ends locality. Its cost is a guess: each of its `weights` once a position.
register(
    OpDefinition(
        "opaque",
        as_stated,
        arity=None,
        summary="a live layer, run whole by its own framework",
        attributes={"key": REQUIRED, "why": None, "weights": 0},
        relation=_opaque_relation,
        size="own",
        products=Products(_opaque_macs),
        live=True,
    )
)
