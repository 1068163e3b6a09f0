"""One browser and one preview for all tests of a module; each test gets a page of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.conftest import SETTINGS

ROOT = Path(__file__).parents[2]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--no-first-run", "--disable-sync", "--disable-default-apps",
]  # fmt: skip
#: a brief whose editions differ, and of which every line can be found again
BRIEF = """---
newsletter: china-ai-brief
date: 2026-06-10
subject: "{{ lead_headline }}"
preheader: "{{ story_count }} stories"
stories: matched
min_stories: 1
contact: mei-lin
---
## Top Stories

### A grid of data centres is funded
- [Example Wire](https://example.com/grid) · 2026-06-09
- Summary: The first summary.
- Why It Matters: Suppliers gain a buyer.
- URL: https://example.com/grid
- Tags: AI infrastructure

### Nine chips pass the review
- Example Wire · 2026-06-09
- Summary: The second summary.
- Why It Matters: A hurdle is gone.
- URL: none
- Tags: AI chips

### Banks try digital cash
- Example Wire · 2026-06-09
- Summary: The third summary.
- Why It Matters: Payments change.
- URL: none
- Tags: fintech
"""


@dataclass(frozen=True)
class Previewed:
    """A workspace, and the address at which its issue is shown."""

    folder: Path
    address: str

    @property
    def issue(self) -> Path:
        return self.folder / "issues" / "brief.md"

    def write(self, text: str) -> None:
        """As many editors save: into another file, then under the name."""
        scratch = self.issue.with_name(".brief.md.new")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(self.issue)


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and os.environ.get("CI") == "true":
        pytest.fail("chromium is missing: install it")
    if not found:
        pytest.skip("chromium is missing: install it to see the preview tried in a browser")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield launched
        launched.close()


def settings() -> dict[str, str]:
    own = ("NEWSLETTER_", "SENDGRID_", "DISPLAY", "WAYLAND_DISPLAY")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def lay_out(folder: Path, issue: str = BRIEF, sender: bool = True) -> None:
    (folder / "issues").mkdir(parents=True)
    (folder / "issues" / "brief.md").write_text(issue, encoding="utf-8")
    shutil.copytree(ROOT / "templates", folder / "templates")
    (folder / "subscribers").mkdir()
    for name in ("tags.yaml", "segments.yaml", "sample.csv"):
        shutil.copy(ROOT / "subscribers" / name, folder / "subscribers")
    lines = [f'{name}="{value}"\n' for name, value in SETTINGS.items() if sender]
    (folder / ".env").write_text("".join(lines), encoding="utf-8")


def run(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "newsletter", *words]
    subprocess.run(command, cwd=folder, env=settings(), check=True, capture_output=True, timeout=120)


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "newsletter", "preview", "issues/brief.md", "--no-open", *words]
    return subprocess.Popen(
        command, cwd=folder, env=settings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line.startswith("http://127.0.0.1:"), line
    return line


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Previewed]:
    folder = tmp_path_factory.mktemp("preview")
    lay_out(folder)
    run(folder, "subscribers", "import", "subscribers/sample.csv", "--newsletter", "china-ai-brief", "--yes")
    process = start(folder)
    try:
        yield Previewed(folder, address_of(process))
    finally:
        process.terminate()
        _, said = process.communicate(timeout=10)
    assert "Traceback" not in said, said


@pytest.fixture
def previewed(workspace: Previewed) -> Iterator[Previewed]:
    """The workspace, put back as it was after the test."""
    before = {path: path.read_bytes() for path in (workspace.issue, *workspace.folder.glob("templates/*/*"))}
    yield workspace
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def until(page: Page, script: str, arg: Any = None, *, seconds: float = 5) -> None:
    """As Playwright's wait_for_function, which the page's policy against `eval` forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(script, arg):
        assert time.monotonic() < end, f"this never came true: {script}"


@pytest.fixture
def page(browser: Browser, previewed: Previewed) -> Iterator[Page]:
    """The preview on a laptop, when it has come up; a test fails for any complaint of the browser."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(previewed.address)
    until(opened, "document.querySelectorAll('.glass iframe').length === 3")
    yield opened
    context.close()
    assert complaints == []
