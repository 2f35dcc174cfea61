"""Settings of all tests, and the models that several of them share, compiled once a session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import settings

from tests.compiled import Case, compiled_case
from tests.exported import Export, Exported
from tests.zoo import ENTRIES

# A shared machine stalls at times; how long an example took says nothing of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Case]:
    """``compiled(name)``: a zoo model and its plan for the TensorFlow backend."""
    return compiled_case


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The export of a model of the zoo, by name; not to be altered."""
    import fastism.api as api
    from fastism.export import export as write

    @cache
    def export(name: str) -> Exported:
        entry = ENTRIES[name]
        plan = api.compile(entry.build(), length=entry.length)
        folder = tmp_path_factory.mktemp("onnx") / name
        write(plan, folder, check=False)
        return Exported(plan, folder)

    return export
