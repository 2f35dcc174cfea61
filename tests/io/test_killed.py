"""Runs that are killed at any step go on, and leave what a run that is left alone does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["killed", "killed_variants"])
@pytest.mark.parametrize("stride", [16, pytest.param(1, marks=pytest.mark.sweep)])
def test_a_run_killed_before_any_step_goes_on(tmp_path: Path, stride: int, kind: str) -> None:
    """In a process without TensorFlow, whose threads do not live through a fork."""
    command = [sys.executable, "-m", f"tests.io.{kind}", str(tmp_path), str(stride)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = re.fullmatch(r"killed (\d+) times, at steps 0 to \d+\n", done.stdout)
    assert said is not None
    assert int(said[1]) > 80 // stride
