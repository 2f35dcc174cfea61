"""Every stage of random models prints, parses, and prints the same bytes."""

from __future__ import annotations

import pytest

from fastism.api import start
from fastism.ir import print_module, read_module
from fastism.passes import DEFAULT, Pipeline
from fastism.testing.random_models import draw


def check(seed: int) -> None:
    drawing = draw(seed)
    passes = {"pipeline", "stop_layers"}
    given = {key: value for key, value in drawing.options.items() if key not in passes}
    module = start(drawing.model, **given).module
    for stage in Pipeline.parse(DEFAULT).run_stages(module):
        text = print_module(stage)
        assert print_module(read_module(text)) == text


@pytest.mark.parametrize("seed", range(6))
def test_every_stage_of_random_models_reads_back(seed: int) -> None:
    check(seed)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(6, 206))
def test_every_stage_of_two_hundred_random_models_reads_back(seed: int) -> None:
    check(seed)
