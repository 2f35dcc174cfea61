"""Every example runs as its first lines say, and is short enough to read at a glance."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import fastism
from docs.make_public_names import PUBLIC

EXAMPLES = Path(fastism.__file__).parent.parent / "examples"


RUN = ("custom_pass.py", "custom_layer.py", "custom_op.py")
ONE_BY_ONE = """
import runpy, sys
for path in sys.argv[1:]:
    print(f"example {path}")
    runpy.run_path(path, run_name="__main__")
"""


@cache
def printed() -> dict[str, str]:
    """What every example prints, by name, run in a process that is none of the tests'."""
    command = [sys.executable, "-c", ONE_BY_ONE, *(str(EXAMPLES / name) for name in RUN)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    _, *texts = re.split(r"^example .*\n", done.stdout, flags=re.MULTILINE)
    return dict(zip(RUN, texts, strict=True))


def test_custom_pass_removes_the_noise_layer() -> None:
    imported, cleaned, *_ = printed()["custom_pass.py"].split("// fastism 1")[1:]
    assert "gaussian_noise" in imported
    assert "gaussian_noise" not in cleaned
    assert "after=drop-gaussian-noise" in cleaned


def difference(text: str) -> float:
    """From the model, as an example prints it last."""
    found = re.search(r"difference: (\S+)", text)
    assert found is not None
    return float(found[1])


def test_custom_layers_stay_local_and_agree_with_the_model() -> None:
    text = printed()["custom_layer.py"]
    assert "gate_1: delta \ngate_2: delta \n" in text
    assert "pool: whole (locality ends: is registered as reading the whole length)" in text
    assert difference(text) < 1e-5


def test_custom_op_stays_local_and_agrees_with_the_model() -> None:
    text = printed()["custom_op.py"]
    node = next(line for line in text.splitlines() if "= soft_max_pool(" in line)
    assert "change=2 " in node
    assert difference(text) < 1e-5


@pytest.mark.parametrize("name", RUN)
def test_an_example_is_under_fifty_lines(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 50


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: path.name)
def test_an_example_needs_public_names_alone(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("fastism"):
            assert node.module in PUBLIC
            assert {each.name for each in node.names} <= set(import_module(node.module).__all__)
        elif isinstance(node, ast.Import):
            assert not [each.name for each in node.names if each.name.startswith("fastism.")]
