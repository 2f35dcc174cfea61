"""What messages tell the user to install is there to be installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fastism
from tests.docs.blocks import extras

ROOT = Path(fastism.__file__).parent
NAMED = re.compile(r"pip install 'fastism\[(\w+)\]|require_extra\(\s*\"(\w+)\"")


def named(path: Path) -> set[str]:
    """The extras that a file names."""
    found = NAMED.findall(path.read_text(encoding="utf-8"))
    return {one or other for one, other in found}


@pytest.mark.parametrize(
    "path", [path for path in sorted(ROOT.rglob("*.py")) if named(path)], ids=lambda path: path.stem
)
def test_an_extra_that_is_named_is_one(path: Path) -> None:
    assert named(path) <= extras()


def test_all_is_every_part_for_users() -> None:
    text = (ROOT.parent / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.findall(r'^all = \["fastism\[(.*)\]"\]', text, re.MULTILINE)
    assert set(listed[0].split(",")) == extras() - {"all", "docs", "test", "dev"}
