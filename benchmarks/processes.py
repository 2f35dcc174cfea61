"""Measure in processes of their own, and make the environments that peers run in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import Task

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "peers"
SETTINGS = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}
"""For the plan, the model and every peer alike: all run on the same TensorFlow kernels."""
LIMIT = 900
"""Seconds a cell may take before it counts as not measured."""


class NotMeasuredError(Exception):
    """Why there is no number."""


@dataclass(frozen=True)
class Peer:
    """Another tool: what pip installs for it, the Pythons that run it, and our script."""

    name: str
    requirements: tuple[str, ...]
    pythons: tuple[str, ...]

    @property
    def script(self) -> Path:
        """What measures it."""
        return ROOT / "benchmarks" / "peers" / f"{self.name}_peer.py"


FASTISM = Peer(
    "fastism",
    ("fastism==0.5.1", "tensorflow-cpu==2.15.1", "numpy<2", "pydot"),
    ("3.11", "3.10"),
)
YUZU = Peer("yuzu", ("yuzu-ism==0.0.1", "torch==2.13.0"), ("3.11", "3.12", "3.13", "3.10"))


def measure_here(module: str, task: Task) -> dict[str, Any]:
    """The answer of a module of this package. Raises NotMeasuredError."""
    return _measure([sys.executable, "-m", f"benchmarks.{module}"], module, task, ROOT)


def measure_peer(peer: Peer, task: Task) -> dict[str, Any]:
    """The answer of a peer's script, in the peer's environment. Raises NotMeasuredError."""
    command = [str(_environment(peer)), str(peer.script)]
    # Not from the root: fastISM 0.5.1 is a package of the same name as ours.
    return _measure(command, peer.name, task, ROOT / "benchmarks")


def _measure(command: Sequence[str], name: str, task: Task, where: Path) -> dict[str, Any]:
    task.folder.mkdir(parents=True, exist_ok=True)
    question, answer = task.folder / "task.json", task.folder / f"{name}.json"
    task.save(question)
    answer.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(where), **SETTINGS}
    _run([*command, str(question), str(answer)], where, environment)
    result: dict[str, Any] = json.loads(answer.read_text())
    return result


def _environment(peer: Peer) -> Path:
    """The Python of a peer's environment, which is made if it is not there."""
    folder = KEPT / peer.name
    python, ready = folder / "bin" / "python", folder / "ready"
    wanted = "\n".join(peer.requirements)
    if not ready.exists() or ready.read_text() != wanted:
        base = _python(peer.pythons)
        print(f"installing {' '.join(peer.requirements)} into {folder}", flush=True)
        _run([base, "-m", "venv", "--clear", str(folder)], ROOT)
        _run([str(python), "-m", "pip", "install", "--quiet", *peer.requirements], ROOT)
        ready.write_text(wanted)
    return python


def _python(versions: Sequence[str]) -> str:
    """An interpreter of one of some versions."""
    for version in versions:
        for name in (sys.executable, f"python{version}", "python3"):
            path = shutil.which(name)
            if path and _version(path) == version:
                return path
    raise NotMeasuredError(f"needs Python {' or '.join(versions)}, and none is on the path")


def _version(python: str) -> str:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _run(command: Sequence[str], where: Path, environment: dict[str, str] | None = None) -> None:
    """Run a command quietly. Raises NotMeasuredError with the last thing it said."""
    try:
        done = subprocess.run(
            command,
            cwd=where,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"not done after {LIMIT} s") from None
    if done.returncode < 0:
        raise NotMeasuredError(f"ended by signal {-done.returncode}, as where memory runs out")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = lines[-1] if lines else f"exit status {done.returncode}"
        raise NotMeasuredError(said if len(said) <= 160 else said[:157] + "...")
