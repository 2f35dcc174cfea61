"""Write the pages that are made from the code: ``docs/NAME.md`` by ``docs/make_NAME.py``.

python -m docs.pages [NAME...]
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

PAGES = (
    *("commands", "api", "scores", "layers", "models"),
    *("ops", "passes", "text", "plan_folder", "public_names"),
)
"""Every page; ``docs.make_NAME`` has a function ``page()`` that returns its text."""


def path(name: str) -> Path:
    """Where a page is."""
    return Path(__file__).with_name(f"{name}.md")


def text(name: str) -> str:
    """What a page should say."""
    made: str = import_module(f"docs.make_{name}").page()
    return made


if __name__ == "__main__":
    for each in sys.argv[1:] or PAGES:
        path(each).write_text(text(each), encoding="utf-8")
