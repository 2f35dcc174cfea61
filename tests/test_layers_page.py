"""The table of layers: what it says is what the compiler does now, and no layer is missing."""

from __future__ import annotations

from docs.make_layers import PAGE, layer_classes, page


def test_the_page_is_what_the_models_of_the_tests_show() -> None:
    assert PAGE.read_text() == page(), "python -m docs.make_layers"


def test_every_layer_of_keras_is_on_the_page() -> None:
    text = PAGE.read_text()
    missing = {name for name in layer_classes() if f"`{name}`" not in text}
    assert missing <= {"Layer", "InputLayer"}
