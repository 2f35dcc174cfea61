"""Trace a function to TensorFlow's graph, and say its operations again in ``keras.ops``.

What comes out is a function of Keras's symbolic tensors, to be recorded like code that was written
in ``keras.ops`` in the first place. Values that do not depend on the input are worked out here, by
TensorFlow. The extent of the batch is no number while a graph is read: `BATCH` stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager.context import context as eager_context
from tensorflow.python.eager.execute import execute
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

from fastism.frontends.keras.calls.call import NotExpressible, refuse
from fastism.frontends.keras.calls.tensorflow.dilated import Apart, between
from fastism.frontends.keras.calls.tensorflow.elementwise import BY_ELEMENT
from fastism.frontends.keras.calls.tensorflow.registry import Operation, Value, is_known, reader
from fastism.frontends.keras.calls.tensorflow.shapes import BATCH, MAKES_VALUES, Rows
from fastism.frontends.keras.calls.unread import why_whole
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, TensorType

LONGEST = 2000
"""Operations in a graph; a loop over positions written in Python gives thousands."""

_PASSES_ON = frozenset(
    ("Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape", "CheckNumerics")
)
_CHOOSES = frozenset(("If", "StatelessIf"))
_CALLS = frozenset(("PartitionedCall", "StatefulPartitionedCall"))


def replayed(function: Callable[..., Any], types: Sequence[TensorType]) -> Callable[..., Any]:
    """A function of Keras's symbolic tensors that does what ``function`` does to TensorFlow's.

    types: of the tensors. The result is called once, and returns a flat list. Raises
    NotExpressible, now or then, naming the operation, for code that cannot be read.
    """
    specs = [tf.TensorSpec((None, *t.shape[1:]), NUMPY_DTYPES[t.dtype]) for t in types]
    try:
        traced = tf.function(function, autograph=False).get_concrete_function(*specs)
        _refuse_changes(traced.graph)
        frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False)
    except NotExpressible:
        raise
    except Exception as error:  # whatever the user's code raises
        refuse(f"its code does not run in a TensorFlow graph: {first_line(str(error))}")

    def replay(*tensors: Any) -> list[Any]:
        return _Replay(frozen.graph).run(frozen.inputs, tensors, frozen.outputs)

    return replay


def _refuse_changes(graph: Any) -> None:
    if any(op.type.startswith(("Assign", "ResourceScatter")) for op in graph.get_operations()):
        refuse("it changes variables")


class _Replay:
    """Walks a graph from its outputs back, each value worked out once."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.values: dict[str, Value] = {}

    def run(
        self, inputs: Sequence[Any], given: Sequence[Value], outputs: Sequence[Any]
    ) -> list[Value]:
        """The outputs, for what is given for the inputs."""
        self.values = {x.name: value for x, value in zip(inputs, given, strict=True)}
        for node in self._needed(outputs):
            results = self._results(node, [self.values[x.name] for x in node.inputs])
            self.values.update((x.name, v) for x, v in zip(node.outputs, results, strict=True))
        return [self.values[x.name] for x in outputs]

    def _needed(self, outputs: Sequence[Any]) -> Iterator[Any]:
        """The operations that the outputs hang on, each after those it reads."""
        waiting, done = [x.op for x in reversed(outputs)], set[str]()
        while waiting:
            node = waiting[-1]
            before = [
                x.op for x in node.inputs if x.name not in self.values and x.op.name not in done
            ]
            if before and node.name not in done:
                waiting.extend(before)
                continue
            waiting.pop()
            if node.name not in done and not all(x.name in self.values for x in node.outputs):
                done.add(node.name)
                if len(done) > LONGEST:
                    refuse(f"its graph is more than {LONGEST} operations long")
                yield node

    def _results(self, node: Any, inputs: list[Value]) -> Sequence[Value]:
        if node.type == "Const":
            return [tf.make_ndarray(node.get_attr("value"))]
        if node.type in _PASSES_ON:
            return inputs
        if node.type in _CHOOSES:
            return self._chosen(node, inputs)
        if node.type in _CALLS:
            return self._called(node.get_attr("f").name, inputs)
        if "Random" in node.type or node.type == "Multinomial":
            refuse("it draws random numbers")
        if all(map(is_known, inputs)) and not _over_batch(node, inputs):
            return _evaluated(node, inputs)
        if any(isinstance(value, Rows) for value in inputs):
            return self._row_by_row(node, inputs)
        return self._read(node, inputs)

    def _row_by_row(self, node: Any, inputs: list[Value]) -> Sequence[Value]:
        """An operation on the rows of values; a reshape gives them their positions back."""
        inner = [value.value if isinstance(value, Rows) else value for value in inputs]
        if node.type == "Reshape":
            return self._read(node, inner)
        by_row = node.type in BY_ELEMENT or node.type in ("MatMul", "BiasAdd", "Softmax")
        tables = [value.ndim for value in inputs if is_known(value)]
        if not by_row or (node.type != "MatMul" and max(tables, default=0) > 1):
            refuse(f"it joins positions with the batch, and uses TensorFlow's {node.type} on them")
        return [Rows(value) for value in self._read(node, inner)]

    def _read(self, node: Any, inputs: list[Value]) -> Sequence[Value]:
        said = reader(node.type)
        if any(isinstance(value, Apart) for value in inputs) and node.type != "BatchToSpaceND":
            said = between
        if said is None:
            why = why_whole(node.type, "")
            known = f": {why}" if why else ", which fastism does not read"
            refuse(f"it uses TensorFlow's {node.type}{known}")
        try:
            found = said(Operation(node), inputs)
        except NotExpressible as reason:
            refuse(f"it uses TensorFlow's {node.type}: {reason}")
        except Exception as error:  # what keras.ops makes of odd arguments
            refuse(f"it uses TensorFlow's {node.type}: {first_line(str(error))}")
        return found if isinstance(found, (list, tuple)) else [found]

    def _chosen(self, node: Any, inputs: list[Value]) -> Sequence[Value]:
        """The results of the branch that is taken, where that is known beforehand."""
        if not is_known(inputs[0]):
            refuse(f"which way it goes depends on the sequence ({node.type})")
        branch = "then_branch" if inputs[0].any() else "else_branch"
        return self._called(node.get_attr(branch).name, inputs[1:])

    def _called(self, name: str, inputs: list[Value]) -> Sequence[Value]:
        functions = self.graph.as_graph_def().library.function
        definition = next(each for each in functions if each.signature.name == name)
        with self.graph.as_default():
            inner = function_def_to_graph(definition)
        return _Replay(inner).run(inner.inputs, inputs, inner.outputs)


def _over_batch(node: Any, inputs: list[Value]) -> bool:
    """Whether an operation makes known values of the extent of the batch."""
    return node.type in MAKES_VALUES and any(np.any(value == BATCH) for value in inputs)


def _evaluated(node: Any, inputs: list[Value]) -> list[Value]:
    """What TensorFlow makes of known values."""
    definition = node.op_def
    if definition.is_stateful:
        refuse(f"it uses TensorFlow's {node.type}, which keeps a state")
    attributes: list[Any] = []
    for attribute in definition.attr:
        attributes += [attribute.name, _plain(node.get_attr(attribute.name))]
    tensors = [tf.constant(value) for value in inputs]
    count, context = len(node.outputs), eager_context()
    results = execute(node.type, count, tensors, tuple(attributes), context)
    return [np.asarray(result) for result in results]


def _plain(value: Any) -> Any:
    """An attribute as operations take it."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.as_datatype_enum if isinstance(value, tf.DType) else value
