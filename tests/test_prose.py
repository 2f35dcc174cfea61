"""Docstrings are whole sentences: none goes on in the docstring of the next name."""

from __future__ import annotations

import ast
from pathlib import Path

import fastism


def begins_midway(path: Path) -> list[str]:
    """Docstrings of a file, those of constants and fields too, that begin with an ellipsis."""
    statements = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Expr))
    constants = (s.value for s in statements if isinstance(s.value, ast.Constant))
    texts = (constant.value for constant in constants if isinstance(constant.value, str))
    return [f"{path.name}: {text}" for text in texts if text.startswith("...")]


def test_no_docstring_goes_on_in_the_next(tmp_path: Path) -> None:
    (tmp_path / "split.py").write_text('A = 1\n"""One thing..."""\nB = 2\n"""...and another."""\n')
    assert begins_midway(tmp_path / "split.py") == ["split.py: ...and another."]
    files = Path(fastism.__file__).parent.rglob("*.py")
    assert [fault for path in files for fault in begins_midway(path)] == []
