"""SavedModel folders, and ``.keras`` files of Keras 2: tf_keras makes legacy HDF5 of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastism.errors import ModelError
from fastism.frontends.keras.files.given import references
from fastism.frontends.keras.files.legacy import REWRITE, operations
from fastism.frontends.keras.files.model_file import ModelFile
from fastism.frontends.keras.files.trust import objects, refuse_code

_METADATA = "keras_metadata.pb"
_LEGACY = "pip install 'fastism[legacy]'"


def has_layers(folder: Path) -> bool:
    """Whether a SavedModel says of which layers of Keras it is made."""
    return (folder / _METADATA).exists()


@contextmanager
def as_hdf5(
    file: ModelFile, what: str, custom_objects: Mapping[str, Any] | None, *, unsafe: bool
) -> Iterator[Path]:
    """The path of a temporary ``.h5`` file with the model that a folder or file holds.

    Raises ModelError, beginning with ``what``: without tf_keras, for code in it while ``unsafe`` is
    false, and for a model that has no configuration.
    """
    if find_spec("tf_keras") is None:
        raise ModelError(
            what,
            why="Keras 3 does not read SavedModel folders, nor .keras files of Keras 2",
            attempt=_LEGACY,
        )
    configs = _metadata(file.path, what) if file.path.is_dir() else [file.config]
    if not unsafe:
        refuse_code(configs, what, custom_objects)
    _refuse_functions(configs, what)
    tf_keras = import_module("tf_keras")
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder, "model.h5")
        try:
            model = tf_keras.models.load_model(
                file.path,
                custom_objects={name: _stand_in(name) for name in references(configs)},
                compile=False,
                safe_mode=not unsafe,
            )
            _say_vocabularies(model)
            model.save(converted, save_format="h5")
        except Exception as error:  # tf_keras raises many types for one cause
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise ModelError(
                what,
                why=(lines[0] if lines else type(error).__name__)[:200],
                attempt=f"{REWRITE}, saved by the old model's save_weights('weights.h5')",
            ) from None
        yield converted


def _say_vocabularies(model: Any) -> None:
    """Let lookups, whose vocabularies a folder keeps in files, say them in the configuration."""
    for layer in model._flatten_layers():
        if hasattr(layer, "get_vocabulary") and not layer.input_vocabulary:
            layer.input_vocabulary = layer.get_vocabulary(include_special_tokens=False)


def _stand_in(name: str) -> Callable[[Any], Any]:
    """A function that keeps the place of one the user gave, which is of Keras 3, and its name."""

    def stand_in(x: Any) -> Any:
        return x

    stand_in.__name__ = name
    return stand_in


def _metadata(path: Path, what: str) -> list[Any]:
    """What Keras wrote about every layer of a folder."""
    content = import_module("tf_keras.protobuf.saved_metadata_pb2").SavedMetadata()
    try:
        content.ParseFromString((path / _METADATA).read_bytes())
        return [json.loads(node.metadata) for node in content.nodes]
    except Exception as error:  # a damaged message raises one of several types
        raise ModelError(
            what, why=f"{_METADATA} is damaged: {error}", attempt="copy the folder again"
        ) from None


def _refuse_functions(configs: list[Any], what: str) -> None:
    """Refuse TensorFlow functions that are not known: tf_keras calls any, and some write files."""
    for part in objects(configs):
        if part["class_name"] in operations.CLASSES:
            try:
                operations.function(str(part["config"]["function"]))
            except ValueError as error:
                raise ModelError(what, why=str(error), attempt=REWRITE) from None
