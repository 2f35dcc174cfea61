"""The architecture, held: who imports whom, what loads TensorFlow, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

import fastism

ROOT = Path(fastism.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
KERAS_ROOMS = ROOT / "frontends" / "keras"
LONGEST = 400

FRAMEWORKS = ("tensorflow", "keras", "torch", "onnx", "matplotlib")

SEAM = ("frontends.base", "frontends.registry", "frontends.models")
"""What all but front ends know of front ends."""

MAY_IMPORT = {
    "errors": (),
    "data": ("errors",),
    "plugins": ("errors",),
    "caching": ("errors",),
    "uncollected": ("errors",),
    "scores": ("errors",),
    "reductions": ("errors",),
    "ir": ("errors",),
    "passes": ("errors", "plugins", "ir"),
    "quiet": ("errors",),
    "frontends": ("errors", "plugins", "reductions", "ir", "quiet"),
    "backends": ("errors", "plugins", "caching", "ir", "quiet", "uncollected", "passes.fuse"),
    "io": ("errors", "scores", "ir"),
    "variants": ("errors", "io", "runtime"),
    "plotting": ("errors", "scores", "ir", "io"),
    "runtime": (
        *("errors", "scores", "reductions", "ir", "io", "plotting", "backends.base"),
        "cluster.stream",
    ),
    "calibration": ("errors", "caching", "ir", "passes", "backends", "runtime"),
    "report": ("errors", "scores", "ir", "passes", "io", "plotting", "runtime"),
    "checking": ("errors", "ir", "io", "passes", *SEAM, "backends", "runtime"),
    "export": ("errors", "ir", "backends", "io", "runtime", "checking"),
    "api": (
        *("errors", "reductions", "ir", "passes", *SEAM, "backends", "io", "runtime"),
        *("calibration", "uncollected"),
    ),
    "compatibility": ("errors", *SEAM, "runtime", "checking", "api"),
    "demo": (
        *("errors", "data", "ir", *SEAM, "io", "plotting", "runtime", "report"),
        *("checking", "api"),
    ),
    "testing": (
        *("errors", "ir", "passes", "frontends", "backends", "io", "runtime", "checking"),
        *("api", "quiet"),
    ),
    "cluster": ("errors", "io", "runtime", "variants", "api", "cli.options"),
    "cli": ("",),
}
"""Package to the packages it may import besides itself; the empty name stands for all."""

TOP_OF_THE_HOUSE = {"fastism", "fastism.__main__"}
"""They only hand on names, and run the command line."""

KERAS = ("quiet", "frontends.keras", "backends.tensorflow")
ONLY_IN = {
    "tensorflow": (*KERAS, "backends.onnx", "testing.drawing"),
    "keras": (*KERAS, "testing.drawing", "testing.random_models", "testing.conformance.models"),
    "onnx": ("backends.onnx", "export"),
    "onnxruntime": ("backends.onnx",),
    "tf2onnx": ("backends.onnx",),
    "llvmlite": ("backends.native",),
    "platformdirs": ("caching",),
    "matplotlib": ("plotting",),
    "logomaker": ("plotting",),
    "h5py": ("io", "frontends.keras"),
    "dnaio": ("io",),
    "pysam": ("io",),
    "filelock": ("io",),
    "distributed": ("cluster",),
    "dask": (),
    "pyBigWig": ("io.writers",),
    "zarr": ("io.writers",),
    "safetensors": ("io",),
    "click": ("cli",),
    "rich": ("cli",),
    "jinja2": ("report",),
    "pickle": (),
    "torch": (),
}
"""Outside packages, and the only parts of fastism that may reach for them."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names imported anywhere in a file, inside functions too, but not for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node)


def within(name: str, package: str) -> bool:
    return not package or name == package or name.startswith(f"{package}.")


def wrong_imports(module: str, tree: ast.AST) -> list[str]:
    """The imports of a module that the tables forbid."""
    inside = module.removeprefix("fastism.")
    own = inside.partition(".")[0]
    allowed = (own, *MAY_IMPORT[own])
    wrong = []
    for name in imports(tree):
        outside, _, rest = name.partition(".")
        if outside == "fastism":
            if rest and not any(within(rest, p) or within(p, rest) for p in allowed):
                wrong.append(name)
        elif outside in ONLY_IN and not any(within(inside, home) for home in ONLY_IN[outside]):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_keeps_to_its_floor(path: Path) -> None:
    module = module_name(path)
    if module in TOP_OF_THE_HOUSE:
        return
    assert not wrong_imports(module, ast.parse(path.read_text(encoding="utf-8")))


OF_KERAS = (
    "fastism.frontends.keras",
    "fastism.frontends.registry",  # names it, and imports it when it is asked for
    "fastism",  # register_layer, which is about layers of Keras
    "fastism.testing.drawing",  # random models of Keras
)


def test_front_ends_are_known_by_their_seam_alone() -> None:
    """No file names the folder of a front end, not even as text to import by."""
    for path in FILES:
        module = module_name(path)
        if module == "fastism" or any(
            within(module, home) for home in OF_KERAS if home != "fastism"
        ):
            continue
        assert "fastism.frontends.keras" not in path.read_text(encoding="utf-8"), module


def test_finding_a_front_end_loads_no_framework() -> None:
    ask = "from fastism.frontends import registry as r; print(r.recognising('model.keras'))"
    loaded = loaded_by("-c", ask)
    assert "fastism" in loaded
    assert not loaded.intersection(FRAMEWORKS)


def room(module: str) -> str | None:
    """The room of the Keras front end that a module lies in; None outside, and on the landing."""
    inside = module.removeprefix("fastism.frontends.keras.")
    name = inside.partition(".")[0]
    return name if inside != module and (KERAS_ROOMS / name).is_dir() else None


def test_no_room_of_the_keras_front_end_imports_in_a_circle() -> None:
    doors = nx.DiGraph()
    for path in KERAS_ROOMS.rglob("*.py"):
        own = room(module_name(path))
        for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
            other = room(name)
            if own and other and own != other:
                doors.add_edge(own, other)
    assert set(doors) == {"files", "calls", "live", "lowering", "handlers"}
    assert list(nx.simple_cycles(doors)) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("fastism.ir.graph", "from fastism.passes import base"),
        ("fastism.ir.graph", "from fastism import api"),
        ("fastism.passes.flatten", "import fastism.frontends.keras"),
        ("fastism.passes.flatten", "def f():\n    import tensorflow as tf"),
        ("fastism.runtime.plan", "from fastism.backends import tensorflow"),
        ("fastism.runtime.plan", "from fastism.api import compile"),
        ("fastism.io.scores", "import pickle"),
        ("fastism.runtime.plan", "try:\n    import h5py\nexcept ImportError: ..."),
        ("fastism.api", "from fastism.cli import main"),
    ],
)
def test_the_tables_have_teeth(module: str, text: str) -> None:
    assert wrong_imports(module, ast.parse(text))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("fastism.runtime.plan", "from fastism.backends import base"),
        ("fastism.runtime.plan", "from fastism.backends.base import Backend"),
        ("fastism.cli.run", "from fastism import api, data"),
        ("fastism.io.scores", "if TYPE_CHECKING:\n    import keras"),
    ],
)
def test_the_tables_let_the_rest_pass(module: str, text: str) -> None:
    assert not wrong_imports(module, ast.parse(text))


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def loaded_by(*command: str) -> set[str]:
    """Packages in ``sys.modules`` after a command line of Python, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("name", ["fastism", "fastism.ir", "fastism.passes"])
def test_importing_loads_no_framework(name: str) -> None:
    loaded = loaded_by("-c", f"import {name}")
    assert "fastism" in loaded
    assert not loaded.intersection(FRAMEWORKS)


def test_importing_fastism_alone_is_light() -> None:
    assert "numpy" not in loaded_by("-c", "import fastism")


def test_running_a_plan_needs_no_networkx() -> None:
    """It takes a tenth of a second to import, and answers questions of passes and of reports."""
    loaded = loaded_by("-c", "import fastism.api")
    assert "fastism" in loaded
    assert "networkx" not in loaded


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_is_light(arguments: list[str]) -> None:
    """It comes at once, since it loads what reads a command line and nothing else."""
    loaded = loaded_by("-m", "fastism", *arguments)
    assert not loaded.intersection((*FRAMEWORKS, "numpy", "networkx", "h5py", "rich"))
    startup = loaded_by("-c", "import pickle")  # the environment's own; pickle asks for Jython
    assert loaded - startup - sys.stdlib_module_names == {"click", "fastism"}


def test_every_public_name_is_there() -> None:
    for name in fastism.__all__:
        assert getattr(fastism, name) is not None
        assert name in dir(fastism)
    with pytest.raises(AttributeError, match="no attribute 'compiler'"):
        fastism.compiler  # noqa: B018


def test_it_is_found_beside_the_folder_of_a_clone(tmp_path: Path) -> None:
    """The clone's folder is called fastism too, and is no package."""
    (tmp_path / "fastism" / "fastism").mkdir(parents=True)
    code = "import fastism; print(fastism.__file__, fastism.compile.__name__)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.endswith("fastism/__init__.py compile\n"), done.stderr
