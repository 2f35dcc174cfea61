"""Every command and snippet of the pages, and of the README, is run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastism.frontends.keras.live import custom
from tests.docs import given
from tests.docs.blocks import COMMANDS, ROOT, blocks, commands, run_command, run_python

PAGES = {
    str(page.relative_to(ROOT)): page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
}
RUN = [
    name
    for name, page in PAGES.items()
    if any(block.language in ("python", "sh") for block in blocks(page.read_text(encoding="utf-8")))
]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a page imports, registers and declares ends with it."""
    modules, declared = set(sys.modules), dict(custom._DECLARATIONS)
    yield
    custom._DECLARATIONS.clear()
    custom._DECLARATIONS.update(declared)
    for name in set(sys.modules) - modules:
        if name in ("layers", "train", "my_pass"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    given.make(folder)
    return folder


@pytest.mark.parametrize("name", sorted(RUN))
def test_a_page_runs(
    name: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "1")
    names = given.names()
    if name in given.MORE:
        given.MORE[name](names)
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        if block.language == "python" and not block.title:
            run_python(block, PAGES[name], names)
        elif block.language == "sh" and not block.title:
            for line in commands(block.text):
                run_command(line)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_command_goes_unrun(name: str) -> None:
    """A block without a language, or one that is only indented, holds no command."""
    text = PAGES[name].read_text(encoding="utf-8")
    unrun = [block for block in blocks(text) if block.language not in ("python", "sh")]
    indented = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    lines = [line for block in unrun for line in block.text.splitlines()] + indented
    assert [line for line in lines if line.split(" ")[0] in COMMANDS] == []
