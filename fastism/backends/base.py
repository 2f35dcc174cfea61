"""What a backend is: it turns the graphs of a module into something that can be called.

A backend has a form of every op it computes, in one table: ``FORMS``, a `Forms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias, TypeVar, runtime_checkable

from fastism.errors import LoweringError, VerifyError
from fastism.ir.graph import Attribute, Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops.registry import definition

Array = TypeVar("Array")
"""What the backend computes with: numpy arrays, TensorFlow tensors."""

Form = TypeVar("Form", bound=Callable[..., Any])
"""How a backend computes one op: a function whose arguments are the backend's own affair."""


class Backend(Protocol[Array]):
    """Emits modules. A Python module with ``FORMS`` and a function ``emit`` is a backend too."""

    FORMS: Forms[Any]
    """How the backend computes each op."""

    def emit(
        self, module: Module, opaque: Mapping[str, Callable[..., Sequence[Array]]]
    ) -> Mapping[str, Callable[[Mapping[str, Array]], Mapping[str, Array]]]:
        """Every graph as a function from its inputs by name to its outputs by name.

        ``opaque`` holds the live layers by the ``key`` of the nodes that stand for them; each takes
        the node's inputs and returns its results. Raises LoweringError for an op the backend has no
        form of, and FastismError for an opaque layer that is not there, at the latest when called.
        """
        ...


class Forms(Mapping[str, Form]):
    """The forms of one backend by op, in the order they were registered.

    kind: what a form is called in messages, "numpy" of "numpy form".
    usage: how a user registers one: the decorator, and what the function below it takes and gives.
    gaps: ops the backend has no form of on purpose, each with the reason.
    """

    def __init__(
        self, kind: str, usage: tuple[str, str], gaps: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.gaps: Mapping[str, str] = MappingProxyType(dict(gaps or {}))
        self._usage = usage
        self._table: dict[str, Form] = {}

    def register(self, op: str) -> Callable[[Form], Form]:
        """Decorator: the function below is the form of ``op``.

        Raises VerifyError if the op is not registered in ``fastism.ir.ops``, or has a form already.
        """
        definition(op)

        def enter(form: Form) -> Form:
            if op in self._table:
                raise VerifyError(f"op {op!r} has a {self.kind} form already")
            self._table[op] = form
            return form

        return enter

    def of(self, node: Node) -> Form:
        """The form of a node's op. Raises LoweringError, naming the node, if there is none."""
        try:
            return self._table[node.op]
        except KeyError:
            decorator, signature = self._usage
            raise LoweringError(
                f"the op {node.op!r} has no {self.kind} form",
                where=location(node),
                why=self.gaps.get(node.op, "nobody has registered one"),
                attempt=f'@{decorator}("{node.op}") above a function {signature}',
            ) from None

    def __getitem__(self, op: str) -> Form:
        return self._table[op]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def location(node: Node) -> str:
    """Where an error happened: the layer by its Keras name, and the node."""
    return (
        f"layer {node.origin.layer!r}, node %{node.name}" if node.origin else f"node %{node.name}"
    )


@runtime_checkable
class Blocking(Protocol):
    """A function that cuts the pairs it is given into blocks of its own.

    Pairs of a call need not agree in site tables, and how many there are is the function's to say.
    """

    def pairs_within(self, memory: int | None, alternatives: int) -> int:
        """Pairs a call, of so many items each, whose values fit ``memory`` bytes."""
        ...

    def pairs_filling(self, alternatives: int) -> int:
        """Pairs of so many items each of which a multiple leaves no place of a block empty."""
        ...


@dataclass(frozen=True)
class Variant:
    """A way a backend can run a scheduled graph, which tuning times beside the plain one.

    option: the option of a graph that switches it on, ``backend.option``. label: what it is called.
    one_size: it serves chunks of the scheduled size alone, others run plainly. refines: the option
    of the variant that it is a finer form of, None for the plain way: it is tried only where that
    is not far behind.
    """

    option: str
    label: str
    one_size: bool = False
    refines: str | None = None


Condition: TypeAlias = str | int | None
"""What the speed of a backend depends on: a version, a device, a setting."""


@dataclass(frozen=True)
class Ways:
    """How a backend can run a scheduled graph.

    plain: what running it without any option is called. variants: the others. measured: whether
    compiling times them unless told otherwise, as they are of very different speed. no_choice: why
    a graph cannot run plainly, but by the variants alone; None where it can. in_forms: options by
    which a variant, or the plain way, runs each op of a graph in the form that is fastest on this
    machine, as timed; none where it has but one. conditions: what times depend on beside the CPU
    and fastism's own code: versions, devices, settings. None where a backend does not say: what was
    timed is not kept for another process then.
    """

    plain: str
    variants: tuple[Variant, ...] = ()
    measured: bool = False
    no_choice: Callable[[Module, Graph], str | None] = lambda module, graph: None
    in_forms: Callable[[Module, Graph, Variant | None], Mapping[str, Attribute]] = (
        lambda module, graph, variant: {}
    )
    conditions: Callable[[], Sequence[Condition]] | None = None

    def label(self, variant: Variant | None) -> str:
        """What a way is called; None for the plain one."""
        return self.plain if variant is None else variant.label

    def options(self, variant: Variant | None) -> dict[str, bool]:
        """The options of a graph that is run by a variant, or plainly."""
        return {known.option: known == variant for known in self.variants}


NATIVE: Final = "native"
TENSORFLOW: Final = "TensorFlow"
FUSED: Final = "TensorFlow, light ops fused"
"""What ways are called, whichever backend has them."""

WAYS: Final[dict[str, Ways]] = {}
"""The ways of every backend that has several, by the backend's name; it adds its own."""


def ways_of(backend: str) -> Ways:
    """The ways of a backend."""
    return WAYS.get(backend, Ways(backend))
