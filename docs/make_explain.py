"""Photograph docs/explain.png: the page of a small U-Net, with a layer chosen.

python -m docs.make_explain   (needs chromium: make browser)
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastism import api
from fastism.report.page import graph_page
from tests.report.browser import opened, resize
from tests.zoo import ENTRIES

SITE, CHOSEN = 17, "concatenate"


def main() -> None:
    plan = api.compile(ENTRIES["unet"].build(), backend="reference")
    with TemporaryDirectory() as folder, opened(Path(folder) / "profile") as browser:
        page = Path(folder) / "graph.html"
        stages = [stage.replace(model="unet.keras") for stage in plan.stages]
        page.write_text(graph_page(stages, SITE), encoding="utf-8")
        resize(browser, 1280, 800)
        browser.get(page.as_uri())
        browser.execute_script(f"document.querySelector('[title={CHOSEN}]').click()")
        browser.execute_script("document.getElementById('scroll').scrollTop = 420")
        browser.save_screenshot(str(Path(__file__).with_name("explain.png")))


if __name__ == "__main__":
    main()
