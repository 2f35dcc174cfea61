"""One call of a Keras operation, the steps that express it, and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from itertools import count
from typing import Any, NoReturn, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.unread import UNKNOWN, why_whole
from fastism.ir.graph import Attribute
from fastism.ir.types import TensorType

HALF = ("float16", "bfloat16")
"""Element types of Keras that fastism computes in f32."""


class NotExpressible(Exception):  # noqa: N818  (not an error: the layer is kept opaque)
    """The IR cannot say what a call does; the message says why, as in "its axis is 1"."""


class NoHandler(NotExpressible):
    """Nobody has told fastism what an operation computes."""


@dataclass(frozen=True)
class Slot:
    """Stands for the tensor with this index in the arguments of a call."""

    index: int


@dataclass(frozen=True, eq=False)
class Known:
    """Stands for a tensor of the model that is the same for every input, in the arguments."""

    value: npt.NDArray[Any]


@dataclass(frozen=True)
class Call:
    """One call of ``operation``: the types of its tensors, in order, and its arguments.

    ``arguments`` and ``keywords`` keep the structure of the Python call, a :class:`Slot` for every
    tensor, or a :class:`Known`.
    """

    operation: Any
    types: tuple[TensorType, ...]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    own: tuple[TensorType, ...] = ()
    """The types with the element types Keras gives them, where these differ."""
    kept: tuple[int, ...] | None = None
    """Which of the results, flattened, depend on the tensors, where not all do."""

    @property
    def kind(self) -> str:
        """The class of the operation, by which one handler tells those it is for apart."""
        return type(self.operation).__name__

    @property
    def pattern(self) -> tuple[int | None, ...]:
        """The positional arguments: the index of a tensor, None for anything else."""
        return tuple(item.index if isinstance(item, Slot) else None for item in self.arguments)

    @property
    def type(self) -> TensorType:
        """The type of the only tensor."""
        if self.pattern != (0,):
            refuse("it is called with more than one tensor")
        return self.types[0]

    @property
    def has_known(self) -> bool:
        """Whether a tensor, or a result, is the same for every input."""
        leaves = keras.tree.flatten((self.arguments, dict(self.keywords)))
        return self.kept is not None or any(isinstance(leaf, Known) for leaf in leaves)

    def results(self, found: Any) -> list[Any]:
        """Of what the operation returns, flattened, what is kept."""
        flat = list(keras.tree.flatten(found))
        return flat if self.kept is None else [flat[index] for index in self.kept]

    def require_plain(self) -> None:
        """Raise NotExpressible if a keyword asks for more than prediction without a mask."""
        for name, value in self.keywords.items():
            given = any(leaf is not None for leaf in keras.tree.flatten(value))
            if given and not (name == "training" and value is False):
                refuse(f"it is called with {name}")

    def require(self, **expected: object) -> None:
        """Raise NotExpressible unless these attributes of the operation have these values."""
        for name, value in expected.items():
            found = getattr(self.operation, name, value)
            if found != value:
                refuse(f"its {name} is {found!r}")


@dataclass(frozen=True)
class Step:
    """One IR node to be: its op, attributes, and constants by role.

    The first step of a call reads the call's tensors, each later one the step before; or else
    ``reads`` counts the call's tensors, then the results of the steps.
    """

    op: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    constants: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    reads: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Expression:
    """What computes a call: its steps, and which values are the results, counted as `Step` does."""

    steps: tuple[Step, ...]
    results: tuple[int, ...]


def call_of(node: Any, types: Sequence[TensorType]) -> Call:
    """The call a node of a Keras graph makes, of tensors of these types."""
    arguments, keywords = slotted(node.arguments.args, node.arguments.kwargs)
    return Call(node.operation, tuple(types), arguments, keywords)


def slotted(
    arguments: Any, keywords: Any, known: Mapping[int, npt.NDArray[Any]] | None = None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call of symbolic tensors, with a slot for every one of these, in order.

    known: the values of those that are the same for every input, by the id of the tensor.
    """
    slots, values = count(), known or {}

    def slot(leaf: Any) -> Any:
        if id(leaf) in values:
            return Known(values[id(leaf)])
        return Slot(next(slots)) if isinstance(leaf, keras.KerasTensor) else leaf

    positional, named = keras.tree.map_structure(slot, (arguments, keywords))
    return tuple(positional), dict(named)


def calls(graph: Any) -> Iterator[Any]:
    """The nodes of a Keras graph that call something, each after those it reads."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)


def filled(arguments: Any, keywords: Mapping[str, Any], tensors: Sequence[Any]) -> tuple[Any, Any]:
    """The positional and keyword arguments of a call, a tensor for every slot."""

    def fill(leaf: Any) -> Any:
        if isinstance(leaf, Known):
            return keras.ops.convert_to_tensor(leaf.value)
        return tensors[leaf.index] if isinstance(leaf, Slot) else leaf

    positional, named = keras.tree.map_structure(fill, (tuple(arguments), dict(keywords)))
    return positional, named


def of_keras(operation: object) -> bool:
    """Whether an operation is of Keras's own code: a user's class may bear, or extend, its name."""
    return type(operation).__module__.split(".")[0] == "keras"


Handler: TypeAlias = Callable[[Call], Expression | Sequence[Step]]

_HANDLERS: dict[str | type, Handler] = {}


def handles(*names: str | type) -> Callable[[Handler], Handler]:
    """Register a handler for operations.

    Those of Keras go by kind and class (``layers.Conv1D``, ``ops.Add``), a user's by the class.

    A handler returns what expresses the call exactly, or raises NotExpressible. Steps alone stand
    for one result, that of the last.
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS.update((name, handler) for name in names)
        return handler

    return register


def refuse(reason: str) -> NoReturn:
    """Leave the call opaque, for a reason."""
    raise NotExpressible(reason)


def express(call: Call) -> Expression:
    """What computes a call. Raises NotExpressible, NoHandler, where no handler knows how."""
    operation = call.operation
    kind = "layers" if isinstance(operation, keras.Layer) else "ops"
    key = f"{kind}.{type(operation).__name__}" if of_keras(operation) else type(operation)
    handler = _HANDLERS.get(key)
    if handler is None:
        raise NoHandler(why_whole(call.kind) if of_keras(operation) else UNKNOWN)
    call = _positional(_with_arrays(call) if call.has_known else call)
    call.require_plain()
    found = handler(call)
    if isinstance(found, Expression):
        return found
    return Expression(tuple(found), (len(call.types) + len(found) - 1,))


def _with_arrays(call: Call) -> Call:
    """The call of an operation with known tensors as arrays, as handlers know them.

    Raises NoHandler for a layer, which is traced as it is called.
    """
    if isinstance(call.operation, keras.Layer):
        raise NoHandler("it is called with, or returns, what is the same for every sequence")
    plain = [leaf.value if isinstance(leaf, Known) else leaf for leaf in call.arguments]
    call = replace(call, arguments=tuple(plain))
    if call.has_known:
        refuse("a value among its tensors is the same for every sequence")
    return call


def _positional(call: Call) -> Call:
    """The call of an operation with the arguments that were given by name in their places."""
    given = {name: value for name, value in call.keywords.items() if value is not None}
    if isinstance(call.operation, keras.Layer) or not given:
        return call
    bound = signature(call.operation.call).bind(*call.arguments, **given)
    return replace(call, arguments=bound.args, keywords=bound.kwargs)


def array(variable: object) -> npt.NDArray[Any]:
    """A Keras variable, tensor or number as a numpy array; half precision widened to float32."""
    found = np.asarray(keras.ops.convert_to_numpy(variable))
    return found.astype(np.float32) if found.dtype.name in HALF else found


def arrays(**variables: object) -> dict[str, npt.NDArray[Any]]:
    """The constants of a step: variables by role, those a layer goes without left out."""
    return {role: array(value) for role, value in variables.items() if value is not None}


def integer(value: object) -> int:
    """An option Keras keeps as an int or as a tuple of one."""
    (item,) = value if isinstance(value, (tuple, list)) else (value,)
    return int(item)
