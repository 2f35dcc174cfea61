"""What a model's configuration may name: a file is data, and brings no code of its own.

A configuration says which classes and functions to rebuild. Here every name in it is held against
what Keras offers for building models and what this process registered or was given; the rest is
refused before Keras sees it. Keras has checks too, but versions before 3.11.3 skip them in
``.h5`` files, and earlier ones import whatever module a file names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from fastism.errors import FastismError, ModelError

CODE = "it carries Python code of its own (a lambda), which loading it would run"
"""Why a file with code is refused."""

_CODE = {
    "__lambda__": CODE,
    "TFSMLayer": "it runs a TensorFlow program from a folder it names (TFSMLayer)",
    "TensorFlowProgram": "it carries a TensorFlow program, which executes what stands in it",
    "TorchModuleWrapper": "it carries a pickle, which can run any code (TorchModuleWrapper)",
    "JaxLayer": "it carries a function (JaxLayer)",
    "FlaxLayer": "it carries a function (FlaxLayer)",
}
_PARTS = (
    "activations",
    "constraints",
    "dtype_policies",
    "engine",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
)
"""The parts of Keras a model is built of; the tools that read and write files are elsewhere."""

_FUNCTIONS = (
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "ops",
    "regularizers",
)
_VALUES = {"__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__keras_tensor__"}
"""What Keras writes for values that JSON has no word for."""

_POLICIES = ("keras.mixed_precision", ("Policy", "DTypePolicy"))
"""How Keras 2 names what a layer computes in: a module, and classes of it."""

_NAMES = ("class_name", "registered_name")
_TOOLS = {"get", "serialize", "deserialize"}
_LARGEST = 2**31
"""No layer has an extent this large: a number beyond it only exhausts the memory."""


def refuse_code(
    config: Any,
    what: str,
    custom_objects: Mapping[str, Any] | None,
    error: type[FastismError] = ModelError,
) -> None:
    """Raise ``error`` if rebuilding ``config`` would run code that came with the file.

    ``what``: the first line of the message. ``custom_objects``: the user's own code, by name.
    """
    given = dict(custom_objects or {})
    for part in objects(config):
        layer = layer_name(part)
        why = _reason(part, given)
        if why:
            own = f", or your own function: custom_objects={{{layer!r}: function}}"
            raise error(
                what,
                where=f"layer {layer!r}" if layer else None,
                why=why,
                attempt="if you trust the file, unsafe=True (--unsafe on the command line)"
                + (own if part["class_name"] == "Lambda" and error is ModelError else ""),
            )
        unknown = _foreign(part, given)
        if unknown:
            raise unknown_class(what, unknown, error)


def unknown_class(
    what: str, name: str, error: type[FastismError] = ModelError, where: str | None = None
) -> FastismError:
    """The error for a class or function that is the user's own and was not given."""
    bare = name.rpartition(">")[2]
    return error(
        what,
        where=where,
        why=f"it uses {bare}, which is not part of Keras",
        attempt=f"supply the code: custom_objects={{{name!r}: {bare}}} "
        "(--custom-objects file.py on the command line)",
    )


def objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in a configuration that names a class, outermost first."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part
            waiting.extend(reversed(part.values()))
        elif isinstance(part, (list, tuple)):
            waiting.extend(reversed(part))


def layer_name(part: Mapping[str, Any]) -> str:
    """The name of the layer that a part of a configuration describes; empty if it says none."""
    config = part.get("config")
    inner = config.get("name") if isinstance(config, dict) else None
    return str(part.get("name") or inner or "")


def _reason(part: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Why rebuilding an object would run code of the file's, or reach outside it."""
    config = part.get("config")
    # Keras goes by either name.
    names = [str(part[key]).rpartition(">")[2] for key in _NAMES if key in part]
    if "Lambda" in names:
        function = config.get("function") if isinstance(config, dict) else None
        named = function.get("config") if isinstance(function, dict) else function
        own = isinstance(named, str) and registered(named, given)
        return None if own else _CODE["__lambda__"]
    for name in names:
        if name in _CODE:
            return _CODE[name]
    if isinstance(config, dict):
        if isinstance(config.get("vocabulary"), str):
            return f"it reads the file {config['vocabulary']!r} when it is loaded"
        for key, value in config.items():
            if isinstance(value, int) and value >= _LARGEST:
                return f"its {key} is {value:,}, which no memory holds"
    return None


def _foreign(part: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """The name of an object that is neither part of Keras nor given, if it is one."""
    if "module" not in part:  # of the older formats: looked up among Keras's layers alone
        return None
    name, module, config = str(part["class_name"]), part["module"], part.get("config")
    if name == "function":
        keras_own = module in (None, "builtins") or _is_part(str(module))
        known = registered(config, given) or (keras_own and _is_function(str(config)))
        return None if known else str(config)
    if module == _POLICIES[0] and name in _POLICIES[1]:
        return None
    key = part.get("registered_name", name)
    if registered(key, given) or name in _VALUES or _is_part(str(module)):
        return None
    return str(key or name)


def registered(name: Any, given: Mapping[str, Any]) -> bool:
    """Whether a name was given, or registered by code this process imported itself."""
    return isinstance(name, str) and (
        name in given or keras.saving.get_registered_object(name) is not None
    )


def _is_function(name: str) -> bool:
    homes = [getattr(keras, part) for part in _FUNCTIONS]
    return name not in _TOOLS and any(callable(getattr(home, name, None)) for home in homes)


def _is_part(module: str) -> bool:
    module = module.removeprefix("tf_")
    top = module.removeprefix("keras.src.").removeprefix("keras.").partition(".")[0]
    return module == "keras" or (module.startswith("keras.") and top in _PARTS)
