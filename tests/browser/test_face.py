"""Readers' pages in a real browser: what a click does, what a mere visit does not, and that nobody is shut out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.subscriber import SubscriptionStatus
from newsletter.tokens import Purpose
from tests.browser.test_preview_axe import AXE, violations
from tests.integration.at_work import started
from tests.integration.test_face import Face, link
from tests.judge.programs import is_ci
from tests.smtpd import free_port
from tests.stores import a_store, an_entry, take_in

pytestmark = pytest.mark.xdist_group("face")


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    folder, port = tmp_path_factory.mktemp("face"), free_port()
    with a_store(folder) as store:
        entries = [an_entry(number, language="zh-Hans" if number == 2 else "en") for number in range(1, 9)]
        take_in(store, *entries, newsletter="china-ai-brief")
    with started(folder, ["serve", "--port", port], port) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        yield Face(port, folder)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    yield opened
    opened.close()


def at(face: Face, path: str) -> str:
    return f"http://127.0.0.1:{face.port}{path}"


def test_a_visit_with_a_browser_that_runs_scripts_changes_nothing(face: Face, page: Page) -> None:
    before = face.reader(1)
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES):
        page.goto(at(face, link(before, purpose)))
        page.wait_for_timeout(500)
    assert face.reader(1) == before


def test_a_reader_leaves_and_comes_back_by_keyboard_alone(face: Face, page: Page) -> None:
    page.goto(at(face, link(face.reader(3))))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Every newsletter of ours")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
    assert face.reader(3).status is SubscriptionStatus.UNSUBSCRIBED
    page.get_by_role("button", name="Subscribe again").click()
    expect(page.get_by_role("status")).to_contain_text("as before")
    assert face.reader(3).status is SubscriptionStatus.CONFIRMED


def test_subjects_are_found_by_any_of_their_words_and_chosen(face: Face, page: Page) -> None:
    page.goto(at(face, link(face.reader(4), Purpose.PREFERENCES)))
    page.get_by_label("Find a subject").fill("半导体")
    expect(page.locator(".group label:visible")).to_have_text(["Semiconductors"])
    page.get_by_label("Semiconductors").check()
    expect(page.get_by_label("Stories about the subjects")).to_be_checked()
    page.get_by_label("Find a subject").fill("zzz")
    expect(page.get_by_text("No subject has this word.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert face.reader(4).interests == {"semiconductors"}


@pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_offends_axe_or_overflows(scheme: str, width: int, browser: Browser, face: Face) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 700}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True
    )
    found: dict[str, object] = {}
    for number in (2, 5):
        reader = face.reader(number)
        for path in (link(reader), link(reader, Purpose.PREFERENCES), "/own"):
            page.goto(at(face, path))
            found[f"{number} {path[:3]}"] = violations(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        for button in ("button.main", "button"):
            if button == "button.main":
                page.goto(at(face, link(reader)))
            page.click(button)
            found[f"{number} after {button}"] = violations(page)
    page.close()
    assert {state: said for state, said in found.items() if said} == {}


def test_without_scripts_everything_can_still_be_done(browser: Browser, face: Face) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(at(face, link(face.reader(6), Purpose.PREFERENCES)))
    expect(page.get_by_label("Find a subject")).to_be_hidden()
    page.get_by_label("Stories about the subjects").check()
    page.get_by_label("Hong Kong").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Unsubscribe").click()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
    context.close()
    assert face.reader(6).interests == {"hong-kong"}
    assert face.reader(6).status is SubscriptionStatus.UNSUBSCRIBED
