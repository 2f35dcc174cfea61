"""What is shipped in a page of the graph: little, escaped, and by itself."""

from __future__ import annotations

import re

import keras
import pytest

from fastism import api
from fastism.errors import InputError
from fastism.report.page import graph_page


def model_of(length: int, depth: int) -> keras.Model:
    x = inputs = keras.Input((length, 4), name="sequence")
    for index in range(depth):
        step = keras.layers.Conv1D(4, 3, padding="same", dilation_rate=2 ** (index % 8))(x)
        x = keras.layers.Add()([keras.layers.Activation("relu")(step), x]) if index else step
        if index == depth // 2:
            x = keras.layers.MaxPooling1D(5)(x)
    return keras.Model(inputs, x)


def test_two_hundred_nodes_at_ten_thousand_sites_are_a_small_page() -> None:
    plan = api.compile(model_of(10_000, 66), backend="reference")
    assert len(plan.stage["segmented"].main.nodes) >= 190
    assert len(graph_page(plan.stages)) < 400_000


def test_sites_chosen_at_random_cost_no_more() -> None:
    sites = sorted({(7919 * index) % 9_999 for index in range(3_000)})
    plan = api.compile(model_of(10_000, 3), sites=sites, backend="reference")
    assert len(graph_page(plan.stages)) < 80_000


def test_names_are_text_and_nothing_is_fetched() -> None:
    plan = api.compile(model_of(20, 2), backend="reference")
    page = graph_page([stage.replace(model="</script><b>x") for stage in plan.stages])
    assert "&lt;/script&gt;&lt;b&gt;x" in page
    assert "<b>x" not in page
    assert page.count("</script>") == 2
    addresses = set(re.findall(r"https?://[^\s\"']+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


def test_it_opens_with_the_site_asked_for() -> None:
    plan = api.compile(model_of(20, 2), sites=[3, 9, 4], backend="reference")
    assert '"first": 2' in graph_page(plan.stages, 9)
    with pytest.raises(InputError, match="no site starts at 5"):
        graph_page(plan.stages, 5)
