"""Layers the IR cannot express: kept live, run whole, stored by Keras's own serialization."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fastism.errors import LoweringError, PlanError
from fastism.frontends.keras.call import Slot
from fastism.frontends.keras.load import first_line
from fastism.ir.types import NUMPY_DTYPES, SHORT_DTYPES, TensorType

_PROBE = 7
"""A batch size no model fixes, to see which axis of a result is the batch."""

_MARK = "fastism_tensor"


class OpaqueLayer:
    """A live Keras layer or operation, and the call of it that the model makes.

    Call it with the tensors of the call in the order of the node's inputs, batch axis first; it
    returns its results as a flat list. ``why`` says what kept the layer from being expressed.
    """

    def __init__(
        self,
        key: str,
        operation: Any,
        arguments: tuple[tuple[Any, ...], Mapping[str, Any]],
        types: Sequence[TensorType],
        why: str = "",
    ) -> None:
        """``arguments``: positional and keyword arguments, a Slot for every tensor."""
        self.key = key
        self.operation = operation
        self.why = why
        self.types = tuple(types)
        self._positional, keywords = arguments
        self._keywords = dict(keywords)
        parameters = inspect.signature(operation.call).parameters
        if "training" in parameters and self._keywords.get("training") is None:
            self._keywords["training"] = False

    def __call__(self, *tensors: Any) -> list[Any]:
        """Run the layer as at prediction time, on tensors of any batch size."""
        positional, keywords = self._filled(tensors)
        return list(keras.tree.flatten(self.operation(*positional, **keywords)))

    def _filled(self, tensors: Sequence[Any]) -> tuple[Any, Any]:
        def fill(leaf: Any) -> Any:
            return tensors[leaf.index] if isinstance(leaf, Slot) else leaf

        structure = (tuple(self._positional), self._keywords)
        positional, keywords = keras.tree.map_structure(fill, structure)
        return positional, keywords

    @property
    def _where(self) -> str:
        return f"layer {self.key!r} ({type(self.operation).__name__})"

    def result_types(self) -> tuple[TensorType, ...]:
        """The types of the results, from Keras's shape inference.

        Raises LoweringError for a layer that does not keep sequences apart along the batch axis,
        or whose result has a shape or element type that is not fixed or cannot be inferred.
        """
        tensors = [
            keras.KerasTensor((_PROBE, *type.shape[1:]), dtype=NUMPY_DTYPES[type.dtype])
            for type in self.types
        ]
        positional, keywords = self._filled(tensors)
        try:
            spec = self.operation.compute_output_spec(*positional, **keywords)
        except Exception as error:  # whatever the user's layer raises
            raise LoweringError(
                "Keras cannot tell the shape of a layer's result",
                where=self._where,
                why=f"{self.why}; Keras says: {first_line(str(error))}",
                attempt="give a longer length, or the layer a compute_output_shape method",
            ) from error
        return tuple(self._result_type(result) for result in keras.tree.flatten(spec))

    def _result_type(self, result: Any) -> TensorType:
        dtype = SHORT_DTYPES.get(keras.backend.standardize_dtype(result.dtype))
        if not result.shape or result.shape[0] not in (_PROBE, None):
            raise LoweringError(
                "a layer mixes the sequences of a batch",
                where=self._where,
                why=f"for a batch of {_PROBE} sequences its result has the shape {result.shape}",
                attempt="keep the batch as the first axis of every value",
            )
        if dtype is None or None in result.shape[1:]:
            raise LoweringError(
                "a layer has a result of no fixed type",
                where=self._where,
                why=f"Keras infers {result.dtype} {('N', *result.shape[1:])}",
                attempt="give the layer a compute_output_shape without None after the batch axis",
            )
        return TensorType(dtype, ("N", *result.shape[1:]))

    def config(self) -> dict[str, Any]:
        """Everything but the weights, as JSON: Keras's own configuration, and the call.

        Raises PlanError if the layer cannot be serialized.
        """

        def mark(leaf: Any) -> Any:
            return {_MARK: leaf.index} if isinstance(leaf, Slot) else leaf

        structure = [list(self._positional), self._keywords]
        marked = keras.tree.map_structure(mark, structure)
        try:
            return {
                "key": self.key,
                "why": self.why,
                "types": [str(type) for type in self.types],
                "operation": keras.saving.serialize_keras_object(self.operation),
                "arguments": keras.saving.serialize_keras_object(marked),
            }
        except Exception as error:  # whatever the user's get_config raises
            raise PlanError(
                f"layer {self.key!r} cannot be stored",
                why=first_line(str(error)),
                attempt=f"give {type(self.operation).__name__} a get_config method",
            ) from error

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The layer's variables, state included, numbered in order: ``0.kernel``, ``1.bias``..."""
        variables = getattr(self.operation, "variables", [])
        return {
            f"{index}.{variable.name}": np.asarray(keras.ops.convert_to_numpy(variable))
            for index, variable in enumerate(variables)
        }

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
        key, kind = config["key"], config["operation"]["class_name"]

        def revive(part: Any) -> Any:
            return keras.saving.deserialize_keras_object(
                part, custom_objects=dict(custom_objects or {}), safe_mode=not unsafe
            )

        try:
            operation = revive(config["operation"])
            positional, keywords = revive(config["arguments"])
            types = [TensorType.parse(text) for text in config["types"]]
            arguments = (tuple(_slots(positional)), _slots(keywords))
            layer = cls(key, operation, arguments, types, config["why"])
            if isinstance(operation, keras.Layer):
                layer.result_types()
                layer._assign(weights)
        except PlanError:
            raise
        except Exception as error:  # Keras raises many types for one cause
            raise PlanError(
                f"layer {key!r} cannot be restored",
                why=first_line(str(error)),
                attempt=f"supply its code: custom_objects={{{kind!r}: {kind}}}"
                + ("" if unsafe else ", or unsafe=True if the plan is trusted to run its own code"),
            ) from None
        return layer

    def _assign(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        variables = self.operation.variables
        arrays = [weights[name] for name in sorted(weights, key=lambda n: int(n.split(".")[0]))]
        if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
            raise PlanError(
                f"the stored weights do not fit layer {self.key!r}",
                why=f"it has {len(variables)} variables, the plan {len(arrays)}, or shapes differ",
                attempt="compile the model again",
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)


def _slots(part: Any) -> Any:
    """Undo the marks of :meth:`OpaqueLayer.config`."""
    if isinstance(part, dict):
        if set(part) == {_MARK}:
            return Slot(part[_MARK])
        return {key: _slots(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_slots(value) for value in part)
    return part
