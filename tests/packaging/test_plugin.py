"""A pip package that adds a pass, an op with all forms, and a layer, used by the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fastism

ROOT = Path(fastism.__file__).parents[1]
PACKAGE = ROOT / "examples" / "plugin"
PIPELINE = "flatten,canonicalize,join-smooths{most=4},annotate,segment,split,schedule"
MODEL = """
import keras
from smoothing import Smooth

keras.utils.set_random_seed(0)
x = sequence = keras.Input((40, 4), name="sequence")
x = keras.layers.Conv1D(8, 5, activation="relu", name="conv")(x)
x = Smooth(name="first")(x)
x = Smooth(name="second")(x)
x = keras.layers.Conv1D(8, 3, activation="tanh", name="mix")(x)
keras.Model(sequence, keras.layers.Flatten(name="out")(x)).save("model.keras")
"""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plugin")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Runs Python in ``folder``, where the package is installed beside a model that needs it."""
    source, site = folder / "source", folder / "site"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "pip", "install", *offline, "--target", str(site), str(source))
    run("-c", MODEL)
    options = ("--pipeline", PIPELINE, "--custom-objects", "smoothing", "--tune", "off")
    run("-m", "fastism", "compile", "model.keras", "-o", "plan", *options)
    return run


def stage(folder: Path, name: str) -> list[str]:
    (file,) = (folder / "plan" / "ir").glob(f"*-{name}.fism")
    return file.read_text().splitlines()


def test_the_plan_is_made_of_the_packages_op_by_its_pass(run: Run, folder: Path) -> None:
    imported = [line for line in stage(folder, "imported") if "= smooth(" in line]
    assert len(imported) == 2
    (joined,) = (line for line in stage(folder, "segmented") if "= smooth(" in line)
    assert "{rounds=2}" in joined
    # The convolution's 5 and 2 on either side: 9 positions, on windows of differences.
    assert " change=9 " in joined
    assert "mode=delta" in joined
    changes = [line for line in stage(folder, "scheduled") if "smooth(" in line and "[M," in line]
    assert any(" : f32[M,9,8]" in line for line in changes)
    assert all(".delta" in line.split(" : ")[0] for line in changes)


def test_the_scores_are_the_models(run: Run, folder: Path) -> None:
    difference = run(str(Path(__file__).with_name("scores.py")), str(folder))
    assert float(difference) < 1e-5


def test_its_graphs_are_exported_and_run(run: Run, folder: Path) -> None:
    out = run("-m", "fastism", "export", "plan", "--onnx", "onnx", "--custom-objects", "smoothing")
    assert "onnx/intout.onnx" in out
    assert (folder / "onnx" / "propagate0.onnx").is_file()
