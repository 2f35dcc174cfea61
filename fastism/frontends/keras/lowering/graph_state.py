"""One graph while it is lowered: its nodes so far, and what is known of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.call import Expression
from fastism.frontends.keras.calls.dtypes import element_type
from fastism.frontends.keras.calls.tokens import translation
from fastism.frontends.keras.lowering.masks import Masks
from fastism.frontends.keras.lowering.module_builder import ModuleBuilder
from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Attribute, Graph
from fastism.ir.origin import Origin
from fastism.ir.types import NUMPY_DTYPES, TensorType

_INPUT = "InputLayer"
"""The kind of what turns an input as the IR has it to the model's own form."""


class GraphState:
    """The nodes, masks and tokens of one graph.

    ``path`` is that of its model, with a slash, or empty.
    """

    def __init__(self, module: ModuleBuilder, name: str, path: str) -> None:
        self.module = module
        self.path = path
        self.builder = GraphBuilder(name, module.constants)
        self.masks = Masks()
        self.one_hot: dict[str, str] = {}
        """The rows that a value of tokens was made from, by its name."""
        self._tokens_of_inputs: list[str] = []
        self.rows: set[str] = set()
        """The model's own inputs (N, L, C), which hold one-hot rows as a rule."""

    def types(self, names: Sequence[str]) -> tuple[TensorType, ...]:
        """The types of some values."""
        return tuple(self.builder.values[name].type for name in names)

    def input(self, name: str, tensor: Any, type: TensorType, *, turned: bool = False) -> str:
        """Declare an input; the value that has the Keras tensor's own shape.

        turned: the tensor has its channels in front.
        """
        value = self.builder.input(name, type)
        if not self.path and type.rank == 3:
            self.rows.add(value)
        if turned:
            value = self.builder.add(
                "permute",
                [value],
                name=f"{name}/turned",
                attributes={"order": (2, 1)},
                origin=Origin(name, _INPUT),
            )
        if len(tensor.shape) == type.rank:
            return value
        if len(tensor.shape) < type.rank:
            return self._tokens(name, value, element_type(tensor.dtype))
        shape = tuple(-1 if extent is None else int(extent) for extent in tensor.shape[1:])
        return self.builder.add(
            "reshape",
            [value],
            name=f"{name}/reshape",
            attributes={"shape": shape},
            origin=Origin(name, _INPUT),
        )

    def _tokens(self, name: str, rows: str, dtype: str | None) -> str:
        """One-hot rows as the numbers of tokens that they stand for."""
        origin = Origin(self.path + name, _INPUT)
        attributes = {"dtype": dtype}
        name = f"{name}/token"
        tokens = self.builder.add("token", [rows], name=name, attributes=attributes, origin=origin)
        self.one_hot[tokens] = rows
        self._tokens_of_inputs.append(tokens)
        return tokens

    def translate(self, tokens: str, made: npt.NDArray[np.int64], result: str) -> None:
        """Note of a value that it holds what was made of each token; see `translated`."""
        rows = self.one_hot[tokens]
        if not np.array_equal(made, np.arange(len(made))):
            kernel = translation(made, NUMPY_DTYPES[self.builder.values[rows].type.dtype])
            name, origin = f"{result}/rows", Origin(self.path + result, _INPUT)
            constants = {"kernel": self.builder.constant(f"{origin.layer}.tokens", kernel)}
            rows = self.builder.add(
                "dense", [rows], name=name, attributes={}, constants=constants, origin=origin
            )
        self.one_hot[result] = rows

    def cast(self, source: str, wanted: TensorType, name: str, origin: Origin) -> str:
        """Add the cast of a value for the node ``name``; the name of its result."""
        attributes = {"dtype": wanted.dtype}
        name = f"{name}/cast"
        return self.builder.add("cast", [source], name=name, attributes=attributes, origin=origin)

    def chain(
        self, expression: Expression, inputs: list[str], name: str, origin: Origin
    ) -> list[str]:
        """Add the nodes of an expression; the names of its results."""
        values = list(inputs)
        for index, step in enumerate(expression.steps):
            constants = {
                role: self.builder.constant(f"{origin.layer}.{role}", array)
                for role, array in step.constants.items()
            }
            result = self.builder.add(
                step.op,
                inputs if step.reads is None else [values[read] for read in step.reads],
                name=f"{name}/{step.op}" if index else name,
                attributes=step.attributes,
                constants=constants,
                origin=origin,
            )
            values.append(result)
            inputs = [result]
        return [values[index] for index in expression.results]

    def add_all(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, Attribute],
        origin: Origin,
        results: Sequence[TensorType],
    ) -> Sequence[str]:
        """Add a node of given result types; the names of its results."""
        self.builder.add(
            op, inputs, name=name, attributes=attributes, origin=origin, results=results
        )
        return [value.name for value in self.builder.last.results]

    def finish(self, outputs: Sequence[str]) -> Graph:
        """The graph; what computes a mask, or tokens, that no live layer reads is dropped."""
        graph = self.builder.finish(outputs)
        kept = graph.replace(outputs=(*graph.outputs, *self._tokens_of_inputs)).prune()
        return kept.replace(outputs=graph.outputs) if self.masks.of or self.one_hot else graph
