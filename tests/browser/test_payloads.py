"""Scripts in names, tags, titles and headlines stay what they are, text, even where no policy of a page would help."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Dialog, Page

from newsletter.store import open_store
from newsletter.tokens import Purpose, Token, make_token
from tests.entrance import IS_FULL, KEYS, NEWSLETTER, Entrance, a_stamp, an_entrance
from tests.integration.at_work import environ
from tests.payloads import MARK, PAYLOADS
from tests.stores import address_of, an_entry, take_in

pytestmark = pytest.mark.xdist_group("face")
#: headlines in one mail, which may not be longer
A_MAIL = 25
#: as names of readers each takes pages of its own
NAMES = PAYLOADS if IS_FULL else PAYLOADS[::10]


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    folder = tmp_path_factory.mktemp("payloads")
    with an_entrance(folder, prepare=plant, NEWSLETTER_SIGNUPS_PER_NETWORK="9999/hour") as opened:
        yield opened


def plant(folder: Path) -> None:
    """Every payload is the name of a tag that is offered; the title of the newsletter is one, too."""
    tags = {
        f"tag-{number}": {"names": {"en": f"{text} {number}"}, "offered": True} for number, text in enumerate(PAYLOADS)
    }
    (folder / "subscribers" / "tags.yaml").write_text(json.dumps(tags), encoding="utf-8")
    (folder / "subscribers" / "segments.yaml").write_text("{}\n", encoding="utf-8")
    declared = folder / "templates" / "newsletters.yaml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace("title: China AI Brief", f"title: {json.dumps(PAYLOADS[0])}"), encoding="utf-8")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Without the page's policy: what is escaped needs none."""
    context = browser.new_context(bypass_csp=True)
    opened = context.new_page()
    heard: list[str] = []
    opened.on("console", lambda message: heard.append(message.text))

    def dismiss(dialog: Dialog) -> None:
        heard.append(MARK)
        dialog.dismiss()

    opened.on("dialog", dismiss)
    yield opened
    context.close()
    assert [text for text in heard if MARK in text] == []


def test_the_browser_would_say_so_if_one_ran(browser: Browser) -> None:
    page = browser.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.set_content(f"<p>{PAYLOADS[1]}</p>")
    page.wait_for_timeout(300)
    page.close()
    assert heard == [MARK]


def test_tags_and_titles_are_text_on_every_page(entrance: Entrance, page: Page) -> None:
    page.goto(f"{entrance.base_url}/s/{NEWSLETTER}")
    assert page.locator("input[name=subject]").count() == len(PAYLOADS)
    everything = [f"tag-{number}" for number in range(len(PAYLOADS))]
    entrance.sign_up("mei@example.org", subject=everything)
    link = entrance.link_to("mei@example.org")
    page.goto(f"{entrance.base_url}{link}")
    assert page.locator(".chosen li").count() == len(PAYLOADS)
    page.locator("button.main").click()
    page.locator(".aside a").click()
    assert page.locator("input[name=subject]:checked").count() == len(PAYLOADS)
    for where in page.locator(".ways a").all():
        path = where.evaluate("it => it.href")
        other = page.context.new_page()
        other.goto(path)
        other.close()
    page.wait_for_timeout(500)


def test_names_are_text_wherever_they_are_shown(entrance: Entrance, page: Page) -> None:
    with entrance.store() as store:
        reader = next(it for it in take_in(store, an_entry(1), newsletter=NEWSLETTER) if "reader1" in it.email)
    path = f"/p/{make_token(KEYS, Purpose.PREFERENCES, Token(reader.public_id, 0))}"
    for name in NAMES:
        entrance.ask("POST", path, {"which": "all", "name": name})
        page.goto(f"{entrance.base_url}{path}")
        assert page.input_value("#name") == name
        fields = {"address": name, "name": name, "stamp": a_stamp(), "language": name}
        answered = page.request.post(
            f"{entrance.base_url}/s/{NEWSLETTER}",
            data=urlencode(fields),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        page.set_content(answered.text())
        assert page.input_value("#name") == name
        page.goto(f"{entrance.base_url}/s/{NEWSLETTER}?{urlencode({'language': name})}")
    page.wait_for_timeout(500)


@pytest.mark.parametrize("start", range(0, len(PAYLOADS), A_MAIL))
def test_headlines_are_text_in_the_browsers_view_of_a_mail(entrance: Entrance, page: Page, start: int) -> None:
    with entrance.store() as store:
        reader = next(it for it in take_in(store, an_entry(2), newsletter=NEWSLETTER) if "reader2" in it.email)
    day = f"2026-06-{10 + start // A_MAIL}"
    path = entrance.folder / f"brief-{day}.md"
    path.write_text(an_issue(day, start), encoding="utf-8")
    words = [sys.executable, "-m", "newsletter", "plan", path.name, "-s", "everyone"]
    ours = environ(entrance.folder, entrance.smtp_port, NEWSLETTER_BASE_URL=entrance.base_url)
    done = subprocess.run(words, cwd=entrance.folder, env=ours, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with open_store(address_of(entrance.folder)) as store, store._database.reading() as connection:
        mailing_id = connection.exec_driver_sql("SELECT max(id) FROM mailings").scalar_one()
    token = make_token(KEYS, Purpose.VIEW, Token(reader.public_id, mailing_id))
    page.goto(f"{entrance.base_url}/v/{token}")
    assert f"headline {start + A_MAIL - 1}" in page.inner_text("body")
    page.wait_for_timeout(300)


def an_issue(day: str, start: int) -> str:
    stories = "\n\n".join(
        f"### {PAYLOADS[number]} headline {number}\n- Example Wire · 2026-06-09\n- Summary: {PAYLOADS[number]}\n"
        f"- Why It Matters: {PAYLOADS[number]}\n- URL: https://example.com/{number}\n- Tags: tag-{number}"
        for number in range(start, start + A_MAIL)
    )
    head = f"---\nnewsletter: {NEWSLETTER}\ndate: {day}\nsubject: One\npreheader: Two\n---\n## Top Stories\n\n"
    return head + stories + "\n"
