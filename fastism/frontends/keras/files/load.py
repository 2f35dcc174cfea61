"""Load a Keras model file, of any age, and say clearly why one cannot be loaded."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras

from fastism.errors import FastismError, ModelError, reason
from fastism.frontends.base import Architecture
from fastism.frontends.file_hash import file_hash
from fastism.frontends.keras.files.architecture import built, counting_anew
from fastism.frontends.keras.files.description import described
from fastism.frontends.keras.files.edited import as_keras_names_it
from fastism.frontends.keras.files.given import lambdas, with_given
from fastism.frontends.keras.files.legacy import REWRITE
from fastism.frontends.keras.files.legacy.graph import Builder
from fastism.frontends.keras.files.legacy.weights import load_weights
from fastism.frontends.keras.files.limits import as_large_as, check_results
from fastism.frontends.keras.files.model_file import ModelFile, look, major
from fastism.frontends.keras.files.saved_model import as_hdf5, has_layers
from fastism.frontends.keras.files.served import served
from fastism.frontends.keras.files.trust import refuse_code, unknown_class
from fastism.frontends.keras.said import first_line, message

__all__ = ["file_hash", "load_model"]

_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown [\w ]+:) '(.+?)'")
"""How Keras names a class or function it does not know, in .keras and in .h5 files."""


@counting_anew()
def load_model(
    path: str | os.PathLike[str],
    *,
    unsafe: bool = False,
    custom_objects: Mapping[str, Any] | None = None,
    architecture: Architecture | None = None,
    signature: str | None = None,
) -> keras.Model:
    """Load a model, uncompiled: ``.keras``, ``.h5``, ``.hdf5``, or a SavedModel folder.

    Files of Keras 1 and 2 are rebuilt of Keras 3's layers; a SavedModel of theirs needs
    ``tf_keras``, one without layers is run as the program it is, if ``unsafe``.

    ``custom_objects`` maps names in the file to the user's classes and functions; a function by the
    name of a layer takes the place of the layer's code, or of its activation.
    ``unsafe`` lets the file run code it carries (Lambda layers, programs). ``architecture`` returns
    the built model, or is the path of its description, and the file gives its weights.
    ``signature`` names the function of a SavedModel that is the model, in the place of its layers.

    Raises ModelError, with what to try, for a file that is missing, damaged, of another format or
    of weights alone; that carries code while ``unsafe`` is false; or that needs unknown classes.
    """
    path = Path(path)
    what = f"cannot load the model file {path.name!r}"
    file = look(path, architecture=architecture is not None)
    given = dict(custom_objects or {})
    builder = Builder(what, given, unsafe)
    if signature is not None and (file.kind != "saved model" or architecture is not None):
        raise ModelError(
            what,
            why=f"it has no signature {signature!r}: only a SavedModel folder serves by name",
            attempt="leave the signature out",
        )
    if callable(architecture):
        return _filled(built(architecture), file, what)
    if architecture is not None:
        return _described(Path(architecture), file, builder)
    if file.kind == "saved model":
        if signature is not None or not has_layers(path):
            return served(path, what, signature, unsafe=unsafe)
        with as_hdf5(file, what, given, unsafe=unsafe) as converted:
            return _legacy(builder, _checked(look(converted), builder))
    file = _checked(file, builder)
    if file.kind == "keras" and file.version < 3:
        with as_keras_names_it(file) as path:
            file = dataclasses.replace(file, path=path)
            with as_hdf5(file, what, given, unsafe=unsafe) as converted:
                return _legacy(builder, _checked(look(converted), builder))
    if _is_old_hdf5(file):
        return _legacy(builder, file)
    return _of_keras_3(file, builder)


def _checked(file: ModelFile, builder: Builder) -> ModelFile:
    """The file with the user's functions in its configuration. Raises ModelError for code in it."""
    given, what = builder.custom_objects, builder.what
    try:
        config = with_given(file.config, given, what, unsafe=builder.unsafe)
    except RecursionError:
        raise ModelError(what, why="its configuration is nested without end") from None
    if not builder.unsafe:
        refuse_code(config, what, given)
    return dataclasses.replace(file, config=config, edited=config != file.config)


def _described(path: Path, weights: ModelFile, builder: Builder) -> keras.Model:
    """The model that a file of JSON or YAML describes, with the weights of another file."""
    try:
        config, why = described(path), "it is no JSON or YAML with a class_name"
    except FileNotFoundError:
        config, why = None, "there is no file"
    except OSError as error:
        config, why = None, reason(error)
    if config is None:
        raise ModelError(
            f"the architecture {str(path)!r} describes no model",
            why=why,
            attempt="what model.to_json() wrote, or a function that returns the built model",
        )
    newer = "module" in config and "keras_version" not in config
    version = 3 if newer else major(config.get("keras_version", "1"))
    builder = dataclasses.replace(builder, what=f"cannot build the model of {path.name!r}")
    file = _checked(ModelFile(path, "described", config, version, stored=weights.stored), builder)
    model = _rebuilt(builder, file) if version < 3 else _revived(builder, file)
    backend = str(config.get("backend", ""))
    what = f"cannot load the model file {weights.path.name!r}"
    return _filled(model, weights, what, rebuilt=True, backend=backend)


def _revived(builder: Builder, file: ModelFile) -> keras.Model:
    """The model of a description by Keras 3."""
    try:
        with as_large_as(file.stored, builder.what):
            return keras.saving.deserialize_keras_object(
                file.config,
                custom_objects=dict(builder.custom_objects),
                safe_mode=not builder.unsafe,
            )
    except ModelError:
        raise
    except Exception as error:  # Keras raises many types for one cause
        raise _explained(builder.what, str(error), lambdas(file.config)) from None


def _is_old_hdf5(file: ModelFile) -> bool:
    return file.kind == "h5" and file.version < 3


def _legacy(builder: Builder, file: ModelFile) -> keras.Model:
    return _filled(_rebuilt(builder, file), file, builder.what, rebuilt=True)


def _rebuilt(builder: Builder, file: ModelFile) -> keras.Model:
    """The model of a configuration of Keras 1 or 2, its weights still to be set."""
    what = builder.what
    try:
        class_name, config = file.config["class_name"], file.config["config"]
        with as_large_as(file.stored, what):
            model = builder.model(class_name, config)
        check_results(model, what)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ModelError(
            what,
            why=f"its configuration is not one of Keras's: {type(error).__name__} {error}",
            attempt="copy the file or save the model again",
        ) from None
    return model


def _filled(
    model: keras.Model, file: ModelFile, what: str, *, rebuilt: bool = False, backend: str = ""
) -> keras.Model:
    """The model with the file's weights in it."""
    if not model.built:
        raise ModelError(
            what,
            why="the file does not say how long its input is",
            attempt=REWRITE,
        )
    try:
        if file.kind in ("h5", "h5 weights"):
            with h5py.File(file.path, "r") as opened:
                group = opened.get("model_weights", opened)
                load_weights(model, group, what, rebuilt=rebuilt, backend=backend)
        else:
            with as_keras_names_it(file) as path:
                keras.saving.load_weights(model, path)
    except ModelError:
        raise
    except Exception as error:  # Keras and h5py raise many types for one cause
        raise ModelError(
            what,
            why=f"its weights do not fit the model: {first_line(message(error))}",
            attempt="the function that built the model the weights were saved from",
        ) from None
    return model


def _of_keras_3(file: ModelFile, builder: Builder) -> keras.Model:
    given, what = dict(builder.custom_objects), builder.what
    try:
        with as_keras_names_it(file) as path, as_large_as(file.stored, what):
            model = keras.saving.load_model(
                path, custom_objects=given, compile=False, safe_mode=not builder.unsafe
            )
    except ModelError:
        raise
    except Exception as error:  # Keras raises many types for one cause
        raise _explained(what, message(error), lambdas(file.config)) from None
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"the file {file.path.name!r} does not hold a model",
            why=f"it holds a {type(model).__name__}",
            attempt="save the whole model with model.save('model.keras')",
        )
    check_results(model, what)
    return model


def _explained(what: str, said: str, lambdas: Sequence[str]) -> FastismError:
    """One clear statement of why Keras refused a file, from what Keras says."""
    unknown = _UNKNOWN.search(said)
    if unknown:
        return unknown_class(what, unknown[1].split(">")[-1])
    attempt = "load it in Python with the version of Keras that wrote it, and pass the model"
    if lambdas:
        attempt = f"your own function: custom_objects={{{lambdas[0]!r}: function}}; or {attempt}"
    return ModelError(what, why=first_line(said), attempt=attempt)
