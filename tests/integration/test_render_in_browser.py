"""A real browser draws the mails: nothing sticks out on a phone, nothing is too small to read."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from newsletter.compiler import compile_issue
from newsletter.edition import Links, cut_edition
from newsletter.issue import AnyIssue
from newsletter.tags import vocabulary_of
from tests.builders import a_brief, a_masthead, an_imprint, an_update

TEMPLATES = Path(__file__).parents[2] / "templates"
LONG = "Einschränkungsverordnungsdurchführungsbestimmung https://example.com/" + "x" * 90

PAGE = """<!doctype html><body>{frames}<script>
const seen = (frame) => {{
  const page = frame.contentDocument, look = frame.contentWindow.getComputedStyle.bind(frame.contentWindow);
  const texts = [...page.querySelectorAll("body *")].filter((element) => element.getClientRects().length
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return {{
    overflow: page.documentElement.scrollWidth - frame.clientWidth,
    smallest: Math.min(...texts.map((element) => parseFloat(look(element).fontSize))),
    body: parseFloat(look(texts.find((element) => element.textContent.includes("GAUGE"))).fontSize),
    jumps: [...page.querySelectorAll("a[href^='#']")].every((a) => page.getElementById(a.hash.slice(1))),
  }};
}};
window.onload = () => {{
  const found = [...document.querySelectorAll("iframe")].map(seen);
  document.body.innerHTML = "<pre>" + JSON.stringify(found) + "</pre>";
}};
</script></body>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found and os.environ.get("CI") == "true":
        pytest.fail("chromium is missing: install it")
    if not found:
        pytest.skip("chromium is missing: install it to see the mails drawn")
    return found


def drawn(issue: AnyIssue) -> str:
    made = compile_issue(
        issue,
        masthead=a_masthead(),
        imprint=an_imprint(),
        templates=TEMPLATES,
        vocabulary=vocabulary_of([]),
        links=Links.WEB,
    )
    return cut_edition(made, [story.id for story in made.stories]).html


def test_nothing_sticks_out_on_a_phone_and_nothing_is_too_small(chromium: str, tmp_path: Path) -> None:
    story = {"headline": f"GAUGE {LONG}", "summary": f"GAUGE {LONG}", "why_it_matters": LONG, "tags": [LONG, "芯片"]}
    issues: list[AnyIssue] = [
        a_brief(sections=[{"heading": LONG, "stories": [story, story]}]),
        a_brief(
            language="zh-Hans",
            sections=[{"heading": "要闻", "stories": [{"headline": "九款芯片", "summary": "GAUGE"}]}],
        ),
        an_update(intro=f"GAUGE {LONG}", subject=LONG, sections=[{"points": [{"lead": LONG, "text": LONG}]}]),
    ]
    frames = [
        f'<iframe srcdoc="{html.escape(drawn(issue))}" width="{width}" height="900" style="border:0"></iframe>'
        for issue in issues
        for width in (800, 375, 320)
    ]
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(frames="".join(frames)), encoding="utf-8")

    found = measured(chromium, page, tmp_path / "profile")

    assert len(found) == len(frames)
    for frame in found:
        assert frame["overflow"] <= 0
        assert frame["smallest"] >= 13
        assert frame["body"] >= 16
        assert frame["jumps"]


def measured(chromium: str, page: Path, profile: Path) -> list[dict[str, float]]:
    quiet = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
    said = subprocess.run(
        [chromium, *quiet, "--virtual-time-budget=5000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r"<pre>(.*?)</pre>", said.stdout, re.DOTALL)
    assert found, said.stdout[-500:]
    result: list[dict[str, float]] = json.loads(html.unescape(found[1]))
    return result
