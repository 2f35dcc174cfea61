"""What a front end is: it loads models of one kind, lowers them to the IR, and calls them.

The rest of fastism speaks to a front end through this file alone, and finds it in the registry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fastism.ir.module import Module
from fastism.reductions import Reduction, Shape

Array = npt.NDArray[Any]
Architecture: TypeAlias = Callable[[], Any] | str | os.PathLike[str]
"""Where the model comes from that weights alone are for: a function that builds it, or a file that
describes it."""

Call: TypeAlias = Callable[[Sequence[npt.NDArray[np.generic]]], list[npt.NDArray[Any]]]
"""A model as a function from its inputs, in its own order and form, to its outputs, (N, ...)."""


class LiveLayer(Protocol):
    """A layer the IR cannot express, kept as it is; an ``opaque`` node stands for it by its key."""

    @property
    def front_end(self) -> str:
        """The name of the front end that restores it from a plan."""
        ...

    @property
    def key(self) -> str:
        """Its name among the live layers of the module."""
        ...

    @property
    def why(self) -> str:
        """What keeps the IR from expressing it."""
        ...

    @property
    def size(self) -> int:
        """How many numbers its weights hold."""
        ...

    def __call__(self, *tensors: Any, delta: bool = False) -> Sequence[Any]:
        """Its results for the node's inputs, batch axis first, of any batch size.

        tensors: the backend's own; numpy arrays of ``reference``, TensorFlow's of the others.
        delta: run what is linear of it, on a difference (asked of ``windowed_opaque`` nodes that
            are ``linear``).
        """
        ...

    def config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON. Raises PlanError if it cannot be stored."""
        ...

    def weights(self) -> Mapping[str, Array]:
        """Its weights by name, state included."""
        ...


@dataclass(frozen=True)
class Lowered:
    """A module in its imported stage, and the live layers behind its opaque nodes, by ``key``.

    reductions: what the model's outputs were reduced to beforehand, by their names.
    """

    module: Module
    opaque: Mapping[str, LiveLayer]
    reductions: Mapping[str, Reduction] = field(default_factory=dict)


class FrontEnd(Protocol):
    """One kind of model. Its framework is imported when it is needed, not to find out what it is.

    The module that the registry names has one as ``FRONT_END``.
    """

    @property
    def ways(self) -> Mapping[str, Callable[[Any, int], Call]]:
        """The ways people call such a model on many inputs, by the name shown in tables.

        Each is given a model and a batch size; their times are what a plan's are held against.
        """
        ...

    def recognises(self, model: object) -> bool:
        """Whether a model, or the path of a file or folder, is of this kind."""
        ...

    def load(
        self,
        path: str,
        *,
        custom_objects: Mapping[str, Any] | None = None,
        unsafe: bool = False,
        architecture: Architecture | None = None,
        signature: str | None = None,
    ) -> Any:
        """The model in a file; arguments as of `fastism.compile`. Raises ModelError."""
        ...

    def file_hash(self, path: str) -> str:
        """What a model file is known by. Raises ModelError if it cannot be read."""
        ...

    def lower(
        self,
        model: Any,
        *,
        length: int | None = None,
        seq_input: int | str = 0,
        name: str = "",
        sha256: str = "",
        tokens: int | None = None,
    ) -> Lowered:
        """Lower a model to the imported stage.

        tokens: how many token numbers there are, for an edited input (N, L) of which the model
            does not say that it holds them, or how many.
        length, seq_input: as of `fastism.compile`. name, sha256: the model file's, kept in the
        module; the model's own name if empty.

        Raises ModelError for a model that is not over sequences, InputError where ``length`` or
        ``seq_input`` do not fit it, LoweringError for a layer no graph can hold.
        """
        ...

    def output_shapes(self, model: Any, length: int | None = None) -> Mapping[str, Shape]:
        """The shape of every output without the batch axis, by name, in the model's order.

        length: as of `fastism.compile`. Raises InputError for outputs without names.
        """
        ...

    def reduced(self, model: Any, reductions: Mapping[str, Reduction]) -> Any:
        """A model with the same outputs under the same names, some of them reduced.

        reductions: by output, such as fit it. Raises InputError where a function of the user's is
        missing, fails, or returns no output.
        """
        ...

    def restore(
        self,
        config: Mapping[str, Any],
        weights: Mapping[str, Array],
        *,
        custom_objects: Mapping[str, Any] | None = None,
        unsafe: bool = False,
    ) -> LiveLayer:
        """A live layer from what its ``config`` and ``weights`` gave.

        Raises PlanError for one that needs the user's code, unless that is given or ``unsafe``.
        """
        ...

    def predict(self, model: Any, inputs: Sequence[Array]) -> list[Array]:
        """Every output of a model, (N, ...), at prediction time; half precision as float32.

        inputs: in the model's order, each in the form in which it takes them.
        """
        ...

    def layers(self, model: Any, inputs: Sequence[Array]) -> Mapping[str, Array]:
        """What single layers of a model give, (N, ...), by the name an origin calls them.

        inputs: as of ``predict``. Layers that cannot be asked for one result are left out; a front
        end, or a model, of which none can returns nothing.
        """
        ...

    def dtypes(self, model: Any) -> frozenset[str]:
        """The element types anything in a model computes in, as numpy names them."""
        ...
