"""A live layer of which its user declared the window: it runs as it is, on windows.

Such a layer pads for itself. It is right on a window of the sequence wherever its results do not
read beyond the window's ends, and where the sequence ends with the window.
"""

from __future__ import annotations

import numpy as np

from fastism.ir.graph import Attribute, Node
from fastism.ir.ops.convolution import output_length, window
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Products, Roles, Types, register
from fastism.ir.ranges import IntArray
from fastism.ir.types import TensorType
from fastism.ir.windows import Relation, Whole, Window


def inputs_inside(
    relation: Window, start: IntArray, width: int, length: int
) -> tuple[IntArray, int]:
    """Windows of the input, none over an edge, on which a layer makes certain results.

    start, width: the results wanted, ``[start, start + width)`` each. Returns the same of the
    inputs. They begin on the stride, and are as long as the whole input modulo the stride, so that
    the layer's own padding falls as it does in the model; result ``o`` of the model is result
    ``o - begin // stride`` of a window.
    """
    stride = relation.stride
    before = -(-relation.pad // stride) * stride
    wanted = (width - 1) * stride + relation.reach - relation.pad + before
    wanted = min(wanted + (length - wanted) % stride, length)
    return np.clip(start * stride - before, 0, length - wanted), wanted


def sequence_type(types: Types) -> TensorType:
    """The type of the first input that has positions. Raises ValueError if none has."""
    for type in types:
        if type.rank >= 3:
            return type
    raise ValueError(f"none of {', '.join(map(str, types))} has positions")


def _result(node: Node, types: Types, roles: Roles) -> Types:
    source, features = sequence_type(types), node["features"]
    assert isinstance(features, tuple)
    tail = (int(str(extent)) for extent in features)
    shape = (source.shape[0], output_length(node, source.length), *tail)
    return (TensorType(str(node["dtype"]), shape),)


def _relation(node: Node, types: Types) -> tuple[Relation, ...]:
    length = sequence_type(types).length
    return tuple(
        window(node, length)
        if type.rank >= 3 and type.length == length
        else Whole("is read whole by a layer of the user's own")
        for type in types
    )


def _macs(node: Node, types: Types) -> int:
    """As of a convolution, which uses every weight once a position; what it does is not known."""
    return node.type.length * node.integer("weights")


_WINDOW: dict[str, Attribute] = {"width": REQUIRED, "stride": 1, "dilation": 1, "pad": "valid"}

# `key` names the layer among the module's opaque layers; its result is (N, positions, *features),
# and `weights` is how many it has. `linear`: without what it is at zero it maps deltas to deltas;
# `delta` asks that of it, in a propagation graph.
register(
    OpDefinition(
        "windowed_opaque",
        _result,
        arity=None,
        summary="a live layer of which the user declared the window",
        attributes={
            **{"key": REQUIRED, **_WINDOW},
            **{"features": REQUIRED, "dtype": "f32", "weights": 0},
            **{"linear": False, "delta": False},
        },
        relation=_relation,
        size="own",
        products=Products(_macs),
        live=True,
    )
)
