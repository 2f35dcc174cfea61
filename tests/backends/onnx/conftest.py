"""A few small models, compiled and exported once."""

from __future__ import annotations

from functools import cache

import pytest

import fastism.api as api
from fastism.backends import onnx as backend
from tests.backends.onnx.exports import Export, Exported
from tests.zoo import ENTRIES


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The export of a model of the zoo, by name; not to be altered."""

    @cache
    def export(name: str) -> Exported:
        entry = ENTRIES[name]
        plan = api.compile(entry.build(), length=entry.length)
        folder = tmp_path_factory.mktemp("onnx") / name
        backend.export(plan, folder, check=False)
        return Exported(plan, folder)

    return export
