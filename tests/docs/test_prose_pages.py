"""What the pages written by hand say of the code: files are there, and doors are as they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fastism
from tests.test_imports import MAY_IMPORT, SEAM

ROOT = Path(fastism.__file__).parents[1]
PAGES = sorted(
    page
    for folder in (".", "docs", "fastism")
    for page in ROOT.joinpath(folder).glob("**/*.md" if folder == "fastism" else "*.md")
)
PATH = re.compile(r"`((?:fastism|tests|examples|docs|benchmarks)(?:/[\w.-]+)+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
LONGEST_README = 40


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [ROOT / path for path in PATH.findall(text)]
    linked = [page.parent / link for link in LINK.findall(text) if "://" not in link]
    assert [str(path) for path in (*named, *linked) if not path.exists()] == []


def test_every_page_is_listed() -> None:
    listed = set(LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in ROOT.joinpath("docs").glob("*.md")} - {"README.md"} <= listed


def test_the_house_is_as_the_architecture_says() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## The house")[1].split("###")[0]
    rows = (line.strip("| ").split(" | ") for line in table.splitlines() if line[:3] == "| `")
    said = {}
    for room, _, *doors in ([*row, ""] for row in rows):
        words = doors[0].strip(" |").replace("the seam", ", ".join(SEAM)).split(", ")
        said[room.strip("`")] = {word for word in words if word}
    said["cli"] = {""} if said["cli"] == {"all"} else said["cli"]
    assert said == {room: set(doors) for room, doors in MAY_IMPORT.items()}


@pytest.mark.parametrize("room", ["ir", "passes", "frontends", "backends"])
def test_a_room_has_a_short_readme(room: str) -> None:
    text = (ROOT / "fastism" / room / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < LONGEST_README
