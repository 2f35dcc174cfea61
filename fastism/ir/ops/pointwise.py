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

FORMULAS: dict[str, str] = {
    "relu": "`x` above `threshold`, at most `max_value`; `negative_slope (x - threshold)` below",
    "elu": "`x` above zero, `alpha (exp(x) - 1)` below",
    "selu": "`elu` with the alpha and the factor of self-normalizing networks",
    "celu": "`x` above zero, `alpha (exp(x / alpha) - 1)` below",
    "gelu": "`x` times the normal distribution function, or its tanh approximation",
    "silu": "`x sigmoid(x)`",
    "sigmoid": "`1 / (1 + exp(-x))`",
    "hard_sigmoid": "`(x + 3) / 6`, kept within 0 and 1",
    "hard_silu": "`x hard_sigmoid(x)`",
    "tanh": "the hyperbolic tangent",
    "softplus": "`log(1 + exp(x))`",
    "softsign": "`x / (1 + |x|)`",
    "exponential": "`exp(x)`",
    "mish": "`x tanh(softplus(x))`",
    "log_sigmoid": "`log(sigmoid(x))`",
    "relu6": "`x` kept within 0 and 6",
    "log": "the natural logarithm",
    "log1p": "`log(1 + x)`",
    "expm1": "`exp(x) - 1`",
    "absolute": "`|x|`",
    "square": "`x x`",
    "sqrt": "the square root",
    "sin": "the sine",
    "cos": "the cosine",
    "reciprocal": "`1 / x`",
    "power": "`x` to the power of `exponent`",
    "tan": "the tangent",
    "arctan": "the arc tangent",
    "sinh": "the hyperbolic sine",
    "cosh": "the hyperbolic cosine",
    "arcsinh": "the inverse of `sinh`",
    "erf": "the error function",
    "clip": "`x`, at least `minimum` and at most `maximum`, where given",
    "positive": "1 above zero, else 0",
    "floor": "the largest whole number not above `x`",
    "ceil": "the smallest whole number not below `x`",
    "round": "the nearest whole number, of two the even one",
}
"""What they compute."""

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
            summary=FORMULAS[_name],
            relation=local,
            pull=unchanged,
            elementwise=True,
            monotone=_name in GROWING,
            total=_name not in PARTIAL,
            size=SIZES.get(_name, "own"),
            light=True,
        )
    )

for _name, _summary in (
    ("softmax", "`exp(x)` over its sum along the last axis"),
    ("log_softmax", "the logarithm of `softmax`"),
):
    register(
        OpDefinition(
            _name,
            same_type,
            summary=_summary,
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
        summary="`x` above zero, `alpha x` below",
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
        summary="`x scale + shift`, either of which may be left out",
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
        summary="the same numbers as another element type",
        attributes={"dtype": REQUIRED},
        relation=local,
        linear=True,
        pull=unchanged,
        elementwise=True,
        light=True,
    )
)
