"""oneDNN is on before TensorFlow loads, unless the user said otherwise; too late is said."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from fastism.errors import FastismWarning

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="TensorFlow decides so on x86-64 alone"
)


@pytest.mark.parametrize(("given", "found"), [(None, "1"), ("0", "0")])
def test_the_variable_is_set_before_tensorflow_loads(
    tmp_path: Path, given: str | None, found: str
) -> None:
    (tmp_path / "keras.py").write_text("")
    (tmp_path / "tensorflow.py").write_text("import os; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])")
    kept = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    root = Path(__file__).parents[1]
    environment = {**kept, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, root)))}
    if given is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = given
    command = [sys.executable, "-c", "import fastism.quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == found


@pytest.mark.parametrize("on", [True, False])
def test_too_late_is_said_where_onednn_is_off(monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    from fastism import quiet

    port = importlib.import_module("tensorflow.python.util._pywrap_util_port")
    monkeypatch.setattr(port, "IsMklEnabled", lambda: on)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        importlib.reload(quiet)
    said = [str(w.message) for w in caught if issubclass(w.category, FastismWarning)]
    assert len(said) == (0 if on else 1)
    assert on or "TF_ENABLE_ONEDNN_OPTS=1" in said[0]
    assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ


def test_many_functions_of_one_place_are_not_taken_for_one_traced_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fastism.quiet import graph_function, tf

    said: list[str] = []
    monkeypatch.setattr(tf.get_logger(), "warning", lambda text, *rest: said.append(text))

    def doubled(_: int) -> object:
        return graph_function(lambda x: x * 2.0, autograph=False)

    for function in map(doubled, range(8)):
        assert float(function(tf.constant(3.0))) == 6.0
    assert not said
