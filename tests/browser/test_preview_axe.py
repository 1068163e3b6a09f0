"""axe-core finds nothing to complain about, in any state of the preview, light and dark."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import BRIEF, Previewed, until
from tests.judge.programs import MODULES, is_ci

pytestmark = pytest.mark.xdist_group("preview")

AXE = MODULES / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {iframes: false})).violations.map(found =>
  [found.id, ...found.nodes.map(node => node.html.slice(0, 120))])"""


def violations(page: Page) -> object:
    page.wait_for_timeout(250)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    return page.evaluate(RUN)


@pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_offends_axe(scheme: str, browser: Browser, previewed: Previewed) -> None:
    page = browser.new_page(
        viewport={"width": 1366, "height": 768}, color_scheme="dark" if scheme == "dark" else "light"
    )
    previewed.write(BRIEF.replace("- Tags: fintech", "- Tags: fintexh"))
    page.goto(previewed.address)
    until(page, "document.querySelectorAll('#findings button').length > 0")
    found = {"all widths": violations(page)}
    for key in "5678":
        page.keyboard.press(key)
        found[key] = violations(page)
    for whose in ("Reader", "Interests", "Edition"):
        page.get_by_role("button", name=whose, exact=True).click()
        found[whose] = violations(page)
    page.get_by_label("Segment").fill("ai")
    page.get_by_label("Segment").press("Enter")
    page.locator("#findings button").first.click()
    found["editions and a line"] = violations(page)
    page.get_by_role("button", name="Send a test…").click()
    found["test"] = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    found["keys"] = violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    previewed.write(BRIEF.replace("date: 2026", "date: x"))
    expect(page.get_by_role("alert")).to_be_visible()
    found["fault"] = violations(page)
    page.close()

    assert {state: said for state, said in found.items() if said} == {}
