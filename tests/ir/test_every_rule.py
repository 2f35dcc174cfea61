"""Every rule of the verifier is broken by some test: each place that refuses is seen to refuse."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

import fastism.ir
from fastism.errors import VerifyError
from fastism.ir.parser import parse_module
from fastism.ir.place import Place
from fastism.ir.verify import verify
from tests.ir import test_verify

FILES = sorted(Path(fastism.ir.__file__).parent.glob("verify*.py"))


def rules() -> dict[str, tuple[str, int, int]]:
    """The calls of ``refuse`` in the verifier: file, first and last line, by what they say."""
    found = {}
    for path in FILES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "refuse":
                said = f"{path.stem}: {ast.unparse(call.args[0])}"
                while said in found:
                    said += "'"
                found[said] = (path.name, call.lineno, call.end_lineno or call.lineno)
    return found


RULES = rules()


@pytest.fixture(scope="module")
def refused() -> set[tuple[str, int]]:
    """Where the verifier refused, file and line, over the programs of ``test_verify``."""
    places: set[tuple[str, int]] = set()
    refuse = Place.refuse

    def noting(self: Place, *arguments: Any, **options: Any) -> None:
        frame = sys._getframe(1)
        places.add((Path(frame.f_code.co_filename).name, frame.f_lineno))
        refuse(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Place, "refuse", noting)
        for name, old, new, _ in test_verify.REFUSED.values():
            with pytest.raises(VerifyError):
                verify(parse_module(test_verify.golden(name).replace(old, new)))
        for name, test in vars(test_verify).items():
            if name.startswith("test_") and not inspect.signature(test).parameters:
                test()
    return places


@pytest.mark.parametrize("rule", RULES)
def test_a_test_breaks_the_rule(rule: str, refused: set[tuple[str, int]]) -> None:
    file, first, last = RULES[rule]
    assert any(name == file and first <= line <= last for name, line in refused)


def test_the_rules_are_found() -> None:
    assert len(RULES) > 50
    assert "verify: f'defines %{value.name}'" in RULES
