"""Settings of all tests, and the models that several of them share, compiled once a session.

Nothing here loads TensorFlow until a test asks for a model: those of `fastism.ir`, `fastism.io`
and the passes need none, and take a few seconds without.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.compiled import Case
    from tests.exported import Export, Exported

# Plans are TensorFlow's unless a test says otherwise: timing takes its time, and what it chooses
# depends on the machine. `FASTISM_BACKEND=auto make test` runs the same tests with the choice.
os.environ.setdefault("FASTISM_BACKEND", "tensorflow")

# A shared machine stalls at times; how long an example took says nothing of the code. And what is
# drawn is the same every time: a run says the same of the same code.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests run in one process, and share what it makes; those of the zoo by model."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))


def pytest_collection_finish() -> None:
    """What stands once the tests are known stays: the collector need not walk it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Case]:
    """``compiled(name)``: a zoo model and its plan for the TensorFlow backend."""
    from tests.compiled import compiled_case

    return compiled_case


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The export of a model of the zoo, by name; not to be altered."""
    import fastism.api as api
    from fastism.export import export as write
    from tests.exported import Exported
    from tests.zoo import ENTRIES

    @cache
    def export(name: str) -> Exported:
        entry = ENTRIES[name]
        plan = api.compile(entry.build(), length=entry.length)
        folder = tmp_path_factory.mktemp("onnx") / name
        write(plan, folder, check=False)
        return Exported(plan, folder)

    return export
