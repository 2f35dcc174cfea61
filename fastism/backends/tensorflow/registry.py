"""The table of TensorFlow forms, and the constants a form may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.backends.base import Forms
from fastism.errors import PlanError
from fastism.ir.graph import Node
from fastism.ir.module import Module

Tensor: TypeAlias = Any
OpaqueLayer: TypeAlias = Callable[..., Sequence[Tensor]]


class Pool:
    """Constants of a module on the device, each uploaded once however many nodes read it."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._tensors: dict[tuple[str, str], Tensor] = {}

    def tensor(
        self, name: str, form: str, make: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> Tensor:
        """The constant ``name`` after ``make``, cached under ``form``."""
        key = (name, form)
        if key not in self._tensors:
            with tf.init_scope():
                self._tensors[key] = tf.constant(np.ascontiguousarray(make(self.array(name))))
        return self._tensors[key]

    def array(self, name: str) -> npt.NDArray[Any]:
        """The content of a constant. Raises PlanError if the module was read without it."""
        data = self.module.constants[name].data
        if data is None:
            raise PlanError(f"the constant {name!r} has no content", why="it was read from text")
        return data


class Constants:
    """The constants of one node, by role, and what other nodes of its graph have made already.

    form: which of several forms of its op the node runs in; None for the usual one.
    """

    def __init__(
        self,
        node: Node,
        pool: Pool,
        opaque: Mapping[str, OpaqueLayer],
        shared: dict[tuple[Any, ...], Tensor],
        form: str | None = None,
    ) -> None:
        self.form = form
        self._names = dict(node.constants)
        self._pool = pool
        self._shared = shared
        self.opaque = opaque

    def __contains__(self, role: str) -> bool:
        return role in self._names

    def name(self, role: str) -> str:
        """Which constant of the module it is."""
        return self._names[role]

    def array(self, role: str) -> npt.NDArray[Any]:
        """The content, as numpy: for decisions made while emitting."""
        return self._pool.array(self._names[role])

    def tensor(self, role: str) -> Tensor:
        """The content on the device."""
        return self.prepared(role, "", lambda array: array)

    def prepared(
        self, role: str, form: str, make: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> Tensor:
        """The content rearranged once by ``make``; ``form`` names the arrangement."""
        return self._pool.tensor(self._names[role], form, make)

    def once(self, key: tuple[Any, ...], make: Callable[[], Tensor]) -> Tensor:
        """A tensor that many nodes of a graph need alike; ``key`` says which one it is.

        Tracing is most of what the first call takes, and indices are most of what is traced.
        """
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]


Form: TypeAlias = Callable[[Node, Sequence[Tensor], Constants], Any]
"""(node, inputs, constants) to the result, or the list of results of an op with several."""

FORMS: Forms[Form] = Forms(
    "TensorFlow",
    ("fastism.backends.tensorflow.emits", "(node, inputs, constants) -> tensor"),
    gaps={"call": "a module is flat before it is emitted"},
)
emits = FORMS.register
