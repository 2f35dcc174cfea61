"""The table of ONNX forms, and the writer a form builds its nodes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from fastism.backends.base import Forms
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.types import NUMPY_DTYPES, TensorType

Array = npt.NDArray[Any]


class Writer:
    """Builds the ONNX nodes of one IR node; tensors are named after its result."""

    def __init__(
        self,
        module: Module,
        graph: Graph,
        node: Node,
        weights: dict[str, onnx.TensorProto],
        opset: int,
    ) -> None:
        """``weights`` collects initializers by name; nodes that share a constant share them."""
        self.module = module
        self.graph = graph
        self.node = node
        self.nodes: list[onnx.NodeProto] = []
        self._weights = weights
        self._opset = opset
        self._made: set[str] = set()

    def input_type(self, index: int = 0) -> TensorType:
        """The type of one of the IR node's inputs."""
        return self.graph.values[self.node.inputs[index]].type

    def add(self, op: str, *inputs: str, unused: int = 0, **attributes: Any) -> str:
        """Append an ONNX node; returns the name of its first output.

        unused: how many outputs it has besides.
        """
        output = self._name(op)
        outputs = [output, *(self._name(f"{op}:rest") for _ in range(unused))]
        self.nodes.append(onnx.helper.make_node(op, inputs, outputs, name=output, **attributes))
        return output

    def reduce(self, op: str, x: str, axis: int, *, keepdims: bool) -> str:
        """Append a reduction over one axis: to ONNX 18 the axes of all but sums are attributes."""
        if op == "ReduceSum" or self._opset >= 18:
            return self.add(op, x, self.table("axes", [axis]), keepdims=int(keepdims))
        return self.add(op, x, axes=[axis], keepdims=int(keepdims))

    def slice(self, x: str, start: int, stop: int, axis: int, step: int = 1) -> str:
        """Append a slice along one axis."""
        bounds = {"starts": start, "ends": stop, "axes": axis, "steps": step}
        return self.add("Slice", x, *(self.table(what, [n]) for what, n in bounds.items()))

    def has(self, role: str) -> bool:
        """Whether the IR node has a constant in this role."""
        return self.node.constant(role) is not None

    def array(self, role: str) -> Array:
        """The content of a constant of the IR node: for decisions made while writing."""
        data = self.module.data(self.node, role)
        assert data is not None
        return data

    def weight(self, role: str, form: str = "", make: Callable[[Array], Array] = np.asarray) -> str:
        """The initializer of a constant of the IR node, rearranged by ``make`` into ``form``."""
        constant = str(self.node.constant(role))
        name = f"{constant}:{form}" if form else constant
        if name not in self._weights:
            self._put(name, make(self.array(role)))
        return name

    def table(self, what: str, values: Sequence[int]) -> str:
        """An i64 vector as an initializer: a shape, axes, starts."""
        return self.given(what, np.asarray(values, np.int64))

    def given(self, what: str, array: Array) -> str:
        """Any array as an initializer of this node's own."""
        return self._put(self._name(what), array)

    def number(self, value: npt.ArrayLike) -> str:
        """A number, or several, of the element type of the IR node's input, as an initializer.

        What a whole type cannot hold is the nearest that it can: its lowest number for -inf.
        """
        dtype = np.dtype(NUMPY_DTYPES[self.input_type().dtype])
        if dtype.kind in "iu":
            value = np.clip(value, np.iinfo(dtype).min, np.iinfo(dtype).max)
        return self.given("number", np.asarray(value, dtype))

    def finish(self, result: str) -> list[onnx.NodeProto]:
        """The nodes; the tensor ``result``, and the node it comes from, named as in the IR."""
        if result not in {name for node in self.nodes for name in node.output}:
            result = self.add("Identity", result)
        for node in self.nodes:
            node.name = self.node.name if result in node.output else node.name
            for names in (node.input, node.output):
                names[:] = [self.node.result.name if name == result else name for name in names]
        return self.nodes

    def _put(self, name: str, array: Array) -> str:
        self._weights[name] = onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _name(self, what: str) -> str:
        """``conv1d:Transpose``, then ``conv1d:Transpose2``: no IR name reads like it."""
        base, count = f"{self.node.result.name}:{what}", 1
        name = base
        while name in self._made:
            count += 1
            name = f"{base}{count}"
        self._made.add(name)
        return name


Form: TypeAlias = Callable[[Writer, Node, Sequence[str]], str]
"""(writer, node, input names) to the name of the tensor that is the result."""

_LIVE = "a live layer runs itself: tf2onnx writes it as a function of the model"

FORMS: Forms[Form] = Forms(
    "ONNX",
    ("fastism.backends.onnx.writes", "(writer, node, input names) -> name of the result"),
    gaps={
        "call": "a module is flat before it is written",
        "opaque": _LIVE,
        "windowed_opaque": _LIVE,
    },
)
writes = FORMS.register
