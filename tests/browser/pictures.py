"""
The manual's pictures of the preview: `python -m tests.browser.pictures docs/images`, or `make pictures`.

On a laptop's screen, of the shipped brief with two slips in it and the shipped sample of readers.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import QUIET, ROOT, address_of, lay_out, run, start, until

_SLIPS = {
    "stories: matched-first": "stories: matched\nmin_stories: 1",
    "- Tags: IPO, AI investment": "- Tags: IPO, AI investmnet",
    "- URL: https://example.com/2026/06/10/quiet-layoffs\n": "",
}


def take(folder: Path) -> None:
    text = (ROOT / "docs" / "examples" / "china-ai-brief.md").read_text(encoding="utf-8")
    for written, slip in _SLIPS.items():
        text = text.replace(written, slip)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        here = Path(scratch) / "workspace"
        lay_out(here, text)
        run(here, "subscribers", "import", "subscribers/sample.csv", "--newsletter", "china-ai-brief", "--yes")
        process = start(here, "--segment", "ai and not crypto")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        try:
            address = address_of(process)
            for scheme in ("light", "dark"):
                _picture(browser, f"{address}", scheme, folder / f"preview-{scheme}.png")
        finally:
            browser.close()
            process.terminate()
            process.communicate(timeout=10)


def _picture(browser: Browser, address: str, scheme: str, path: Path) -> None:
    page = browser.new_page(
        viewport={"width": 1366, "height": 768}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto(address)
    until(page, "document.querySelectorAll('#editions button').length > 2")
    page.locator("#editions button").nth(1).click()
    if scheme == "dark":
        page.get_by_role("button", name="Phone", exact=True).click()
        page.get_by_role("button", name="Both", exact=True).click()
        page.locator("#findings button").last.click()
        page.locator("#drawer-lines .here").scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); document.getElementById('side').scrollTop = 0")
    page.wait_for_timeout(600)
    page.screenshot(path=path)
    print(path)  # noqa: T201
    page.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
