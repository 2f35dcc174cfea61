"""Layers the IR cannot express: kept live, and run as they are."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.call import Call, filled
from fastism.frontends.keras.calls.dtypes import as_type
from fastism.frontends.keras.live.masks import bare, hang, masks_of
from fastism.frontends.keras.live.store import (
    assign_weights,
    declared_forms,
    restored_call,
    restoring,
    stored_call,
    stored_weights,
)
from fastism.frontends.keras.live.types import mask_types, result_types
from fastism.ir.types import TensorType


class OpaqueLayer:
    """A live Keras layer or operation, and the call of it that the model makes.

    Call it with the tensors of the call in the order of the node's inputs, batch axis first; it
    returns its results as a flat list. ``why`` says what kept the layer from being expressed.
    """

    front_end: Final = "keras"

    def __init__(
        self,
        key: str,
        operation: Any,
        arguments: tuple[tuple[Any, ...], Mapping[str, Any]],
        types: Sequence[TensorType],
        why: str = "",
        *,
        delta: Callable[..., Any] | None = None,
        numpy: Callable[..., Any] | None = None,
        masked: Mapping[int, TensorType] | None = None,
        masks: Mapping[int, TensorType] | None = None,
        kept: Sequence[int] | None = None,
    ) -> None:
        """``arguments``: positional and keyword arguments, a Slot for every tensor.

        types: of the tensors, with the element types Keras gives them.
        delta, numpy: the functions the user declared; see `fastism.register_layer`.
        masked: tensors, by index, whose masks are further inputs, with the types of these.
        masks: results, by index, whose masks are further results; likewise.
        kept: which of the operation's results are the layer's, by index; all of them if None.
        """
        self.key = key
        self.masked = dict(masked or {})
        self.masks = dict(masks or {})
        self.delta = delta
        self.numpy = numpy
        self.operation = operation
        self.why = why
        self.types = tuple(types)
        positional, keywords = arguments[0], dict(arguments[1])
        parameters = inspect.signature(operation.call).parameters
        if "training" in parameters and keywords.get("training") is None:
            keywords["training"] = False
        chosen = None if kept is None else tuple(kept)
        self._call = Call(operation, self.types, positional, keywords, kept=chosen)

    def __call__(self, *tensors: Any, delta: bool = False) -> list[Any]:
        """Run the layer as at prediction time, on tensors of any batch size.

        delta: run what is linear of it, on a difference of its input. Numpy arrays take the user's
        numpy form, where there is one.
        """
        if not delta:
            return self._run(tensors)
        arrays = self.numpy is not None and _are_arrays(tensors)
        if self.delta is not None and not arrays:
            return list(keras.tree.flatten(self.delta(self.operation, *tensors)))
        zeros = [_zeros(tensor) for tensor in tensors]
        pairs = zip(self._run(tensors), self._run(zeros), strict=True)
        return [at_delta - at_zero for at_delta, at_zero in pairs]

    def _run(self, tensors: Sequence[Any]) -> list[Any]:
        if self.numpy is not None and _are_arrays(tensors):
            return list(keras.tree.flatten(self.numpy(self.operation, *tensors)))
        results = self._masked_results(tensors)
        masks = masks_of(results)
        stated = zip(results, self._results, strict=True)
        found = [as_type(bare(result), type) for result, type in stated]
        return [*found, *(masks[index] for index in self.masks)]

    def _masked_results(self, tensors: Sequence[Any]) -> list[Any]:
        """The results in the layer's own types, for tensors followed by the masks of some."""
        count = len(self.types)
        values = [as_type(x, type) for x, type in zip(tensors, self.types, strict=False)]
        for index, mask in zip(self.masked, tensors[count:], strict=True):
            values[index] = hang(values[index], mask)
        positional, keywords = filled(self._call.arguments, self._call.keywords, values)
        return self._call.results(self.operation(*positional, **keywords))

    def find_masks(self) -> None:
        """Find out, by tracing a call, which results have masks; fills ``masks``.

        Raises LoweringError for a layer that cannot be traced.
        """
        types = (*self.types, *self.masked.values())
        self.masks.update(mask_types(self._masked_results, types, self.where))

    @property
    def where(self) -> str:
        """The layer, as an error names it."""
        return f"layer {self.key!r} ({self._call.kind})"

    def result_types(self) -> tuple[TensorType, ...]:
        """The types of the results, from Keras's shape inference, and of their masks.

        Raises LoweringError for a layer that does not keep sequences apart along the batch axis,
        or whose result has a shape or element type that is not fixed or cannot be inferred.
        """
        return (*self._results, *self.masks.values())

    @cached_property
    def _results(self) -> tuple[TensorType, ...]:
        return result_types(self._call, self.where, self.why)

    @property
    def size(self) -> int:
        """How many numbers its weights hold."""
        return sum(math.prod(v.shape) for v in getattr(self.operation, "weights", ()))

    def config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON: Keras's own configuration, and the call.

        Raises PlanError if the layer cannot be serialized.
        """
        return {
            "key": self.key,
            "why": self.why,
            "delta": self.delta is not None,
            "masked": {str(index): str(type) for index, type in self.masked.items()},
            "masks": {str(index): str(type) for index, type in self.masks.items()},
            **({} if self._call.kept is None else {"kept": list(self._call.kept)}),
            **stored_call(self._call, self.key),
        }

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The layer's variables, state included, numbered in order: ``0.kernel``, ``1.bias``..."""
        return stored_weights(self.operation)

    @classmethod
    def restore(
        cls,
        config: Mapping[str, Any],
        weights: Mapping[str, npt.NDArray[Any]],
        custom_objects: Mapping[str, Any] | None = None,
        *,
        unsafe: bool = False,
    ) -> OpaqueLayer:
        """Rebuild a layer from what :meth:`config` and :meth:`weights` returned.

        Raises PlanError for a layer that needs the user's class, or code of its own and ``unsafe``
        is false.
        """
        with restoring(config, unsafe=unsafe):
            call = restored_call(config, custom_objects, unsafe=unsafe)
            layer = cls(
                config["key"],
                call.operation,
                (call.arguments, call.keywords),
                call.types,
                config["why"],
                masked=_types(config["masked"]),
                masks=_types(config["masks"]),
                kept=config.get("kept"),
                **declared_forms(call.operation, config),
            )
            if isinstance(call.operation, keras.Layer):
                if len(call.operation.variables) != len(weights):
                    layer.result_types()  # it makes them when it is called
                assign_weights(call.operation, weights, layer.key)
                layer.result_types()
        return layer


def _types(texts: Mapping[str, str]) -> dict[int, TensorType]:
    return {int(index): TensorType.parse(text) for index, text in texts.items()}


def _are_arrays(tensors: Sequence[Any]) -> bool:
    return all(isinstance(tensor, np.ndarray) for tensor in tensors)


def _zeros(tensor: Any) -> Any:
    """Zeros for one sequence, of the kind of a tensor for many."""
    zeros = np.zeros((1, *tensor.shape[1:]), keras.backend.standardize_dtype(tensor.dtype))
    return zeros if isinstance(tensor, np.ndarray) else keras.ops.convert_to_tensor(zeros)
