"""Compare modules and graphs, and show how they differ in the IR's own text."""

from __future__ import annotations

import difflib
import re

from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.printer import print_graph, print_module


def assert_same_module(expected: Module, actual: Module) -> None:
    """Raise AssertionError, with a diff of the printed text, unless the modules are equal."""
    if expected != actual:
        hidden = (
            _first_difference(a, b) for a, b in zip(expected.graphs, actual.graphs, strict=False)
        )
        _fail(print_module(expected), print_module(actual), next(filter(None, hidden), ""))


def assert_same_graph(expected: Graph, actual: Graph) -> None:
    """Raise AssertionError, with a diff of the printed text, unless the graphs are equal."""
    if expected != actual:
        _fail(print_graph(expected), print_graph(actual), _first_difference(expected, actual))


def _fail(expected: str, actual: str, hidden: str) -> None:
    diff = _diff(_unaligned(expected), _unaligned(actual)) or _diff(expected, actual)
    raise AssertionError(f"they differ:\n{diff or f'the text is the same, but {hidden}'}")


def _unaligned(text: str) -> str:
    """The text without its alignment, so that one wide column does not change every line."""
    return re.sub(r"(?<=\S) {2,}", " ", text)


def _diff(expected: str, actual: str) -> str:
    lines = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm=""
    )
    return "\n".join(lines)


def _first_difference(expected: Graph, actual: Graph) -> str:
    """What the text does not show: a range away from the worked site, the identity of a NaN."""
    for a, b in zip(expected.nodes, actual.nodes, strict=False):
        if a != b:
            return f"@{expected.name} differs at {a!r}, which is {b!r}"
    return (
        f"@{expected.name} and @{actual.name} differ in their inputs" if expected != actual else ""
    )
