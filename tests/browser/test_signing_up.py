"""The whole way in a real browser: in by a form and a mail, to an issue of one's choice, and out by one click."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.subscriber import SubscriptionStatus
from newsletter.tokens import Purpose, Token, make_token
from tests.browser.conftest import BRIEF
from tests.browser.test_preview_axe import AXE, violations
from tests.entrance import KEYS, NEWSLETTER, Entrance, an_entrance, link_in
from tests.integration.at_work import environ
from tests.judge.programs import is_ci

pytestmark = pytest.mark.xdist_group("face")


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with an_entrance(tmp_path_factory.mktemp("signing-up"), NEWSLETTER_SIGNUPS_PER_NETWORK="999/hour") as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    opened.on("pageerror", lambda error: pytest.fail(str(error)))
    yield opened
    opened.close()


def send(entrance: Entrance, day: str) -> str:
    """An issue of that day, to everyone; what the command said."""
    path = entrance.folder / f"brief-{day}.md"
    path.write_text(BRIEF.replace("2026-06-10", day), encoding="utf-8")
    words = [sys.executable, "-m", "newsletter", "send", path.name, "-s", "everyone", "--yes", "--json"]
    ours = environ(entrance.folder, entrance.smtp_port, NEWSLETTER_BASE_URL=entrance.base_url)
    done = subprocess.run(words, cwd=entrance.folder, env=ours, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def sign_up(page: Page, entrance: Entrance, address: str) -> None:
    page.goto(f"{entrance.base_url}/s/{NEWSLETTER}")
    page.get_by_label("Your mail address").fill(address)
    page.get_by_label("Your name").fill("Mei Chen")
    page.get_by_label("I want China AI Brief").check()
    page.wait_for_timeout(2_100)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")


def test_from_the_form_to_an_issue_of_ones_choice_and_out_again(entrance: Entrance, page: Page) -> None:
    address = "mei@harbour.example.com"
    sign_up(page, entrance, address)
    page.goto(link_in(entrance.mail_to(address)))
    page.wait_for_timeout(300)
    reader = entrance.reader(address)
    assert reader
    assert reader.status is SubscriptionStatus.PENDING, "whoever only looks has not said yes"
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    page.get_by_role("link", name="Choose subjects").click()
    page.get_by_label("Fintech").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")

    send(entrance, "2026-06-10")
    issue = entrance.mail_to(address, 2)
    body = issue.get_body(("plain",))
    assert body
    text = body.get_content()
    assert "Banks try digital cash" in text
    assert "Nine chips pass the review" not in text

    link = issue["List-Unsubscribe"].split(">")[0].lstrip("<")
    assert entrance.ask("POST", link.removeprefix(entrance.base_url), {"List-Unsubscribe": "One-Click"})[0] == 200
    entrance.take_in("stays@example.org")
    send(entrance, "2026-06-11")
    entrance.mail_to("stays@example.org", 2)
    assert len(entrance.mails_to(address)) == 2
    with entrance.store() as store, store._database.reading() as connection:
        told = "SELECT reason FROM skips WHERE subscriber_id = ? ORDER BY mailing_id DESC"
        reasons = list(connection.exec_driver_sql(told, (reader.subscriber_id,)).scalars())
    assert reasons == ["unsubscribed"]


def test_by_keyboard_alone_and_without_scripts(browser: Browser, entrance: Entrance) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{entrance.base_url}/s/{NEWSLETTER}")
    # past the other language
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("keys@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("Mei")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_timeout(2_100)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(link_in(entrance.mail_to("keys@example.org")))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", level=1)).to_have_text("您已订阅")
    context.close()
    assert entrance.reader("keys@example.org").status is SubscriptionStatus.CONFIRMED  # type: ignore[union-attr]


def test_changes_are_taken_back_and_a_pause_is_ended(entrance: Entrance, page: Page) -> None:
    address = "undo@example.org"
    entrance.take_in(address, name="Mei")
    page.goto(f"{entrance.base_url}{preferences_of(entrance, address)}")
    page.get_by_label("Your name").fill("Somebody else")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.get_by_label("Your name")).to_have_value("Mei")
    page.get_by_role("button", name="4 weeks").click()
    expect(page.get_by_role("status")).to_contain_text("Paused")
    page.get_by_role("button", name="Get mail again now").click()
    expect(page.get_by_role("button", name="4 weeks")).to_be_visible()
    page.get_by_role("link", name="Everything held on me").click()
    page.get_by_label("To be sure").fill(address)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "held-on-me.json"
    page.get_by_role("link", name="Back to the preferences").click()
    page.get_by_role("link", name="Forget me").click()
    page.get_by_label("To be sure").fill(address)
    page.get_by_role("button", name="Forget me for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are forgotten")
    assert entrance.reader(address) is None


def preferences_of(entrance: Entrance, address: str) -> str:
    reader = entrance.reader(address)
    assert reader
    return f"/p/{make_token(KEYS, Purpose.PREFERENCES, Token(reader.public_id, 0))}"


@pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, entrance: Entrance, width: int, scheme: str) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    address, found = f"axe-{width}-{scheme}@example.org", {}

    def look(name: str) -> None:
        found[name] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name

    page.goto(f"{entrance.base_url}/s/{NEWSLETTER}")
    page.click("summary")
    look("join")
    page.goto(f"{entrance.base_url}/s/{NEWSLETTER}?language=zh-Hans")
    page.click("button.main")
    look("what is missing")
    entrance.sign_up(address, subject=["ai-chips"])
    entrance.sign_up(address)
    link = f"{entrance.base_url}{entrance.link_to(address)}"
    page.goto(link)
    look("confirm")
    page.click("button.main")
    look("confirmed")
    page.click(".aside a")
    look("preferences")
    page.fill("#name", "Another")
    page.click("button.main")
    look("saved")
    page.click("button[value='2']")
    look("paused")
    look_at_what_is_held(page, address, look)
    page.goto(link)
    look("strange")
    page.close()
    assert {name: said for name, said in found.items() if said} == {}


def look_at_what_is_held(page: Page, address: str, look: Callable[[str], None]) -> None:
    for number, key in ((1, "held"), (2, "forget")):
        page.locator(".ways a").nth(number).click()
        look(key)
        page.fill("#address", "nobody@example.org")
        page.click("button.main")
        look(f"{key}, refused")
        page.click(".aside a")
    page.locator(".ways a").nth(2).click()
    page.fill("#address", address)
    page.click("button.main")
    look("forgotten")
