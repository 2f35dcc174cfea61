"""Backends by name, and the table of forms each of them has."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from fastism import plugins
from fastism.backends import registry
from fastism.backends.base import Forms
from fastism.errors import InputError, LoweringError, VerifyError
from fastism.ir.graph import Node


@pytest.fixture(autouse=True)
def own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry.MODULES, "paths", dict(registry.MODULES.paths))


@pytest.mark.parametrize("name", ["tensorflow", "reference", "onnx"])
def test_own_backends_say_what_they_have_forms_of(name: str) -> None:
    forms = registry.forms_of(name)
    assert {"conv1d", "relu", "dense", "max_pool", "concatenate"} <= set(forms)
    assert not set(forms) & set(forms.gaps)


def test_a_backend_of_ones_own_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("their_backend")
    module.FORMS = Forms("their", ("theirs", "(node)"))  # type: ignore[attr-defined]
    module.emit = lambda module, opaque: {}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_backend", module)
    registry.register_backend("theirs", "their_backend")
    assert registry.backend("theirs").emit is module.emit
    assert "theirs" in registry.names()
    registry.register_backend("theirs", "their_backend")  # as a notebook does
    with pytest.raises(InputError, match=r"two backends are called 'theirs'\n  why: their_backend"):
        registry.register_backend("theirs", "another")


def test_a_package_offers_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("offered", "fastism.backends.reference", "fastism.backends")
    monkeypatch.setattr(plugins, "offered", lambda group: (point,))
    assert registry.names() == ("tensorflow", "native", "auto", "reference", "onnx", "offered")
    assert registry.forms_of("offered") is registry.forms_of("reference")


def test_what_is_no_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"no backend 'onx'; .*\n  try: did you mean 'onnx'\?"):
        registry.backend("onx")
    registry.register_backend("gone", "fastism.backends.gone")
    with pytest.raises(InputError, match=r"'gone' cannot be imported\n  in fastism.backends.gone"):
        registry.backend("gone")
    registry.register_backend("empty", "fastism.backends.base")
    with pytest.raises(InputError, match="'empty' has no FORMS and no emit"):
        registry.backend("empty")


def test_a_table_of_forms() -> None:
    forms: Forms[object] = Forms("their", ("theirs.emits", "(node) -> x"), {"call": "it is flat"})
    form = forms.register("tanh")(len)
    assert dict(forms) == {"tanh": form}
    assert forms.of(Node("t", "tanh", (), ())) is form
    with pytest.raises(VerifyError, match="op 'tanh' has a their form already"):
        forms.register("tanh")(len)
    with pytest.raises(VerifyError, match="no op 'tahn'"):
        forms.register("tahn")
    with pytest.raises(LoweringError) as error:
        forms.of(Node("r", "relu", (), ()))
    assert str(error.value) == (
        "the op 'relu' has no their form\n"
        "  in node %r\n"
        "  why: nobody has registered one\n"
        '  try: @theirs.emits("relu") above a function (node) -> x'
    )
    with pytest.raises(LoweringError, match="why: it is flat"):
        forms.of(Node("c", "call", (), ()))
