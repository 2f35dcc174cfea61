"""The golden walk: a pass at a time through pipes to the scheduled text, and that text's scores."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

import fastism
from fastism.cli import main
from fastism.runtime.inputs import random_inputs
from tests.zoo import ENTRIES

PASSES = ("flatten", "canonicalize", "annotate", "segment", "split", "schedule")
MODELS = (
    "chain_same",
    "nested_several",
    "unet",
    "lstm",
    "strands_joined",
    "outputs_at_every_depth",
)


@pytest.mark.parametrize("name", MODELS)
def test_a_walk_ends_in_the_plans_own_scores(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ENTRIES[name].build().save("model.keras")
    assert (
        main(["--quiet", "compile", "model.keras", "-o", "plan", "--tune", "off", "--no-check"])
        == 0
    )
    capsys.readouterr()
    assert main(["opt", "model.keras"]) == 0
    for pass_ in PASSES:
        text = capsys.readouterr().out
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["opt", "-", "-p", pass_, "--weights", "plan"]) == 0
    Path("scheduled.fism").write_text(capsys.readouterr().out)
    assert main(["--quiet", "compile", "scheduled.fism", "--weights", "plan", "-o", "walked"]) == 0

    plan, walked = fastism.load("plan"), fastism.load("walked")
    assert list(walked.stage) == ["scheduled"]
    x = random_inputs(plan.module.main, 2)
    expected, found = plan(x), walked(x)
    for output in plan.output_names:
        np.testing.assert_array_equal(found[output].alternate, expected[output].alternate)
        np.testing.assert_array_equal(found[output].reference, expected[output].reference)
