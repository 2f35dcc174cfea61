"""``make docs``: the pages as a site, in ``build/site``; open ``index.html`` there.

The site is laid out as the repository is, so that links between its files lead to the same places
on the site and on a code host. A file of code that a page links to becomes a page that shows it.
The builder is Zensical, which reads ``mkdocs.yml``; it fetches nothing, and nor does the site.

python -m docs.build_site [FOLDER]
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "mkdocs.yml"
LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=(?:#[^)]*)?\))")
"""Where a Markdown link leads, without the anchor."""
TABLE_CODE = re.compile(r"(?<=\| )`[^`\n]*`(?= \|)")
"""Code that fills a cell of a table: code hosts want a bar in it escaped, Zensical shows how."""
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml"}
AS_THEY_ARE = {".png", ".svg", ".js"}
SCRIPTS = ("docs/iframe-worker.js",)


def settings() -> dict[str, Any]:
    """What ``mkdocs.yml`` says; pages of ``docs`` that its navigation leaves out come last."""
    read: dict[str, Any] = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    every = {str(page.relative_to(ROOT)) for page in ROOT.joinpath("docs").glob("*.md")}
    if left := sorted(every - set(_paths(read["nav"]))):
        read["nav"].append({"More": left})
    return read


def navigation() -> list[str]:
    """The pages of the navigation in order, as paths from the repository's root."""
    return list(_paths(settings()["nav"]))


def pages() -> dict[str, bytes]:
    """The files the site is built of, by their paths in it: the pages, and all they link to.

    Raises FileNotFoundError where a page, or what it links to, does not exist.
    """
    built: dict[str, bytes] = {}
    waiting = [*navigation(), *SCRIPTS]
    while waiting:
        name = waiting.pop()
        source, place = ROOT / name, as_page(name)
        if place in built:
            continue
        if source.suffix in AS_THEY_ARE:
            built[place] = source.read_bytes()
            continue
        text = source.read_text(encoding="utf-8") if source.suffix == ".md" else shown(source)
        text = TABLE_CODE.sub(lambda code: code[0].replace("\\|", "|"), text)
        links = {link: _from_root(source, link) for link in links_of(text)}
        waiting.extend(links.values())
        built[place] = LINK.sub(lambda link, to=links: _turned(link[0], to), text).encode()
    return built


def links_of(text: str) -> set[str]:
    """Where a page links to inside the repository, as it is written there."""
    prose = CODE_BLOCK.sub("", text)
    return {link for link in LINK.findall(prose) if "://" not in link}


def as_page(name: str) -> str:
    """Where a file of the repository stands in the site's sources."""
    path = ROOT / name
    if path.is_dir():
        return f"{name}/README.md"
    return name if path.suffix in {".md", *AS_THEY_ARE} else f"{name}.md"


def shown(source: Path) -> str:
    """A page that shows a file of code, or the files of a folder."""
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    parts = [f"# {source.relative_to(ROOT)}\n"]
    for file in files:
        if file.suffix not in LANGUAGES:
            continue
        if source.is_dir():
            parts.append(f"## {file.relative_to(source)}\n")
        parts.append(f"````{LANGUAGES[file.suffix]}\n{file.read_text(encoding='utf-8')}````\n")
    return "\n".join(parts)


def write_sources(folder: Path) -> None:
    """Write the files the site is built of, replacing the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def build(folder: Path) -> None:
    """Build the site in ``folder/site``. Raises CalledProcessError at the first warning."""
    write_sources(folder / "pages")
    there = settings() | {"docs_dir": "pages", "site_dir": "site"}
    (folder / SETTINGS.name).write_text(yaml.safe_dump(there, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    subprocess.run(command, cwd=folder, check=True)


def _paths(entries: Iterable[str | Mapping[str, object]]) -> Iterable[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
            continue
        for value in entry.values():
            yield from _paths([value] if isinstance(value, str) else value)  # type: ignore[arg-type]


def _from_root(source: Path, link: str) -> str:
    path = os.path.normpath(source.parent / link)
    return str(Path(path).relative_to(ROOT))


def _turned(link: str, links: Mapping[str, str]) -> str:
    """A link to the page that stands for a file of code."""
    if link not in links:
        return link
    name = links[link]
    return link + as_page(name).removeprefix(name)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build")
