"""Unary ops that treat every position alike: activations, scale and shift, softmax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastism.ir.graph import Attribute, Node
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Roles, Types, register
from fastism.ir.types import TensorType
from fastism.ir.windows import POINTWISE, Relation, Whole


def same_type(node: Node, types: Types, roles: Roles) -> Types:
    """The result has the input's type."""
    return (types[0],)


def local(node: Node, types: Types) -> tuple[Relation, ...]:
    """Each position depends on the same position of each input."""
    return tuple(POINTWISE for _ in types)


def over_channels(node: Node, types: Types) -> tuple[Relation, ...]:
    """Local where the last axis holds channels; an op over a value without positions is whole."""
    return (POINTWISE,) if types[0].rank >= 3 else (Whole("has no sequence axis"),)


def _cast(node: Node, types: Types, roles: Roles) -> Types:
    if node["dtype"] not in ("f32", "f64") or types[0].dtype == "bool":
        raise ValueError(f"casts numbers to f32 or f64, not {types[0].dtype} to {node['dtype']}")
    return (TensorType(str(node["dtype"]), types[0].shape),)


def unchanged(node: Node) -> Node:
    """A pointwise op runs on a window as it is."""
    return node


ACTIVATIONS: dict[str, Mapping[str, Attribute]] = {
    "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
    "elu": {"alpha": 1.0},
    "selu": {},
    "celu": {"alpha": 1.0},
    "gelu": {"approximate": False},
    "silu": {},
    "sigmoid": {},
    "hard_sigmoid": {},
    "hard_silu": {},
    "tanh": {},
    "softplus": {},
    "softsign": {},
    "exponential": {},
    "mish": {},
    "log_sigmoid": {},
    "relu6": {},
    "log": {},
    "log1p": {},
    "expm1": {},
    "absolute": {},
    "square": {},
    "sqrt": {},
    "sin": {},
    "cos": {},
    "reciprocal": {},
    "power": {"exponent": 1.0},
    "tan": {},
    "arctan": {},
    "sinh": {},
    "cosh": {},
    "arcsinh": {},
    "erf": {},
    "clip": {"minimum": None, "maximum": None},
    "positive": {},
    "floor": {},
    "ceil": {},
    "round": {},
}
"""Non-linear functions of one element, with their attributes' defaults."""

PARTIAL = ("log", "log1p", "reciprocal", "sqrt", "power", "exponential", "expm1", "sinh", "cosh")
"""Those of them that are infinite or undefined somewhere, or soon too large for f32."""

SIZES: dict[str, Literal["truth", "kept", "own"]] = {
    "positive": "truth",
    **dict.fromkeys(("absolute", "floor", "ceil", "round"), "kept"),
}
"""Those of them whose results are not of a size of their own."""

GROWING = ("relu", "elu")
"""Those of them that grow with every positive number, however large."""

for _name, _attributes in ACTIVATIONS.items():
    register(
        OpDefinition(
            _name,
            same_type,
            attributes=_attributes,
            relation=local,
            pull=unchanged,
            elementwise=True,
            monotone=_name in GROWING,
            total=_name not in PARTIAL,
            size=SIZES.get(_name, "own"),
            light=True,
        )
    )

for _name in ("softmax", "log_softmax"):
    register(
        OpDefinition(
            _name,
            same_type,
            relation=over_channels,
            pull=unchanged,
            along_channels=True,
            size="own",
            light=True,
        )
    )

register(
    OpDefinition(
        "prelu",
        same_type,
        roles=("alpha",),
        required=("alpha",),
        relation=local,
        pull=unchanged,
        along_channels=True,
        size="own",
        factors=(),
        light=True,
    )
)
register(
    OpDefinition(
        "scale_shift",
        same_type,
        roles=("scale", "shift"),
        relation=local,
        linear=True,
        pull=unchanged,
        along_channels=True,
        monotone=True,
        lets_in="part",
        factors=("scale",),
        light=True,
    )
)
# Linear up to rounding: the cast of a sum is the sum of the casts.
register(
    OpDefinition(
        "cast",
        _cast,
        attributes={"dtype": REQUIRED},
        relation=local,
        linear=True,
        pull=unchanged,
        elementwise=True,
        light=True,
    )
)
