"""The preview, tried out as staff do: by clicking, typing and saving, in a real browser."""

import email
import email.policy
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from newsletter.checks import HTML_CAUTION
from tests.browser.conftest import BRIEF, ROOT, Previewed, address_of, lay_out, start, until

# One browser and one server for all of these.
pytestmark = pytest.mark.xdist_group("preview")

SHOWS = """text => { const frames = [...document.querySelectorAll(".glass iframe")];
  return frames.length && frames.every(frame => frame.contentDocument?.body?.textContent.includes(text)); }"""
#: the page's own clock, at the first picture that is drawn with the text in every frame; nobody asks meanwhile
NOTE_WHEN_SHOWN = f"""text => {{ const shows = {SHOWS}; window.shownAt = 0;
  const note = () => window.shownAt = Date.now(), look = () => requestAnimationFrame(shows(text) ? note : look);
  look(); }}"""
HOSTILE = (
    """<script>parent.document.title = "PWNED"</script><img alt="" src="x" onerror="parent.document.title='PWNED'" />"""
)


def shows(page: Page, text: str) -> None:
    """Every frame holds the text, in the version that is to be seen."""
    until(page, SHOWS, text)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def mail(page: Page, device: str = "Phone", scheme: str = "light") -> Locator:
    return page.locator(f'iframe[title="The mail, {device}, {scheme}"]').content_frame.locator("body")


def in_frame(page: Page, script: str, device: str = "Phone", scheme: str = "light") -> object:
    """What a script of the page finds in the frame; the mail itself runs none."""
    frame = f"document.querySelector('iframe[title=\"The mail, {device}, {scheme}\"]')"
    return page.evaluate(f"(() => {{ const frame = {frame}, page = frame.contentDocument; return {script}; }})()")


# Looking


def test_three_widths_stand_side_by_side_and_each_can_be_seen_alone(page: Page) -> None:
    shows(page, "Nine chips pass the review")
    widths = page.evaluate(
        "[...document.querySelectorAll('.glass iframe')].map(frame => frame.contentWindow.innerWidth)"
    )
    assert widths == [375, 768, 1200]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    for name, width in (("Phone", 375), ("Tablet", 768), ("Desktop", 1200)):
        press(page, name)
        until(page, "document.querySelectorAll('.glass iframe').length === 1")
        assert in_frame(page, "frame.contentWindow.innerWidth", name) == width
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")


def test_dark_is_what_a_reader_with_a_dark_screen_sees_whatever_this_screen_is(page: Page) -> None:
    colour = "getComputedStyle(page.body).backgroundColor"
    press(page, "Phone")
    press(page, "Both")
    until(page, "document.querySelectorAll('.glass iframe').length === 2")
    shows(page, "Nine chips pass the review")
    light, dark = in_frame(page, colour), in_frame(page, colour, scheme="dark")
    page.emulate_media(color_scheme="dark")

    assert light != dark
    assert (in_frame(page, colour), in_frame(page, colour, scheme="dark")) == (light, dark)
    press(page, "Dark")
    until(page, "document.querySelectorAll('.glass iframe').length === 1")
    shows(page, "Nine chips pass the review")
    assert in_frame(page, colour, scheme="dark") == dark


def test_without_images_their_alt_text_stands_in_their_place(page: Page, previewed: Previewed) -> None:
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    layout = previewed.folder / "templates" / "daily-brief" / "layout.mjml"
    text = layout.read_text(encoding="utf-8")
    image = f'<mj-section><mj-column><mj-image src="{picture}" alt="A harbour" width="50px" /></mj-column></mj-section>'
    layout.write_text(text.replace("</mj-body>", image + "</mj-body>"), encoding="utf-8")
    press(page, "Phone")
    expect(mail(page).get_by_alt_text("A harbour")).to_have_count(1)
    drawn = "page.querySelector('img[alt=\"A harbour\"]').naturalWidth"

    until(page, "document.querySelector('.glass iframe').contentDocument.images[0]?.complete")
    assert in_frame(page, drawn) == 1
    press(page, "Images")
    until(page, "document.querySelector('.glass iframe').src.includes('images=off')")
    shows(page, "Nine chips pass the review")
    assert in_frame(page, drawn) == 0
    expect(mail(page).get_by_alt_text("A harbour")).to_have_count(1)


def test_text_source_headers_and_message_are_those_of_the_mail(page: Page, previewed: Previewed) -> None:
    press(page, "Text")
    text = page.get_by_role("region", name="Text part")
    expect(text).to_contain_text("1. A grid of data centres is funded")
    assert max(map(len, text.inner_text().splitlines())) <= 72

    press(page, "HTML")
    source = page.get_by_role("region", name="HTML source")
    expect(source).to_contain_text("<!DOCTYPE html>")
    assert "<base" not in source.inner_text(), "what is only for the frame stands in the source"

    press(page, "Headers")
    headers = page.get_by_role("region", name="Headers")
    expect(headers).to_contain_text("A grid of data centres is funded")
    expect(headers).to_contain_text("List-Unsubscribe-Post")

    press(page, "Message")
    whole = page.get_by_role("region", name="Message as sent").locator("pre").text_content()
    message = email.message_from_string(whole or "", policy=email.policy.default)
    assert message["From"] == "Harbour Advisers <news@example.com>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as .eml").click()
    assert saved.value.suggested_filename == "brief.eml"
    assert saved.value.path().read_bytes().startswith(b"From: Harbour Advisers")


def test_what_is_looked_at_survives_a_reload_of_the_page(page: Page) -> None:
    press(page, "Phone")
    press(page, "Dark")
    until(page, "document.querySelector('.glass iframe')?.title === 'The mail, Phone, dark'")
    # An empty frame cannot be scrolled, and a new mail is held in its place for some pictures.
    until(page, "document.querySelector('.glass iframe').contentDocument?.body?.scrollHeight > 1000")
    page.wait_for_timeout(500)
    in_frame(page, "frame.contentWindow.scrollTo(0, 300)", scheme="dark")
    page.reload()
    until(page, "document.querySelector('.glass iframe')?.title === 'The mail, Phone, dark'")
    until(page, "document.querySelector('.glass iframe').contentWindow.scrollY === 300")


# Whose copy


def test_a_reader_is_found_by_name_and_their_copy_is_shown(page: Page) -> None:
    press(page, "Reader")
    field = page.get_by_label("Address or name")
    field.press_sequentially("lindqv")
    until(page, "document.querySelectorAll('#readers option').length > 0")
    offered = page.eval_on_selector_all("#readers option", "options => options.map(one => [one.value, one.label])")
    assert ["b.lindqvist@example.com", "Benjamin Lindqvist"] in offered
    field.fill("b.lindqvist@example.com")
    field.press("Enter")

    shows(page, "Dear Mr Lindqvist")
    expect(page.locator("#whose-said")).to_contain_text("Mr Lindqvist: follows ai-chips, ai-policy, fintech")
    expect(page.locator("#whose-said")).to_contain_text("Gets 2 of 3 stories")
    assert "A grid of data centres" not in (mail(page).text_content() or "")
    press(page, "Headers")
    expect(page.get_by_role("region", name="Headers")).to_contain_text("b.lindqvist@example.com")


def test_a_reader_whom_nobody_knows_is_said_to_be_none(page: Page) -> None:
    press(page, "Reader")
    page.get_by_label("Address or name").fill("nobody@example.com")
    page.get_by_label("Address or name").press("Enter")
    expect(page.locator("#stage")).to_contain_text("nobody@example.com is not among the readers of china-ai-brief")
    press(page, "Full")
    shows(page, "A grid of data centres is funded")


def test_interests_are_searched_ticked_and_followed(page: Page) -> None:
    press(page, "Interests")
    page.get_by_role("searchbox", name="Interests").fill("芯片")
    page.get_by_role("checkbox", name="AI chips", exact=True).check()

    until(
        page,
        "[...document.querySelectorAll('.glass iframe')].every("
        "frame => !frame.contentDocument.body.textContent.includes('A grid of data'))",
    )
    expect(mail(page)).to_contain_text("Nine chips pass the review")
    expect(page.locator("#whose-said")).to_have_text("Gets 1 of 3 stories.")
    page.get_by_role("checkbox", name="AI chips", exact=True).uncheck()
    shows(page, "A grid of data centres is funded")


def test_each_edition_of_a_segment_is_shown_with_its_readers(page: Page, previewed: Previewed) -> None:
    press(page, "Edition")
    page.get_by_label("Segment").fill("ai or fintech")
    press(page, "Show")
    editions = page.locator("#editions button")
    expect(page.locator("#whose-said")).to_contain_text("editions for")
    said = editions.all_inner_texts()
    readers = [int(text.split()[0]) for text in said]
    assert len(said) > 3
    assert readers == sorted(readers, reverse=True)
    assert f"for {sum(readers)} readers" in page.locator("#whose-said").inner_text()

    only_chips = next(number for number, text in enumerate(said) if "1 story: 2" in text)
    editions.nth(only_chips).click()
    until(page, "!document.querySelector('.glass iframe').contentDocument.body.textContent.includes('grid')")
    expect(mail(page)).to_contain_text("Nine chips pass the review")
    previewed.write(BRIEF.replace("Nine chips", "Ten chips"))
    shows(page, "Ten chips pass the review")
    expect(editions.nth(only_chips)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Segment").fill("ai and (")
    press(page, "Show")
    expect(page.locator("#whose-said")).not_to_contain_text("editions for")
    expect(page.locator("#editions button")).to_have_count(0)


# Findings, errors and the file


def test_a_finding_leads_to_its_line(page: Page, previewed: Previewed) -> None:
    text = BRIEF.replace("- Tags: fintech", "- Tags: fintexh")
    previewed.write(text)
    finding = page.locator("#findings button", has_text="fintexh")
    finding.click()

    here = page.locator("#drawer-lines li.here")
    line = text.splitlines().index("- Tags: fintexh") + 1
    expect(here).to_have_text(f"{line}- Tags: fintexh")
    expect(here.locator("mark")).to_have_text("fintexh")
    expect(here).to_be_in_viewport()
    expect(page.locator("#drawer-name")).to_have_text(f"issues/brief.md:{line}:9")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(finding).to_be_focused()


def test_a_fault_in_a_template_leads_to_the_template(page: Page, previewed: Previewed) -> None:
    layout = previewed.folder / "templates" / "daily-brief" / "layout.mjml"
    lines = layout.read_text(encoding="utf-8").splitlines()
    layout.write_text("\n".join([*lines[:4], "{% if %}", *lines[4:]]), encoding="utf-8")

    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("daily-brief/layout.mjml:5")
    fault.get_by_role("button").first.click()
    expect(page.locator("#drawer-lines li.here")).to_have_text("5{% if %}")


def test_an_error_is_shown_over_the_last_good_version_and_goes_when_mended(page: Page, previewed: Previewed) -> None:
    shows(page, "The first summary")
    previewed.write(BRIEF.replace("date: 2026-06-10", "date: 10 June"))

    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("issues/brief.md:3:1")
    shows(page, "The first summary")
    expect(page.locator("body")).to_have_class("stale")
    fault.get_by_role("button").first.click()
    expect(page.locator("#drawer-lines li.here")).to_have_text("3date: 10 June")
    previewed.write(BRIEF.replace("The first summary", "The mended summary"))
    shows(page, "The mended summary")
    expect(fault).to_be_hidden()
    expect(page.locator("body")).not_to_have_class("stale")
    expect(page.locator("#drawer-lines li.here")).to_have_text("3date: 2026-06-10")


def test_a_file_that_is_gone_for_a_moment_is_no_error(page: Page, previewed: Previewed) -> None:
    faults = page.evaluate_handle(
        """() => { const seen = []; new MutationObserver(() => seen.push(document.body.className))
        .observe(document.body, {attributes: true, attributeFilter: ["class"]}); return seen; }"""
    )
    previewed.issue.unlink()
    time.sleep(0.12)
    previewed.issue.write_text(BRIEF.replace("The first summary", "The late summary"), encoding="utf-8")
    shows(page, "The late summary")
    assert "stale" not in faults.json_value()

    previewed.issue.unlink()
    expect(page.get_by_role("alert")).to_contain_text("there is no such file")
    previewed.issue.write_text(BRIEF, encoding="utf-8")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_saving_shows_the_change_at_once_and_keeps_the_place(page: Page, previewed: Previewed) -> None:
    page.set_viewport_size({"width": 1366, "height": 400})
    until(page, "[...document.querySelectorAll('.glass iframe')].every(frame => frame.contentWindow.innerHeight < 800)")
    in_frame(page, "frame.contentWindow.scrollTo(0, 350)")
    in_frame(page, "frame.contentWindow.scrollTo(0, 200)", "Tablet")
    assert in_frame(page, "frame.contentWindow.scrollY") == 350

    # The quietest saving of several rounds counts: other programs of this machine are not ours to measure.
    fastest: list[float] = []
    while len(fastest) < 10 and min(fastest, default=1) >= 0.3:
        fastest.append(min(_seconds_to_show(page, previewed, len(fastest) * 10 + n) for n in range(5)))
        assert in_frame(page, "frame.contentWindow.scrollY") == 350
        assert in_frame(page, "frame.contentWindow.scrollY", "Tablet") == 200

    assert min(fastest) < 0.3, fastest


def _seconds_to_show(page: Page, previewed: Previewed, number: int) -> float:
    """From the moment before the shipped brief is written to the picture that shows it at all three widths."""
    word = f"In try {number}"
    text = (ROOT / "docs" / "examples" / "china-ai-brief.md").read_text(encoding="utf-8")
    page.evaluate(NOTE_WHEN_SHOWN, word)
    began = time.time()
    previewed.write(text.replace("Over five years", word))
    page.wait_for_timeout(250)
    until(page, "() => window.shownAt")
    return float(page.evaluate("window.shownAt")) / 1000 - began


def test_the_meter_shows_how_near_gmails_limit_is(page: Page, previewed: Previewed) -> None:
    meter = page.get_by_role("meter", name="Size of the HTML part")
    small = int(meter.get_attribute("aria-valuenow") or 0)
    assert 10_000 < small < HTML_CAUTION
    expect(page.locator("#size-said")).to_contain_text("Gmail shows it all")
    press(page, "HTML")
    source = page.get_by_role("region", name="HTML source").locator("pre").text_content() or ""
    assert len(source.encode()) == small

    long = BRIEF.partition("### Banks")[2].replace("The third summary.", "Words and words. " * 500)
    stories = "".join(f"### Story {number}{long}" for number in range(14))
    previewed.write(f"{BRIEF}\n{stories}")
    expect(page.locator("#size-said")).to_contain_text("Gmail will cut it off")
    expect(page.locator("#findings")).to_contain_text("Gmail clips mails over 102,400")


# Sending a test


def outbox(previewed: Previewed) -> list[Path]:
    return sorted((previewed.folder / "outbox").rglob("*.eml"))


def test_a_test_goes_to_the_typed_address_and_only_after_a_yes(page: Page, previewed: Previewed) -> None:
    before = outbox(previewed)
    press(page, "Send a test…")
    dialog = page.get_by_role("dialog", name="Send a test")
    expect(dialog).to_contain_text("nothing leaves this machine")
    dialog.get_by_label("To").fill("me@example.com")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert outbox(previewed) == before

    press(page, "Send a test…")
    dialog.get_by_role("button", name="Send this test").click()
    dialog.get_by_label("To").fill("me@example.com")
    dialog.get_by_role("button", name="Send this test").click()
    expect(dialog).to_contain_text("me@example.com: accepted")
    [sent] = set(outbox(previewed)) - set(before)
    message = email.message_from_bytes(sent.read_bytes(), policy=email.policy.default)
    assert (message["To"], message["Subject"]) == ("me@example.com", "[Test] A grid of data centres is funded")


def test_no_test_is_sent_of_a_file_with_an_error(page: Page, previewed: Previewed) -> None:
    previewed.write("---\n")
    expect(page.get_by_role("alert")).to_be_visible()
    press(page, "Send a test…")
    dialog = page.get_by_role("dialog", name="Send a test")
    expect(dialog).to_contain_text("No test can be sent now")
    expect(dialog.get_by_role("button", name="Send this test")).to_be_disabled()


def test_without_a_sender_the_page_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    lay_out(tmp_path / "bare", sender=False)
    with (tmp_path / "bare" / ".env").open("w") as env:
        env.write("NEWSLETTER_TRANSPORT=smtp\nNEWSLETTER_SMTP_HOST=mail.example.com\n")
    process = start(tmp_path / "bare", "--segment", "everyone")
    page = browser.new_page()
    try:
        page.goto(address_of(process))
        page.wait_for_selector(".glass iframe")
        expect(page.locator("#whose-said")).to_contain_text("there are no readers yet")
        assert not (tmp_path / "bare" / "newsletter.db").exists(), "looking made a database"
        press(page, "Send a test…")
        expect(page.get_by_role("dialog")).to_contain_text("missing: NEWSLETTER_SENDER_NAME")
        expect(page.get_by_role("button", name="Send this test")).to_be_disabled()

        process.send_signal(signal.SIGINT)
        expect(page.locator("#status")).to_contain_text("has been stopped")
        _, said = process.communicate(timeout=5)
        assert (process.returncode, "Traceback" in said) == (0, False)
        assert "The preview has stopped." in said
    finally:
        page.close()
        process.kill()


# Hostile material


def test_what_a_story_holds_stays_dead(page: Page, previewed: Previewed) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    text = BRIEF.replace("The first summary.", f"The wild summary. {HOSTILE} [go](https://example.org/away)")
    text = text.replace("### Nine chips", f"### {HOSTILE} chips")
    # A template is trusted with markup, and even so it runs nothing.
    layout = previewed.folder / "templates" / "daily-brief" / "layout.mjml"
    raw = f"<mj-raw>{HOSTILE}<a href='javascript:parent.document.title=`PWNED`'>tempting</a></mj-raw>"
    layout.write_text(layout.read_text(encoding="utf-8").replace("</mj-body>", f"{raw}</mj-body>"), encoding="utf-8")
    previewed.write(text)
    press(page, "Desktop")
    shows(page, "The wild summary")
    mail(page, "Desktop").get_by_text("tempting").click()
    mail(page, "Desktop").get_by_role("link", name="go").hover()
    expect(page.locator("#status")).to_have_text("https://example.org/away")
    mail(page, "Desktop").get_by_role("link", name="go").click()
    for name in ("Text", "HTML", "Headers", "Message"):
        press(page, name)
        page.wait_for_timeout(60)
    page.keyboard.press("e")
    expect(page.locator("#drawer-lines")).to_contain_text("<script>")
    previewed.write(text.replace("- Tags: fintech", f"- Tags: '{HOSTILE}'").replace("date: 2026", f"date: {HOSTILE}"))
    expect(page.get_by_role("alert")).to_be_visible()

    assert "PWNED" not in page.title()
    assert len(page.context.pages) == 1
    assert page.url.startswith(previewed.address)
    assert [url for url in asked if not url.startswith((previewed.address, "data:"))] == []


def test_the_frame_has_no_rights_and_says_so_itself(page: Page) -> None:
    [policy] = page.evaluate(
        """async () => [(await fetch(document.querySelector("iframe").src)).headers.get("content-security-policy")]"""
    )
    frames = page.eval_on_selector_all("iframe", "frames => frames.map(frame => frame.getAttribute('sandbox'))")
    assert set(frames) == {"allow-same-origin"}
    assert "sandbox allow-same-origin; default-src 'none'" in policy
    assert "script" not in policy


# By keyboard


def test_everything_is_done_by_keyboard(page: Page, previewed: Previewed) -> None:
    previewed.write(BRIEF.replace("- Tags: fintech", "- Tags: fintexh"))
    expect(page.locator("#findings button")).to_have_count(1)
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Phone", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Images", exact=True)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("n")
    expect(page.locator("#drawer-lines li.here")).to_contain_text("fintexh")
    page.keyboard.press("Escape")
    page.keyboard.press("\\")
    expect(page.get_by_role("complementary")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("previous finding")
    page.keyboard.press("Escape")
    mail(page, "Phone", "dark").click(position={"x": 5, "y": 5})
    page.keyboard.press("5")
    expect(page.get_by_role("region", name="Text part")).to_be_visible()


def test_typing_into_a_field_is_no_shortcut(page: Page) -> None:
    press(page, "Interests")
    page.get_by_role("searchbox", name="Interests").press_sequentially("data t2")
    expect(page.get_by_role("button", name="All widths", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_page_asks_nobody_but_its_own_program(browser: Browser, previewed: Previewed) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(previewed.address)
    page.wait_for_selector(".glass iframe")
    page.close()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith((previewed.address, "data:"))] == []
