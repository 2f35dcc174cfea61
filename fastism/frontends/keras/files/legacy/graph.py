"""A Keras 1 or 2 configuration to a live Keras 3 model, its weights still to be set.

The calls of a functional model are replayed one by one, each as soon as what it reads is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from fastism.errors import ModelError
from fastism.frontends.keras.files.legacy import REWRITE, nodes, operations
from fastism.frontends.keras.files.legacy.layers import Config, known, modern, renamed
from fastism.frontends.keras.files.legacy.locally_connected import (
    LocallyConnected1D,
    LocallyConnected2D,
)
from fastism.frontends.keras.files.trust import registered, unknown_class
from fastism.frontends.keras.said import first_line

_GRAPHS = ("Functional", "Model", "Container", "Network")
_CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True)
class Builder:
    """Rebuilds the layers of one file.

    what: the first line of an error. custom_objects: the user's own classes and functions, by the
    names in the file; a function by the name of a Lambda layer takes the place of its code.
    """

    what: str
    custom_objects: Mapping[str, Any]
    unsafe: bool

    def model(self, class_name: str, config: Any) -> keras.Model:
        """A model from its class and configuration. Raises ModelError, with the layer's name."""
        layer = self.layer({"class_name": class_name, "config": config})
        if not isinstance(layer, keras.Model):
            raise ModelError(self.what, why=f"it holds a {class_name}, which is no model")
        return layer

    def layer(self, part: Config) -> Any:
        """A layer or nested model. Raises ModelError, with the layer's name."""
        class_name, config = part["class_name"], part["config"]
        if not registered(class_name, self.custom_objects):
            if class_name == "Sequential":
                return self._sequential(config)
            if class_name in _GRAPHS:
                return _Replay(self, config).model()
        name = config.get("name") if isinstance(config, dict) else None
        with self.explained(name, class_name):
            return self._leaf(class_name, dict(config), name)

    def explained(self, name: str | None, class_name: str) -> _Explained:
        """A context that turns whatever Keras raises into a ModelError about one layer."""
        own = f"your own function: custom_objects={{{name!r}: function}}"
        attempt = own if class_name == "Lambda" else REWRITE
        return _Explained(self.what, f"layer {name!r} ({class_name})", attempt)

    def _leaf(self, class_name: str, config: Config, name: str | None) -> Any:
        if registered(class_name, self.custom_objects):
            return self._revive(class_name, None, config)
        if class_name == "Lambda":
            return self._lambda(config, name)
        for kind in (LocallyConnected1D, LocallyConnected2D):
            if class_name == kind.__name__:
                return kind(**renamed(config))
        if not known(class_name):
            raise unknown_class(self.what, class_name)
        new, fields = modern(class_name, config)
        inner = {
            key: self.layer(fields[key])
            for key in ("layer", "backward_layer", "cell", "activation", "recurrent_activation")
            if isinstance(fields.get(key), dict) and _is_layer(fields[key])
        }
        if not inner:
            return self._revive(new, "keras.layers", fields)
        fields.pop("num_constants", None)  # which a wrapper finds out when it is called
        with keras.saving.custom_object_scope(dict(self.custom_objects)):
            return getattr(keras.layers, new)(**fields | inner)

    def _revive(self, class_name: str, module: str | None, config: Config) -> Any:
        return keras.saving.deserialize_keras_object(
            {
                "module": module,
                "class_name": class_name,
                "config": config,
                "registered_name": None if module else class_name,
            },
            custom_objects=dict(self.custom_objects),
            safe_mode=not self.unsafe,
        )

    def _lambda(self, config: Config, name: str | None) -> Any:
        function, arguments = config["function"], config.get("arguments") or {}
        if isinstance(function, dict) and function.get("class_name") == "function":
            function = function["config"]
        if not isinstance(function, (str, list, tuple)):
            raise ValueError("its function is stored in no way that is known")
        if isinstance(function, str):
            if function not in self.custom_objects:
                raise unknown_class(self.what, function)
            own = self.custom_objects[function]
            return keras.layers.Lambda(own, arguments=arguments, name=name)
        code, defaults, closure = function
        value = {"code": code, "defaults": defaults, "closure": closure}
        kept = {"name": name, "arguments": arguments}
        kept["function"] = {"class_name": "__lambda__", "config": value}
        try:
            return self._revive("Lambda", "keras.layers", kept)
        except (ValueError, EOFError, TypeError) as error:
            if not self.unsafe:
                raise
            raise ValueError(
                f"its code was compiled by another Python than this one ({first_line(str(error))})"
            ) from None

    def _sequential(self, config: Any) -> keras.Model:
        parts = config if isinstance(config, list) else config["layers"]
        name = None if isinstance(config, list) else config.get("name")
        layers = []
        for index, part in enumerate(parts):
            if part["class_name"] == "InputLayer":
                layers.append(self.input(part["config"]))
                continue
            layer = self.layer(part)
            if index == 0 and (shape := _first_shape(part["config"], layer)) is not None:
                layers.append(keras.Input(batch_shape=shape))
            layers.append(layer)
        model = keras.Sequential(layers, name=name)
        shape = None if isinstance(config, list) else config.get("build_input_shape")
        if not model.built and shape:
            model.build(tuple(plain(shape)))
        if (
            getattr(model, "inputs", None) is None
            and layers
            and isinstance(layers[0], keras.KerasTensor)
        ):
            self._explain(layers)
        return model

    def _explain(self, layers: list[Any]) -> None:
        """Raise ModelError for the layer that a Sequential, which says nothing, stopped at."""
        tensor, *rest = layers
        for layer in rest:
            with self.explained(layer.name, type(layer).__name__):
                tensor = layer(tensor)

    def input(self, config: Config) -> Any:
        """The symbolic tensor of an input layer."""
        shape = config.get("batch_input_shape") or config.get("batch_shape")
        dtype = config.get("dtype")
        return keras.Input(batch_shape=tuple(plain(shape)), dtype=dtype, name=config.get("name"))


class _Explained:
    """A context that turns any exception but a ModelError into one about a layer."""

    def __init__(self, what: str, where: str, attempt: str) -> None:
        self._what, self._where, self._attempt = what, where, attempt

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, ModelError):
            raise ModelError(
                self._what,
                where=self._where,
                why=first_line(str(_cause(error)) or type(error).__name__),
                attempt=self._attempt,
            ) from None


def _cause(error: BaseException) -> BaseException:
    """What Keras met first: it reports some failures as another, of the shapes of a layer."""
    while isinstance(error, NotImplementedError) and error.__context__ is not None:
        error = error.__context__
    return error


@dataclass
class _Replay:
    """One functional model being rebuilt: its layers, and the tensors their calls returned."""

    builder: Builder
    config: Config
    layers: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, list[list[Any]]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def model(self) -> keras.Model:
        pending: list[tuple[Config, Any]] = []
        for part in self.config["layers"]:
            name = _name(part)
            self.calls[name] = []
            if part["class_name"] == "InputLayer":
                self.calls[name].append([self.builder.input({**part["config"], "name": name})])
                continue
            self.layers[name] = self._callable(part)
            pending.extend((part, node) for node in part["inbound_nodes"])
        self._number()
        while pending:
            waiting = [entry for entry in pending if not self._called(*entry)]
            if len(waiting) == len(pending):
                names = ", ".join(sorted({_name(part) for part, _ in waiting})[:5])
                raise ModelError(self.builder.what, why=f"nothing feeds the layers {names}")
            pending = waiting
        inputs, outputs = (self._end(self.config[key]) for key in ("input_layers", "output_layers"))
        return keras.Model(inputs, outputs, name=self.config.get("name"))

    def _callable(self, part: Config) -> Callable[..., Any]:
        kind, config = part["class_name"], part["config"]
        with self.builder.explained(_name(part), kind):
            if kind in operations.CLASSES:
                return operations.function(config["function"], _name(part))
            if kind == nodes.CLASS:
                return nodes.function(config)
        layer: Callable[..., Any] = self.builder.layer(part)
        return layer

    def _number(self) -> None:
        """Whether a layer's calls count from 0 or, as nested models' did, from 1."""
        made = [part["inbound_nodes"] for part in self.config["layers"]]
        used = list(_references([made, self.config["output_layers"]], self.calls))
        for name, layer in self.layers.items():
            counted = [index for other, index in used if other == name]
            nested = isinstance(layer, keras.Model) and counted and min(counted) > 0
            self.first[name] = 1 if nested else 0

    def _called(self, part: Config, node: Any) -> bool:
        """Make one call; False if something it reads is not there yet."""
        name = _name(part)
        keywords: dict[str, Any] = {}

        def leaf(entry: Any) -> Any:
            if len(entry) > 3:
                keywords.update(entry[3] or {})
            return entry[2] if entry[0] == _CONSTANT else self._tensor(entry)

        try:
            first = _mapped(node, leaf, self.calls)
            named = {
                key: self._resolved(value)
                for key, value in keywords.items()
                if value is not None and key != "name"
            }
        except IndexError:
            return False
        except ValueError as error:
            raise ModelError(self.builder.what, why=f"in layer {name!r}, {error}") from None
        if isinstance(first, list) and len(first) == 1:
            first = first[0]
        with self.builder.explained(name, part["class_name"]):
            results = keras.tree.flatten(self.layers[name](first, **named))
        made = results[0]._keras_history.operation
        if not isinstance(made, keras.Layer) and made.name in self.layers:
            made.name = name if not self.calls[name] else f"{name}_{len(self.calls[name])}"
        self.calls[name].append(results)
        return True

    def _tensor(self, entry: Any) -> Any:
        name, node, index = entry[:3]
        return self.calls[name][node - self.first.get(name, 0)][index]

    def _resolved(self, value: Any) -> Any:
        """A keyword argument: references are tensors, the rest is plain."""
        if _is_reference(value, self.calls):
            return self._tensor(value)
        if isinstance(value, dict) and "class_name" not in value and "start" not in value:
            return {key: self._resolved(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        return plain(value, self._resolved)

    def _end(self, value: Any) -> Any:
        if _is_reference(value, self.calls):
            return self._tensor(value)
        if isinstance(value, dict):
            return {key: self._end(part) for key, part in value.items()}
        parts = [self._end(part) for part in value]
        return parts[0] if len(parts) == 1 else parts


def _is_layer(part: Config) -> bool:
    """Whether a part of a configuration is a layer, not the name or the code of a function."""
    return part.get("class_name") not in ("function", "__lambda__", None)


def _name(part: Config) -> str:
    return str(part.get("name") or part["config"]["name"])


def _first_shape(config: Any, layer: Any) -> Any:
    """The input shape that the first layer of a Sequential carries, batch axis first."""
    if isinstance(layer, keras.Model):
        return layer.input_shape if layer.built else None
    if config.get("batch_input_shape"):
        return tuple(plain(config["batch_input_shape"]))
    if config.get("input_shape"):
        return (None, *plain(config["input_shape"]))
    return None


def _is_reference(value: Any, names: Mapping[str, Any]) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and (value[0] in names or value[0] == _CONSTANT)
    )


def _mapped(node: Any, leaf: Callable[[Any], Any], names: Mapping[str, Any]) -> Any:
    if _is_reference(node, names):
        return leaf(node)
    if isinstance(node, dict):
        return {key: _mapped(value, leaf, names) for key, value in node.items()}
    if not isinstance(node, (list, tuple)):
        raise ValueError(f"{node!r} stands where a tensor should")
    return [_mapped(value, leaf, names) for value in node]


def _references(value: Any, names: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Every layer and number of a call that some other call, or an output, reads."""
    if _is_reference(value, names) and value[0] != _CONSTANT:
        yield value[0], value[1]
        value = value[3:]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part, names)


def plain(value: Any, inner: Callable[[Any], Any] | None = None) -> Any:
    """Undo how Keras 2 writes tuples, slices, shapes and ``...`` as JSON."""
    inner = inner or plain
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind in ("__tuple__", "TensorShape"):
            return tuple(inner(part) for part in value["items"])
        if kind in ("__ellipsis__", "Ellipsis"):
            return Ellipsis
        if set(value) == {"start", "stop", "step"}:
            return slice(*(inner(value[key]) for key in ("start", "stop", "step")))
    return value
