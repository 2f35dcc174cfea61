"""What docs/public_names.md says: the names that code outside fastism may import."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise

from docs.markdown import first_sentence, table

ABOUT = """\
# Public names

What code outside fastism may import, and from where: these stay where they are; any other name may
move. The examples need no others, and a test holds them to it. `make pages` writes this page.
"""

PUBLIC: Mapping[str, str] = {
    "fastism": "To score mutations",
    "fastism.scores": "Score definitions",
    "fastism.ir": "The graph, and its text",
    "fastism.ir.ops": "An op of one's own",
    "fastism.passes": "A pass, an instrument, a pipeline",
    "fastism.frontends": "A front end",
    "fastism.frontends.keras": "A handler of Keras layers",
    "fastism.backends": "A backend",
    "fastism.backends.reference": "Numpy forms",
    "fastism.backends.tensorflow": "TensorFlow forms",
    "fastism.backends.onnx": "ONNX forms",
    "fastism.export": "Files for other tools",
    "fastism.testing": "To hold a plan against its model",
    "fastism.testing.conformance": "To try a backend, or an op",
}
"""Modules, and what one imports them for: the names are those of each one's ``__all__``."""


def page() -> str:
    """The text of the page."""
    parts = [ABOUT]
    for name, purpose in PUBLIC.items():
        names = [each for each in import_module(name).__all__ if not each.startswith("__")]
        rows = ((f"`{each}`", _about(name, each)) for each in names)
        parts.extend([f"## {name}\n", f"{purpose}.\n", table(("name", "what it is"), rows)])
    return "\n".join(parts)


def _about(module: str, name: str) -> str:
    named = getattr(import_module(module), name)
    if inspect.isclass(named) or inspect.isroutine(named) or inspect.ismodule(named):
        return first_sentence(named)
    return first_sentence(_written_below(module, name) or named)


def _written_below(module: str, name: str) -> str | None:
    """The docstring below a constant, where it is made."""
    tree = ast.parse(inspect.getsource(import_module(module)))
    for statement, below in pairwise([*tree.body, ast.Pass()]):
        if isinstance(statement, ast.ImportFrom):
            if name in {alias.asname or alias.name for alias in statement.names}:
                return _written_below(str(statement.module), name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(below, ast.Expr):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if name in map(ast.unparse, targets) and isinstance(below.value, ast.Constant):
                return str(below.value.value)
    return None
