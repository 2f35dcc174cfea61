"""The page of a graph, opened in a browser: the slider moved, a layer clicked, the text read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from fastism.ir.printer import print_node
from fastism.report.page import graph_page
from fastism.runtime.plan import Plan
from tests.compiled import Case
from tests.report.browser import opened, resize

SIZES = {"desktop": (1280, 800), "phone": (420, 800)}
MODEL = "basset"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with opened(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def visit(browser: Chrome, pages: Path, compiled: Callable[..., Case]) -> Callable[..., Plan]:
    """Open the page of a model of the zoo anew; returns its plan."""

    def go(name: str = MODEL, size: str = "desktop") -> Plan:
        plan = compiled(name).plan
        path = pages / f"{name}.html"
        if not path.exists():
            path.write_text(graph_page(plan.stages), encoding="utf-8")
        resize(browser, *SIZES[size])
        browser.get(path.as_uri())
        return plan

    return go


def card(browser: Chrome, name: str):
    return browser.find_element(By.CSS_SELECTOR, f'.card[title="{name}"]')


def slide(browser: Chrome, index: int) -> None:
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
    browser.execute_script(script, browser.find_element(By.ID, "site"), index)


def shares(browser: Chrome, name: str) -> list[tuple[float, float]]:
    """Where the changed stretches of a card lie on its track, as shares of its width."""
    found = browser.execute_script(
        "const track = arguments[0].querySelector('.track').getBoundingClientRect();"
        "return [...arguments[0].querySelectorAll('.changed')].map(bar => {"
        "  const box = bar.getBoundingClientRect();"
        "  return [(box.left - track.left) / track.width, box.width / track.width]; })",
        card(browser, name),
    )
    return [(left, width) for left, width in found if width > 0]


@pytest.mark.parametrize(
    "name", ["basset", "spliceai", "unet", "shared_strands", "two_inputs_dict"]
)
def test_the_slider_moves_and_grows_what_changes_in_every_layer(
    browser: Chrome, visit: Callable[..., Plan], name: str
) -> None:
    plan = visit(name)
    module = plan.stage["segmented"]
    for site in (0, 3, len(module.sites) - 1):
        slide(browser, site)
        assert browser.find_element(By.ID, "position").text == str(module.sites.starts[site])
        for node in module.main.nodes:
            value = node.results[0]
            window = value.window.at(site)
            count = sum(interval.width for interval in window)
            shown = card(browser, node.name).find_element(By.CLASS_NAME, "width").text
            assert shown == f"{count:,} of {value.type.length:,}"
            bars = shares(browser, node.name)
            assert len(bars) == len(window)
            for (left, width), interval in zip(bars, window, strict=True):
                wanted = interval.width / value.type.length
                assert width == pytest.approx(max(wanted, 3 / 193), abs=2e-3)
                assert left == pytest.approx(
                    min(interval.start / value.type.length, 1 - width), abs=2e-3
                )


def test_a_click_shows_the_nodes_line_of_the_dump(
    browser: Chrome, visit: Callable[..., Plan]
) -> None:
    module = visit().stage["segmented"]
    for node in (module.main.by_name["conv1d_1"], module.main.by_name["flatten"]):
        card(browser, node.name).click()
        assert browser.find_element(By.ID, "name").text == node.name
        line = browser.find_element(By.ID, "line").get_attribute("textContent")
        assert line == print_node(node, module.constants)
        assert card(browser, node.name).get_attribute("aria-pressed") == "true"
    facts = browser.find_element(By.ID, "facts").text
    assert "gives every position a weight of its own" in facts
    assert len(browser.find_elements(By.CSS_SELECTOR, '.card[aria-pressed="true"]')) == 1
    assert browser.find_elements(By.CSS_SELECTOR, "path.lit")


def test_it_says_where_locality_ends(browser: Chrome, visit: Callable[..., Plan]) -> None:
    visit()
    text = browser.find_element(By.ID, "ends").text
    assert text == "flatten: gives every position a weight of its own"


def test_keys_are_enough(browser: Chrome, visit: Callable[..., Plan]) -> None:
    visit()
    browser.switch_to.active_element.send_keys(Keys.TAB)
    slider = browser.switch_to.active_element
    assert slider.get_attribute("id") == "site"
    slider.send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert browser.find_element(By.ID, "position").text == "2"
    for _ in range(3):  # browsers let scrollable areas take the focus too
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if "card" in browser.switch_to.active_element.get_attribute("class"):
            break
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "name").text == "sequence"
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert browser.find_element(By.ID, "name").text == "conv1d"
    browser.switch_to.active_element.send_keys(Keys.END)
    assert browser.switch_to.active_element.get_attribute("title") == "peaks.sigmoid"


def boxes(browser: Chrome, selector: str) -> list[tuple[float, float, float, float]]:
    return [
        tuple(box)
        for box in browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => {"
            "const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom] })",
            selector,
        )
    ]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] < other[2] - 0.5
        and other[0] < one[2] - 0.5
        and one[1] < other[3] - 0.5
        and other[1] < one[3] - 0.5
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["basset", "spliceai", "unet"])
def test_nothing_lies_over_anything_else(
    browser: Chrome, visit: Callable[..., Plan], name: str, size: str
) -> None:
    visit(name, size)
    browser.execute_script("document.querySelector('.card').click()")
    cards = boxes(browser, ".card")
    for index, one in enumerate(cards):
        assert not any(overlap(one, other) for other in cards[index + 1 :])
    parts = boxes(browser, "header, #scroll, #details")
    assert not any(overlap(one, other) for i, one in enumerate(parts) for other in parts[i + 1 :])
    labels = boxes(browser, ".title, .site label, .site input, .site output, .legend")
    assert not any(overlap(one, other) for i, one in enumerate(labels) for other in labels[i + 1 :])
    (graph,) = boxes(browser, "#scroll")
    assert graph[2] - graph[0] >= 400, "a card and a lane have room"
    assert graph[3] - graph[1] >= 300
    width, height = SIZES[size]
    assert all(box[0] >= 0 and box[2] <= width and box[3] <= height + 0.5 for box in parts)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width


def test_it_asks_the_network_for_nothing(browser: Chrome, visit: Callable[..., Plan]) -> None:
    visit()
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []
