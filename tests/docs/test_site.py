"""The site: every page is in its navigation, and it is built without a warning or a network."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from docs.build_site import ROOT, build, navigation
from tests.report.browser import opened, resize


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.version_info < (3, 11):
        pytest.skip("zensical begins at Python 3.11")
    folder = tmp_path_factory.mktemp("built")
    build(folder)
    return folder / "site"


def test_every_page_is_in_the_navigation_once() -> None:
    listed = navigation()
    pages = {str(page.relative_to(ROOT)) for page in ROOT.joinpath("docs").glob("*.md")}
    assert pages <= set(listed)
    assert len(listed) == len(set(listed))


def test_code_that_a_page_links_to_is_shown(site: Path) -> None:
    page = (site / "examples" / "custom_pass.py.html").read_text(encoding="utf-8")
    assert "register_pass" in page
    assert 'href="../examples/custom_pass.py.html"' in (site / "docs" / "passes.html").read_text()


def test_a_bar_in_the_code_of_a_table_is_a_bar(site: Path) -> None:
    assert "--tune [on|off|again]" in (site / "docs" / "commands.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|link|img|iframe)\b[^>]*"https?:', text) == [], page


def test_the_search_works_on_a_page_opened_from_disk(site: Path, tmp_path: Path) -> None:
    with opened(tmp_path) as browser:
        resize(browser, 1300, 900)
        browser.get((site / "docs" / "files.html").as_uri())
        buttons = browser.find_elements(By.CSS_SELECTOR, ".md-search__button")
        next(button for button in buttons if button.is_displayed()).click()
        wait = WebDriverWait(browser, 20)
        hosts = "return [...document.querySelectorAll('*')].filter(each => each.shadowRoot)[0]"
        inside = wait.until(lambda page: page.execute_script(hosts)).shadow_root
        wait.until(lambda _: inside.find_element(By.CSS_SELECTOR, "input")).click()
        browser.execute_cdp_cmd("Input.insertText", {"text": "grammar"})
        wait.until(lambda _: inside.find_elements(By.CSS_SELECTOR, "a[href*='text.html#grammar']"))
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
