"""The archive in a real browser: as it is served, and as files without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import run
from tests.browser.test_preview_axe import AXE, violations
from tests.integration.at_work import started
from tests.integration.conftest import SETTINGS
from tests.integration.test_archive import PUBLIC, SHARED, fill
from tests.judge.programs import is_ci
from tests.shelves import lay_out_archives
from tests.smtpd import free_port

pytestmark = pytest.mark.xdist_group("archive")

NEEDS_AXE = pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("archive")
    lay_out_archives(made)
    fill(made)
    (made / ".env").write_text("".join(f'{name}="{value}"\n' for name, value in SETTINGS.items()), encoding="utf-8")
    run(made, "archive", "export", "site")
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    port = free_port()
    with started(folder, ["serve", "--port", port], port) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        yield f"http://127.0.0.1:{port}"


def opened(browser: Browser, *, is_offline: bool = False) -> tuple[Page, list[str]]:
    """Without scripts, and with a note of all that is asked for or said."""
    context = browser.new_context(java_script_enabled=False, offline=is_offline)
    page, noted = context.new_page(), list[str]()
    page.on("request", lambda request: noted.append(request.url))
    page.on("dialog", lambda dialog: noted.append(f"dialog {dialog.message}"))
    return page, noted


def walk(page: Page) -> None:
    """From the list to an issue that was corrected, to its correction, and back."""
    page.get_by_role("link", name="What the draft rules ask of providers").click()
    page.get_by_role("link", name="The note again").click()
    expect(page.get_by_text("It is 12 April.")).to_be_visible()
    page.get_by_role("link", name="What the draft rules ask of providers").click()
    page.get_by_role("link", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link works in your own mail")
    page.go_back()
    page.get_by_role("link", name="All issues").click()
    page.get_by_role("link", name="Older issues").click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_role("link", name="Newer issues").click()


@pytest.mark.parametrize("home", [PUBLIC, SHARED])
def test_a_reader_walks_through_it_without_scripts(browser: Browser, address: str, home: str) -> None:
    page, noted = opened(browser)
    page.goto(address + home)
    walk(page)
    assert page.url == address + home
    assert {url for url in noted if not url.startswith(address + "/")} <= {"data:,"}
    page.context.close()


def test_as_files_it_works_without_a_network(browser: Browser, folder: Path) -> None:
    page, noted = opened(browser, is_offline=True)
    home = (folder / "site/harbour-shared/index.html").as_uri()
    page.goto(home)
    walk(page)
    assert page.url == home
    assert {url.partition(":")[0] for url in noted} <= {"file", "data"}
    page.context.close()


def test_hostile_subjects_are_only_shown(browser: Browser, address: str, folder: Path) -> None:
    for where in (
        address + PUBLIC,
        address + f"{PUBLIC}/evil",
        (folder / "site/harbour-public/evil/index.html").as_uri(),
    ):
        context = browser.new_context()
        page = context.new_page()
        page.on("dialog", lambda dialog: pytest.fail(f"it ran: {dialog.message}"))
        page.goto(where)
        expect(page.get_by_text("<script>alert(1)</script>").first).to_be_attached()
        assert page.locator("img[src=x], script").count() == 0
        context.close()


def test_by_keyboard_the_first_stop_is_the_newest_issue(browser: Browser, address: str) -> None:
    page, _ = opened(browser)
    page.goto(address + PUBLIC)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{address}{PUBLIC}/note.correction")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="All issues")).to_be_focused()
    page.context.close()


@NEEDS_AXE
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_offends_axe_or_overflows(
    scheme: str, width: int, browser: Browser, address: str, folder: Path
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 700}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True
    )
    found: dict[str, object] = {}
    served = ["", "?page=2", "/note", "/note.correction", "/brief-1", "/evil"]
    own = (folder / "site/harbour-public/own.html").as_uri()
    for where in [*(address + PUBLIC + path for path in served), address + "/a/harbour-zh", own]:
        page.goto(where)
        found[where] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert {where: said for where, said in found.items() if said} == {}
