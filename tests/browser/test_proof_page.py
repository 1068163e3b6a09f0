"""The proof page in a real browser: nothing in it runs, nothing leaves, and axe has nothing to say."""

import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import BRIEF, lay_out, run, until
from tests.browser.test_preview_axe import AXE, violations
from tests.judge.programs import is_ci

pytestmark = pytest.mark.xdist_group("preview")

EVIL = "<script>document.title='gone'</script><img src=http://127.0.0.1:9/x onerror=\"document.title='gone'\">"
HOSTILE = BRIEF.replace("Nine chips pass the review", EVIL.replace("\n", " ")).replace(
    "Banks try digital cash", "\"'></iframe></style><script>document.title='gone'</script> 银行试用数字现金"
)
QUOTED = EVIL.replace('"', '""')
READERS = f'''email,name,interests,status,consent_basis,consent_on
evil@example.com,"{QUOTED}",ai-chips,confirmed,asked,2026-03-01
quote@example.com,"""></template><b>",fintech,confirmed,asked,2026-03-01
'''


def many(count: int) -> str:
    return "".join(f"r{n}@example.com,陈{n},,confirmed,asked,2026-03-01\n" for n in range(count))


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proof")
    lay_out(folder, BRIEF)
    (folder / "list.csv").write_text(READERS + many(1_000), encoding="utf-8")
    run(folder, "subscribers", "import", "list.csv", "--newsletter", "china-ai-brief", "--yes")
    run(folder, "plan", "issues/brief.md", "--segment", "everyone", "--proof", "one.html")
    (folder / "issues" / "brief.md").write_text(HOSTILE, encoding="utf-8")
    run(folder, "plan", "issues/brief.md", "--segment", "everyone", "--proof", "two.html")
    return folder / "two.html"


def opened(browser: Browser, proof: Path, scheme: str = "light") -> tuple[Page, list[str]]:
    page = browser.new_page(
        viewport={"width": 1280, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(proof.as_uri())
    until(page, "document.querySelector('.desktop iframe').style.height > '0px'")
    return page, asked


def test_hostile_names_and_headlines_are_only_shown(browser: Browser, proof: Path) -> None:
    page, asked = opened(browser, proof)

    assert page.title().startswith("Proof of ")
    assert asked == [proof.as_uri()]
    assert page.locator("#readers").get_by_text("<script>document.title='gone'</script>").count() == 1
    assert page.locator("script").count() == 1
    assert page.locator("section img, section b img").count() == 0
    frames = [frame.get_attribute("sandbox") for frame in page.locator("iframe").all()]
    assert frames
    assert set(frames) == {"allow-same-origin"}
    page.close()


def test_the_policy_holds_even_where_markup_got_in(browser: Browser, proof: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = f"http://127.0.0.1:{server.getsockname()[1]}"
        injected = EVIL.replace("http://127.0.0.1:9", there)
        injected += f"<style>@import url({there}/y)</style><link rel=stylesheet href={there}/z>"
        broken = proof.with_name("broken.html")
        broken.write_text(proof.read_text(encoding="utf-8").replace("</main>", f"{injected}</main>"), encoding="utf-8")
        page, _ = opened(browser, broken)
        page.wait_for_timeout(500)
        server.settimeout(0.2)

        with pytest.raises(TimeoutError):
            server.accept()
        assert page.title().startswith("Proof of ")
        page.close()


def test_a_link_in_a_mail_leads_nowhere(browser: Browser, proof: Path) -> None:
    page, asked = opened(browser, proof)
    frame = page.frame_locator(".desktop iframe").first
    frame.get_by_role("link", name="A grid of data centres is funded").last.click(force=True)
    page.wait_for_timeout(300)

    assert asked == [proof.as_uri()]
    assert len(page.context.pages) == 1
    page.close()


def test_a_frame_is_as_high_as_its_mail_and_the_page_as_wide_as_the_window(browser: Browser, proof: Path) -> None:
    page, _ = opened(browser, proof)
    script = "f => [f.clientHeight, f.contentDocument.documentElement.scrollHeight]"
    shown, whole = page.locator(".desktop iframe").first.evaluate(script)
    assert shown == whole > 500
    for width in (1280, 768, 375):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_everybody_is_named_and_the_page_stays_small(proof: Path) -> None:
    text = proof.read_text(encoding="utf-8")
    readers = text[text.index('id="readers"') : text.index('id="left-out"')]
    assert len(set(re.findall(r"[\w.]+@example\.com", readers))) == 1_002
    assert len(text.encode()) < 2_000_000


@pytest.mark.skipif(not AXE.is_file() and not is_ci(), reason="axe-core is missing: make test brings it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, proof: Path, scheme: str) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(proof.as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")

    assert violations(page) == []
    context.close()
