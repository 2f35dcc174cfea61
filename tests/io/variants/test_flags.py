"""The page about variants says what every flag means."""

from __future__ import annotations

from pathlib import Path

from fastism.io.variants.flags import FLAGS

PAGE = Path(__file__).parents[3] / "docs" / "variants.md"


def test_every_flag_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [f"| `{flag}` | {meaning} |" for flag, meaning in FLAGS.items()]
    assert "\n".join(["| flag | meaning |", "| --- | --- |", *rows]) in text
