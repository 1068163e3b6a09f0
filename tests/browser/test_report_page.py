"""The page of a report in a real browser: nothing in it runs, nothing is fetched, and axe has nothing to say."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from newsletter.bounce import BounceKind
from newsletter.delivery import DeliveryState
from newsletter.event import EventKind
from newsletter.report import report_on
from newsletter.report.account import account_of
from newsletter.store import schema
from newsletter.subscriber import Skip
from newsletter.tags import Tag, vocabulary_of
from newsletter.web.report import report_page
from tests.browser.test_preview_axe import AXE, violations
from tests.builders import NOW, a_compiled_issue
from tests.integration.test_account import SEEN, Past, Told, written
from tests.judge.programs import is_ci
from tests.stores import a_store

pytestmark = pytest.mark.xdist_group("report")

EVIL = "<script>document.title='gone'</script><img src=x onerror=\"document.title='gone'\">'\"></style></svg>"
HOURS = (1, 3, 26, 200, 800)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With something in every part of it, and hostile words wherever a person or a provider can put some."""
    folder = tmp_path_factory.mktemp("report")
    told = tuple(Told(EventKind.BOUNCED, hours, BounceKind.FULL, False) for hours in HOURS)
    pasts = [Past(2, DeliveryState.ACCEPTED, f"{'d' * 50}{n}.example", told[:n], None, 30) for n in range(5)]
    pasts += [Past(1, state, "example.com", (), BounceKind.DEAD, None) for state in DeliveryState]
    with a_store(folder) as store:
        mailing_id = written(store, pasts, list(Skip))
        with store._database.writing() as connection:
            connection.execute(sa.update(schema.deliveries).values(detail=EVIL))
            connection.execute(sa.update(schema.mailings).values(title=EVIL, segment=EVIL))
        vocabulary = vocabulary_of([Tag("ai-chips", {"en": EVIL})])
        account = account_of(store, store.mailings.find(mailing_id), vocabulary, now=SEEN)
        stories = tuple(replace(story, headline=EVIL) for story in account.stories)
        domains = tuple(replace(one, domain=EVIL) for one in account.domains)
        account = replace(account, stories=stories, domains=domains)
        text = report_page(account, report_on(store.mailings, mailing_id), vocabulary)
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    assert a_compiled_issue().stories
    assert NOW < SEEN
    return path


def test_hostile_words_are_only_shown_and_nothing_is_fetched(browser: Browser, page_file: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: pytest.fail(said.text))
    page.goto(page_file.as_uri())
    assert page.title().startswith("Report on ")
    assert {url for url in asked if not url.startswith("data:")} == {page_file.as_uri()}
    assert page.locator("script, img, svg style, svg script").count() == 0
    assert page.get_by_text("document.title='gone'").count() > 10
    page.close()


def test_without_scripts_and_on_paper_it_is_whole(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("svg").count() == 7
    assert len(page.pdf(format="A4", print_background=False)) > 20_000
    context.close()


@pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")
@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_sticks_out(scheme: str, width: int, browser: Browser, page_file: Path) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True
    )
    page.goto(page_file.as_uri())
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_no_word_is_broken_on_a_phone(browser: Browser, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(page_file.as_uri())
    for name in ("accepted", "withdrawn"):
        word = page.get_by_role("rowheader", name=name, exact=True).first
        assert (
            word.evaluate(
                "cell => { const range = document.createRange(); range.selectNodeContents(cell); "
                "return range.getClientRects().length; }"
            )
            == 1
        )
    page.close()
