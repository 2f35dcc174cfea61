"""Layers the IR cannot express: kept live, run whole, stored by Keras's own serialization."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras.src.backend import compute_output_spec

from fastism.errors import LoweringError, PlanError
from fastism.frontends.keras.calls.call import Slot, filled
from fastism.frontends.keras.calls.dtypes import as_type, element_type
from fastism.frontends.keras.files.trust import refuse_code
from fastism.frontends.keras.live.custom import declaration
from fastism.frontends.keras.live.masks import hang, masks_of
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, TensorType

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
        *,
        delta: Callable[..., Any] | None = None,
        numpy: Callable[..., Any] | None = None,
        masked: Mapping[int, TensorType] | None = None,
        masks: Mapping[int, TensorType] | None = None,
    ) -> None:
        """``arguments``: positional and keyword arguments, a Slot for every tensor.

        types: of the tensors, with the element types Keras gives them.
        delta, numpy: the forms the user declared; see `fastism.register_layer`.
        masked: tensors, by index, whose masks are further inputs, with the types of these.
        masks: results, by index, whose masks are further results; likewise.
        """
        self.key = key
        self.masked = dict(masked or {})
        self.masks = dict(masks or {})
        self.delta = delta
        self.numpy = numpy
        self.operation = operation
        self.why = why
        self.types = tuple(types)
        self._positional, keywords = arguments
        self._keywords = dict(keywords)
        parameters = inspect.signature(operation.call).parameters
        if "training" in parameters and self._keywords.get("training") is None:
            self._keywords["training"] = False

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
        return [*(as_type(*pair) for pair in stated), *(masks[index] for index in self.masks)]

    def _masked_results(self, tensors: Sequence[Any]) -> list[Any]:
        """The results in the layer's own types, for tensors followed by the masks of some."""
        count = len(self.types)
        values = [as_type(x, type) for x, type in zip(tensors, self.types, strict=False)]
        for index, mask in zip(self.masked, tensors[count:], strict=True):
            values[index] = hang(values[index], mask)
        positional, keywords = filled(self._positional, self._keywords, values)
        return list(keras.tree.flatten(self.operation(*positional, **keywords)))

    def find_masks(self) -> None:
        """Find out, by tracing a call, which results have masks; fills ``masks``.

        Raises LoweringError for a layer that cannot be traced.
        """

        def trace(*tensors: Any) -> Any:
            for index, mask in enumerate(masks_of(self._masked_results(tensors))):
                if mask is not None:
                    self.masks[index] = self._result_type(mask)
            return tensors[0]

        try:
            compute_output_spec(trace, *map(_symbolic, (*self.types, *self.masked.values())))
        except Exception as error:  # whatever the user's layer raises
            raise LoweringError(
                "fastism cannot tell whether a layer gives its results masks",
                where=self.where,
                why=f"tracing it failed; Keras says: {first_line(str(error))}",
                attempt="a layer that runs in a tf.function can be traced",
            ) from error

    @property
    def where(self) -> str:
        """The layer, as an error names it."""
        return f"layer {self.key!r} ({type(self.operation).__name__})"

    def result_types(self) -> tuple[TensorType, ...]:
        """The types of the results, from Keras's shape inference, and of their masks.

        Raises LoweringError for a layer that does not keep sequences apart along the batch axis,
        or whose result has a shape or element type that is not fixed or cannot be inferred.
        """
        return (*self._results, *self.masks.values())

    @cached_property
    def _results(self) -> tuple[TensorType, ...]:
        try:
            spec = self._inferred()
        except Exception:  # whatever the user's layer raises
            spec = None
        if spec is None or any(None in result.shape[1:] for result in spec):
            spec = self._tried()
        return tuple(self._result_type(result) for result in spec)

    def _inferred(self) -> list[Any]:
        """What Keras infers of the results."""
        tensors = [_symbolic(type) for type in self.types]
        positional, keywords = filled(self._positional, self._keywords, tensors)
        return list(keras.tree.flatten(self.operation.compute_output_spec(*positional, **keywords)))

    def _tried(self) -> list[Any]:
        """The results for zeros, where Keras cannot infer what they are like."""
        tensors = [
            keras.ops.zeros((_PROBE, *type.shape[1:]), NUMPY_DTYPES[type.dtype])
            for type in self.types
        ]
        positional, keywords = filled(self._positional, self._keywords, tensors)
        try:
            return list(keras.tree.flatten(self.operation(*positional, **keywords)))
        except Exception as error:  # whatever the user's layer raises
            raise LoweringError(
                "a layer cannot be run",
                where=self.where,
                why=f"{self.why}; Keras says: {first_line(str(error))}",
                attempt="check that the model itself predicts; give a longer length, if it is free",
            ) from error

    def _result_type(self, result: Any) -> TensorType:
        dtype = element_type(result.dtype)
        if not result.shape or result.shape[0] not in (_PROBE, None):
            raise LoweringError(
                "a layer mixes the sequences of a batch",
                where=self.where,
                why=f"for a batch of {_PROBE} sequences its result has the shape {result.shape}",
                attempt="keep the batch as the first axis of every value",
            )
        if dtype is None or None in result.shape[1:]:
            raise LoweringError(
                "a layer has a result of no fixed type",
                where=self.where,
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
                "delta": self.delta is not None,
                "masked": {str(index): str(type) for index, type in self.masked.items()},
                "masks": {str(index): str(type) for index, type in self.masks.items()},
                "operation": keras.saving.serialize_keras_object(self.operation),
                "arguments": keras.saving.serialize_keras_object(marked),
            }
        except Exception as error:  # whatever the user's get_config raises
            raise PlanError(
                f"layer {self.key!r} cannot be stored",
                why=first_line(str(error)),
                attempt=f"give {type(self.operation).__name__} a get_config method",
            ) from error

    @property
    def size(self) -> int:
        """How many numbers its weights hold."""
        return sum(math.prod(v.shape) for v in getattr(self.operation, "weights", ()))

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

        if not unsafe:
            parts = [config["operation"], config["arguments"]]
            refuse_code(parts, f"layer {key!r} cannot be restored", custom_objects, PlanError)
        try:
            operation = revive(config["operation"])
            positional, keywords = revive(config["arguments"])
            types = [TensorType.parse(text) for text in config["types"]]
            arguments = (tuple(_slots(positional)), _slots(keywords))
            forms = _declared_forms(operation, config)
            forms |= {part: _types(config[part]) for part in ("masked", "masks")}
            layer = cls(key, operation, arguments, types, config["why"], **forms)
            if isinstance(operation, keras.Layer):
                layer.result_types()
                layer._assign(weights)
        except PlanError:
            raise
        except Exception as error:  # Keras raises many types for one cause
            attempt = f"supply its code: custom_objects={{{kind!r}: {kind}}}"
            if not unsafe:
                attempt += ", or unsafe=True if the plan is trusted to run its own code"
            elif kind == "Lambda":
                attempt = "a Lambda is stored without the names around it; a layer class keeps them"
            raise PlanError(
                f"layer {key!r} cannot be restored",
                why=getattr(error, "why", None) or first_line(str(error)),
                attempt=attempt,
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


def _declared_forms(operation: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The user's forms of a layer, which a plan cannot store. Raises PlanError if one is needed."""
    declared = declaration(operation)
    kind = type(operation).__name__
    if config.get("delta") and (declared is None or declared.delta is None):
        raise PlanError(
            f"layer {config['key']!r} cannot be restored",
            why="it was registered with a function of its own for differences",
            attempt=f"register_layer({kind}, delta=...) before the plan is loaded",
        )
    if declared is None:
        return {}
    return {"delta": declared.delta if config.get("delta") else None, "numpy": declared.numpy}


def _types(texts: Mapping[str, str]) -> dict[int, TensorType]:
    return {int(index): TensorType.parse(text) for index, text in texts.items()}


def _symbolic(type: TensorType) -> Any:
    return keras.KerasTensor((_PROBE, *type.shape[1:]), dtype=NUMPY_DTYPES[type.dtype])


def _are_arrays(tensors: Sequence[Any]) -> bool:
    return all(isinstance(tensor, np.ndarray) for tensor in tensors)


def _zeros(tensor: Any) -> Any:
    """Zeros for one sequence, of the kind of a tensor for many."""
    zeros = np.zeros((1, *tensor.shape[1:]), keras.backend.standardize_dtype(tensor.dtype))
    return zeros if isinstance(tensor, np.ndarray) else keras.ops.convert_to_tensor(zeros)


def _slots(part: Any) -> Any:
    """Undo the marks of :meth:`OpaqueLayer.config`."""
    if isinstance(part, dict):
        if set(part) == {_MARK}:
            return Slot(part[_MARK])
        return {key: _slots(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_slots(value) for value in part)
    return part
