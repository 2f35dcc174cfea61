"""Operators that TensorFlow traces of live layers (a GELU) and tf2onnx has no form of.

Importing this file registers them with tf2onnx.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tf2onnx import utils
from tf2onnx.handler import tf_op

Compose = Callable[[Callable[..., str], str, str], tuple[str, list[str]]]
"""(add a node, the input, the number 1) to the last node: its ONNX op and inputs."""

COMPOSED: dict[str, Compose] = {
    "Erfc": lambda add, x, one: ("Sub", [one, add("Erf", x)]),
    "Expm1": lambda add, x, one: ("Sub", [add("Exp", x), one]),
    "Log1p": lambda add, x, one: ("Log", [add("Add", x, one)]),
    "Inv": lambda add, x, one: ("Reciprocal", [x]),
}
"""By TensorFlow operator. Each loses, at most, digits far below the scale of its result."""


def _register(operator: str, compose: Compose) -> None:
    class Handler:
        """tf2onnx calls the version at or below the operator set asked for."""

        @classmethod
        def version_13(cls, ctx: Any, node: Any, **kwargs: Any) -> None:
            def add(op: str, *inputs: str) -> str:
                made = ctx.make_node(op, list(inputs), dtypes=[dtype], shapes=[shape])
                return str(made.output[0])

            (x,), (result,) = node.input, node.output
            dtype, shape = ctx.get_dtype(result), ctx.get_shape(result)
            number = np.array(1, utils.map_onnx_to_numpy_type(dtype))
            one = ctx.make_const(utils.make_name("one"), number).output[0]
            op, inputs = compose(add, x, one)
            ctx.remove_node(node.name)
            ctx.make_node(op, inputs, outputs=[result], dtypes=[dtype], shapes=[shape])

    tf_op(operator)(Handler)


for _operator, _compose in COMPOSED.items():
    _register(_operator, _compose)
