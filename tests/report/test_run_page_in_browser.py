"""The page of a run, opened in a browser: searched, sorted, pointed at, zoomed and clicked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from fastism.io.header import Header
from fastism.io.regions import Region
from fastism.io.rows import Rows
from fastism.io.scores import ScoresReader, ScoresWriter
from fastism.report.run_page import Contents, _genome, run_page
from fastism.report.tracks import tracks_of
from tests.report.browser import opened, resize

SIZES = {"desktop": (1280, 900), "phone": (420, 900)}
OPENS_IN = 2.0
"""Seconds in which 500 sequences of 1,000 bases are there."""


def write(path: Path, count: int, length: int) -> None:
    """Sequence i holds only A, predicts i, and its one strong mutation is G at 3 i: -(i + 1)."""
    rows = np.eye(4, dtype=np.float32)[:, None]
    header = Header(
        outputs={"bound": (2,)},
        sites=np.stack([np.arange(length), np.ones(length, int)], 1),
        alternatives=rows,
        length=length,
        channels=4,
        alphabet="ACGT",
        regions=True,
        attributes={"alphabet": "ACGT", "model": "<b>model</b>.h5", "arguments": '{"plan": "p"}'},
    )
    own = np.arange(count)
    reference = np.stack([own, -own], 1).astype(np.float32)
    alternate = np.tile(reference[:, None, None], (1, length, 4, 1))
    alternate[own, 3 * own % length, 2, 0] -= own + 1
    alternate[own, 3 * own % length, 2, 1] += 0.5
    sequences = np.tile(np.eye(4, dtype=np.int8)[0], (count, length, 1))
    names = [f"peak_{index}" for index in own]
    regions = [Region("chr2", 100 * index, 100 * index + length, "+") for index in own.tolist()]
    writer = ScoresWriter(path, header)
    writer.append(Rows(names, sequences, {"bound": (reference, alternate)}, regions=regions))
    writer.close()


def page(folder: Path, count: int, length: int, targets: tuple[tuple[int, ...], ...] = ()) -> Path:
    path = folder / f"{count}.html"
    if not path.exists():
        write(folder / "scores.h5", count, length)
        with ScoresReader(folder / "scores.h5") as reader:
            tracks = tracks_of(reader.header.outputs, "delta", targets)
            text = run_page(reader, Contents(tracks, plan_note="It was not at hand."))
        path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with opened(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def visit(browser: Chrome, folder: Path) -> Callable[..., None]:
    def go(size: str = "desktop") -> None:
        resize(browser, *SIZES[size])
        browser.get(page(folder, 12, 400).as_uri())

    return go


def text(browser: Chrome, name: str) -> str:
    return browser.find_element(By.ID, name).text


def listed(browser: Chrome) -> list[str]:
    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, "#list b")]


def shown(browser: Chrome) -> tuple[int, int]:
    """The first and last position in view, once they are drawn."""
    browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")
    first, _, last = text(browser, "range").split()
    return int(first), int(last)


def test_search_and_sort(browser: Chrome, visit: Callable[..., None]) -> None:
    visit()
    assert listed(browser) == [f"peak_{index}" for index in range(11, -1, -1)]
    Select(browser.find_element(By.ID, "sort")).select_by_value("name")
    assert listed(browser) == [f"peak_{index}" for index in range(12)]
    search = browser.find_element(By.ID, "search")
    search.send_keys("PEAK_1")
    assert listed(browser) == ["peak_1", "peak_10", "peak_11"]
    search.clear()
    search.send_keys("chr2:700-")
    assert listed(browser) == ["peak_7"]
    search.send_keys("x")
    assert listed(browser) == []
    assert text(browser, "none") == "No sequence is called that."


def test_a_sequence_is_chosen_by_click_and_by_key(
    browser: Chrome, visit: Callable[..., None]
) -> None:
    visit()
    assert text(browser, "name") == "peak_11"
    browser.find_element(By.ID, "sequence-4").click()
    assert text(browser, "name") == "peak_4"
    assert text(browser, "prediction") == "chr2:400-800(+) · bound[0] = 4"
    browser.find_element(By.ID, "list").send_keys(Keys.ARROW_DOWN)
    assert text(browser, "name") == "peak_3"
    chosen = browser.find_elements(By.CSS_SELECTOR, '#list [aria-selected="true"] b')
    assert [item.text for item in chosen] == ["peak_3"]
    assert [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#top td")] == [
        *("9", "A → G", "-4", "-1")
    ]


def test_another_number_of_the_output(browser: Chrome, visit: Callable[..., None]) -> None:
    visit()
    Select(browser.find_element(By.ID, "track")).select_by_visible_text("bound[1]")
    assert text(browser, "prediction") == "chr2:1100-1500(+) · bound[1] = -11"
    assert text(browser, "top").splitlines()[-1] == "33 A → G 0.5 -10.5"


def test_pointing_says_the_value(browser: Chrome, visit: Callable[..., None]) -> None:
    visit()
    browser.find_element(By.CSS_SELECTOR, "#top tbody tr").click()
    first, last = shown(browser)
    heat = browser.find_element(By.ID, "heat")
    each = (heat.size["width"] - 46) / (last - first + 1)
    x = 46 + (33 - first + 0.5) * each - heat.size["width"] / 2
    y = 2.5 * 24 - heat.size["height"] / 2
    ActionChains(browser).move_to_element_with_offset(heat, round(x), round(y)).perform()
    assert text(browser, "hover") == (
        "position 33 (chr2:1134, counted from 1): A → G · delta -12 · prediction -1 · "
        "contribution of A 3"
    )
    ActionChains(browser).move_to_element_with_offset(heat, round(x), round(y - 48)).perform()
    assert text(browser, "hover").startswith("position 33 (chr2:1134, counted from 1): A, as it is")


def test_zoom_by_buttons_wheel_keys_and_the_strip(
    browser: Chrome, visit: Callable[..., None]
) -> None:
    visit()
    first, last = shown(browser)
    assert first <= 33 <= last
    browser.find_element(By.ID, "in").click()
    nearer = shown(browser)
    assert nearer[1] - nearer[0] + 1 == round((last - first + 1) * 0.6)
    browser.find_element(By.ID, "all").click()
    assert shown(browser) == (0, 399)
    logo = browser.find_element(By.ID, "logo")
    wheel = "arguments[0].dispatchEvent(new WheelEvent('wheel', {deltaY: -1, cancelable: true}))"
    browser.execute_script(wheel, logo)
    assert shown(browser)[1] - shown(browser)[0] + 1 == 320
    logo.send_keys(Keys.HOME)
    assert shown(browser) == (0, 399)
    for _ in range(4):
        browser.find_element(By.ID, "in").click()
    strip = browser.find_element(By.ID, "overview")
    end = strip.size["width"] // 2 - 2
    ActionChains(browser).move_to_element_with_offset(strip, end, 0).click().perform()
    first, last = shown(browser)
    assert last == 399
    ActionChains(browser).drag_and_drop_by_offset(logo, 150, 0).perform()
    moved = shown(browser)
    assert moved[0] < first
    assert moved[1] - moved[0] == last - first
    logo.send_keys(Keys.ARROW_RIGHT)
    assert shown(browser)[0] > moved[0]


def pixels(browser: Chrome, name: str) -> int:
    """How many colours a canvas has."""
    return browser.execute_script(
        "const c = document.getElementById(arguments[0]);"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "return new Set(new Uint32Array(d.buffer)).size",
        name,
    )


@pytest.mark.parametrize("size", SIZES)
def test_everything_is_drawn_and_nothing_runs_over(
    browser: Chrome, visit: Callable[..., None], size: str
) -> None:
    visit(size)
    shown(browser)
    for name in ("overview", "logo", "heat", "scale"):
        assert pixels(browser, name) > 3, name
    width = SIZES[size][0]
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    boxes = browser.execute_script(
        "return [...document.querySelectorAll('header, nav, .bar, canvas, #hover, #top, .said')]"
        ".map(e => e.getBoundingClientRect()).map(b => [b.left, b.top, b.right, b.bottom])"
    )
    for index, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= width + 0.5
        for other in boxes[index + 1 :]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert not (across > 0.5 and down > 0.5)


def test_names_are_text_and_nothing_is_fetched(browser: Chrome, visit: Callable[..., None]) -> None:
    visit()
    facts = text(browser, "facts")
    assert "<b>model</b>.h5" in facts
    assert "asked for: plan\np" in facts
    assert "It was not at hand." in text(browser, "plan")
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


@pytest.mark.sweep
def test_500_sequences_of_1000_bases_open_at_once(browser: Chrome, folder: Path) -> None:
    path = page(folder, 500, 1000, ((0,),))
    assert path.stat().st_size < 8_000_000
    start = time.perf_counter()
    browser.get(path.as_uri())
    assert text(browser, "name") == "peak_499"
    shown(browser)
    assert pixels(browser, "heat") > 3
    assert time.perf_counter() - start < OPENS_IN
    assert len(browser.find_elements(By.CSS_SELECTOR, "#list li")) == 500


def test_the_genome_is_counted_from_1_on_either_strand() -> None:
    assert _genome(Region("chr1", 10, 20, "+")) == ("chr1", 11, 1)
    assert _genome(Region("chr1", 10, 20, "-")) == ("chr1", 20, -1)


def test_of_more_the_strongest_are_kept_in_the_order_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "scores.h5", 5, 30)
    with ScoresReader(tmp_path / "scores.h5") as reader:
        tracks = tracks_of(reader.header.outputs, "delta", [(0,)])
        made = run_page(reader, Contents(tracks, most=2))
    assert "2 of 5 sequences" in made
    assert [name for name in ("peak_2", "peak_3", "peak_4") if f'"{name}"' in made] == [
        "peak_3",
        "peak_4",
    ]
