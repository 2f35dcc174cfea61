"""The pages made from the code say what the code says now."""

from __future__ import annotations

import pytest

from docs import pages
from fastism.errors import ParseError
from fastism.ir import parse_module, parsing

WIDE = ("layers",)
"""Pages for which every model of the tests is lowered once more."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.sweep] * (n in WIDE)) for n in pages.PAGES]
)
def test_a_page_is_what_its_script_makes(name: str) -> None:
    assert pages.path(name).read_text(encoding="utf-8") == pages.text(name), "make pages"


def test_every_script_is_of_a_page() -> None:
    made = {path.stem.removeprefix("make_") for path in pages.path("").parent.glob("make_*.py")}
    pictures = {"explain", "windows", "pictures"}
    assert made - pictures == set(pages.PAGES)


def test_the_grammar_names_every_statement() -> None:
    with pytest.raises(ParseError, match="expected one of") as refused:
        parse_module("// fastism 1  stage=flat  after=flatten\nnothing")
    statements = str(refused.value).split("one of ")[1].splitlines()[0].split(", ")
    assert len(statements) > 4
    assert [word for word in statements if f'"{word}" ' not in str(parsing.__doc__)] == []
