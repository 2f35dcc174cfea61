"""The fenced blocks of a page, and how they are run: as a reader would, in the current folder.

``python`` blocks of a page share their names. In ``sh`` blocks a line is a command: those of
fastism are run in this process, with ``--tune off`` where they compile; what an earlier line wrote
at the place of their output is removed, since lines that follow one another may be alternatives.
Where one asks for processes or machines (``--workers``, ``--cluster``), it is run without. Commands
of others are looked at only: extras and targets must exist, and so must files that are read. A
block with a ``title`` is another tool's, or an outline of one that is run; a block without a
language is no program.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastism
from fastism.cli import main

ROOT = Path(fastism.__file__).parents[1]
FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
COMMANDS = ("fastism", "pip", "make", "python", "modisco", "sbatch", "eval")
MACHINES = ("--workers", "--cluster")
WRITES = ("-o", "--output", "--html", "--plot", "--onnx", "--dump-dir")


@dataclass(frozen=True)
class Block:
    """A fenced block: what its first line says, its text, and the line it begins on."""

    language: str
    title: bool
    text: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for indent, _, info, body in FENCE.findall(text):
        language, _, rest = info.strip().partition(" ")
        lines = [line.removeprefix(indent) for line in body.splitlines(keepends=True)]
        line = text[: text.index(body)].count("\n") + 1
        yield Block(language, "title=" in rest, "".join(lines), line)


def commands(text: str) -> Iterator[str]:
    """The command lines of a block: those that end in a backslash go on."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield from (part.strip() for part in line.split("&&"))


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a block; an error in it names the page and the line."""
    code = compile("\n" * block.line + block.text, str(page), "exec")
    exec(code, names)


def run_command(line: str) -> None:
    """Run a command line, or look at it where it is another tool's. Fails if it would."""
    if completion := re.search(r"_FASTISM_COMPLETE=(\w+)_source fastism", line):
        from click.shell_completion import get_completion_class

        assert get_completion_class(completion[1]) is not None, line
        return
    words = shlex.split(os.path.expandvars(line), comments=True)
    name, *arguments = words
    if name == "fastism":
        run_fastism(arguments)
    elif name == "pip":
        wanted = re.findall(r"(?:fastism|\.)\[(.*?)\]", " ".join(arguments))
        assert {extra for each in wanted for extra in each.split(",")} <= extras(), line
    elif name == "make":
        targets = [word for word in arguments if "=" not in word]
        made = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(targets) <= set(made), line
    else:
        assert name in COMMANDS, f"{name}: not known to tests/docs/blocks.py"
        files = [word for word in arguments if Path(word).suffix and "/" in word]
        assert all(Path(file).exists() for file in files), line


def extras() -> set[str]:
    """The extras that pyproject.toml has."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[project.optional-dependencies]\n")[1].split("\n[")[0]
    return set(re.findall(r"^(\w+) = \[", section, re.MULTILINE))


def run_fastism(arguments: list[str]) -> None:
    """Run a command line of fastism; it must end well."""
    arguments = [found for word in arguments for found in sorted(glob.glob(word)) or [word]]
    for option, value in pairwise(tuple(arguments)):
        if option in WRITES:
            remove(Path(value.partition(":")[2] or value))
        elif option in MACHINES:
            arguments = [word for word in arguments if word not in (option, value)]
    if arguments[0] == "compile":
        arguments = [*arguments, "--tune", "off"]
    code = main(["--quiet", *arguments])
    assert code == 0, f"fastism {shlex.join(arguments)} ended with {code}"


def remove(path: Path) -> None:
    """Remove a file or folder, and what lies beside a file of scores."""
    for each in [path, *path.parent.glob(f"{path.name}.*")]:
        with suppress(FileNotFoundError):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
