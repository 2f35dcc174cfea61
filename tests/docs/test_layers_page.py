"""The table of layers: no layer is missing. That it is true now, tests/docs/test_pages.py says."""

from __future__ import annotations

from docs import pages
from docs.make_layers import layer_classes


def test_every_layer_of_keras_is_on_the_page() -> None:
    text = pages.path("layers").read_text()
    missing = {name for name in layer_classes() if f"`{name}`" not in text}
    assert missing <= {"Layer", "InputLayer"}
