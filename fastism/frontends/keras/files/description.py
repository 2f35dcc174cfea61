"""A model's description in JSON or YAML: what ``to_json()`` and ``to_yaml()`` wrote."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastism.errors import ModelError
from fastism.frontends.keras.files.limits import CONFIGURATION

_PARTS = 2**20
"""Parts of a description, each counted as often as it is repeated by YAML's aliases."""


def described(path: Path) -> dict[str, Any] | None:
    """The configuration that a file of text describes a model by; None if it does not.

    Raises ModelError for one that is too long, or YAML that cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    if b"\0" in start or (b"class_name" not in start and path.suffix not in _ENDINGS):
        return None
    if path.stat().st_size > CONFIGURATION:
        raise ModelError(
            f"the description {path.name!r} is not trusted",
            why=f"it is {path.stat().st_size:,} bytes long, and {CONFIGURATION:,} is the most",
        )
    text = path.read_bytes().decode("utf8", "replace")
    try:
        config = json.loads(text)
        if isinstance(config, str):  # written with json.dump(model.to_json())
            config = json.loads(config)
    except RecursionError:
        return None
    except ValueError:
        config = None if text.lstrip().startswith("{") else _yaml(path, text)
    return config if isinstance(config, dict) and "class_name" in config else None


_ENDINGS = (".json", ".yaml", ".yml")


def _yaml(path: Path, text: str) -> Any:
    """YAML as plain values: no tag of it makes an object, but for tuples and text of Python 2."""
    if find_spec("yaml") is None:
        raise ModelError(
            f"cannot read {path.name!r}: it is YAML", attempt="pip install 'fastism[legacy]'"
        )
    yaml: Any = import_module("yaml")

    class Plain(yaml.SafeLoader):  # type: ignore[misc]
        """A safe loader that knows how Python's tuples and text are written."""

    tag = "tag:yaml.org,2002:python/"
    Plain.add_constructor(f"{tag}tuple", lambda self, node: self.construct_sequence(node))
    for kind in ("unicode", "str"):
        Plain.add_constructor(f"{tag}{kind}", lambda self, node: self.construct_scalar(node))
    try:
        config = yaml.load(text, Plain)
        parts = _size(config, {})
    except (yaml.YAMLError, RecursionError) as error:
        raise ModelError(
            f"cannot read the description {path.name!r}",
            why=str(error).splitlines()[0],
            attempt="write it anew with to_json(), in the Keras that wrote it",
        ) from None
    if parts > _PARTS:
        raise ModelError(
            f"the description {path.name!r} is not trusted",
            why=f"its aliases stand for {parts:,} parts, and {_PARTS:,} is the most",
        )
    return config


def _size(part: Any, known: dict[int, int]) -> int:
    """How many parts something is made of, when written out without aliases."""
    if isinstance(part, (dict, list)) and id(part) not in known:
        inner = part.values() if isinstance(part, dict) else part
        known[id(part)] = 1 + sum(_size(each, known) for each in inner)
    return known.get(id(part), 1)
