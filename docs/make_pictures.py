"""Photograph docs/report.png, and copy docs/sequence.png: what ``make demo`` ends with.

python -m docs.make_pictures build/demo   (needs chromium: make browser)
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.report.browser import opened, resize

POINTED = "#top tbody tr:nth-child(2)"


def main(demo: Path) -> None:
    docs = Path(__file__).parent
    shutil.copyfile(demo / "seq_0.png", docs / "sequence.png")
    with TemporaryDirectory() as profile, opened(Path(profile)) as browser:
        resize(browser, 1280, 800)
        browser.get((demo / "report.html").resolve().as_uri())
        browser.execute_script(f"document.querySelector('{POINTED}').click()")
        browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")
        browser.save_screenshot(str(docs / "report.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
