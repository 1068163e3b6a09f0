"""axe-core in headless Chromium: each mail light and dark, on a desktop and on two phones, without any network."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.judge.mails import Mail
from tests.judge.programs import MODULES

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (800, 375, 320)
#: A mail is an article inside somebody's page: these two ask for a page around it. `target-size` is off by default.
_RULES = {
    "landmark-one-main": {"enabled": False},
    "region": {"enabled": False},
    "target-size": {"enabled": True},
}
_JUDGE = """async (rules) => {
  const { violations } = await axe.run(document, { rules, resultTypes: ["violations"] });
  return {
    violations: violations.map(({ id, nodes }) => `${id}: ${nodes.length}, as ${nodes[0].html.slice(0, 120)}`),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""


@dataclass(slots=True)
class Seen:
    """What a browser found wrong with a mail, and where it wanted to go."""

    violations: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--hide-scrollbars"])
        try:
            yield browser
        finally:
            browser.close()


def seen(mails: Sequence[Mail]) -> dict[str, Seen]:
    """By the mail's name."""
    found = {mail.name: Seen() for mail in mails}
    axe = (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    with chromium() as browser:
        for scheme, width in product(SCHEMES, WIDTHS):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            for mail in mails:
                _look(page, mail, axe, f"{scheme} {width}", found[mail.name])
            context.close()
    return found


def _look(page: Page, mail: Mail, axe: str, view: str, seen_so_far: Seen) -> None:
    def refuse(route: Route) -> None:
        seen_so_far.requests[route.request.url] += 1
        route.abort()

    page.route("**/*", refuse)
    page.set_content(mail.html, wait_until="load")
    # a page that is written over keeps what was loaded into it
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe)
    result: dict[str, Any] = page.evaluate(_JUDGE, _RULES)
    page.unroute("**/*")
    seen_so_far.violations += [f"{view}: {said}" for said in result["violations"]]
    if result["overflow"] > 0:
        seen_so_far.overflow.append(f"{view}: {result['overflow']} px too wide")


def picture(browser: Browser, html: str, path: Path, *, width: int, height: int, scheme: Scheme) -> None:
    """A mail's beginning, as a reader sees it."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_content(html, wait_until="load")
    page.screenshot(path=path)
    context.close()
