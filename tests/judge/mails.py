"""The mails that are judged: written as issue files, built by the program, as a user would."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from newsletter import wiring
from newsletter.mailing.building import build_files
from newsletter.mailing.rehearsal import Rehearsed
from tests.judge.words import MIXES, News, news_of

KINDS = ("daily-brief", "team-update")
SIZES = (1, 10, 20)
ROOT = Path(__file__).parents[2]
#: a sender as a firm has it, on the domain that is reserved for examples
SETTINGS = {
    "NEWSLETTER_SENDER_NAME": "Harbour Advisers",
    "NEWSLETTER_SENDER_ADDRESS": "advisers@news.example.com",
    "NEWSLETTER_REPLY_TO": "advisers@example.com",
    "NEWSLETTER_POSTAL_ADDRESS": "Harbour Advisers, 1 Quay Street, Singapore 048616",
    "NEWSLETTER_UNSUBSCRIBE_ADDRESS": "leave@news.example.com",
    "NEWSLETTER_BASE_URL": "https://news.example.com",
}
_NEWSLETTERS = {"daily-brief": "china-ai-brief", "team-update": "china-team"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A built mail: its name says kind, languages and size."""

    name: str
    html: str
    eml: bytes


def mails(folder: Path) -> Iterator[Mail]:
    """All that are judged: both kinds, three mixes of languages, three sizes."""
    for kind, mix, size in product(KINDS, MIXES, SIZES):
        yield built(folder, f"{kind}-{mix.lower()}-{size}", issue_text(kind, mix, size))


def built(folder: Path, name: str, text: str) -> Mail:
    written = folder / f"{name}.md"
    written.write_text(text, encoding="utf-8")
    return built_file(written, folder)


def built_file(issue: Path, folder: Path) -> Mail:
    """What `newsletter build` makes of an issue file, with settings of our own and no others."""
    kept = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
            del os.environ[name]
        os.environ.update(SETTINGS)
        prepared = wiring.prepare_issue(issue, ROOT / "templates")
        build_files(prepared, Rehearsed(), folder, base_url=SETTINGS["NEWSLETTER_BASE_URL"])
    finally:
        os.environ.clear()
        os.environ.update(kept)
    slug = prepared.issue.slug
    return Mail(slug, (folder / f"{slug}.html").read_text(encoding="utf-8"), (folder / f"{slug}.eml").read_bytes())


def issue_text(kind: str, mix: str, size: int) -> str:
    news = news_of(mix, size)
    is_chinese = mix == "Chinese"
    front = [
        "---",
        f"newsletter: {_NEWSLETTERS[kind]}",
        "date: 2026-06-10",
        f"language: {'zh-Hans' if is_chinese else 'en'}",
        f'subject: "{news[0].headline}"',
        "contact: mei-lin",
        *_endings(is_chinese),
        "---",
    ]
    body = _stories(news, is_chinese=is_chinese) if kind == "daily-brief" else _points(news, is_chinese=is_chinese)
    return "\n".join([*front, *body, ""])


def _endings(is_chinese: bool) -> list[str]:
    if is_chinese:
        return ['closing: "如有疑问，请随时联系{{ contact }}。"', "sign_off: 此致，", "signature: 中国团队"]
    return ['closing: "We will write again next week. Questions are welcome: {{ contact }}."']


def _stories(news: list[News], *, is_chinese: bool) -> Iterator[str]:
    headings = ("要闻", "规则与企业") if is_chinese else ("Top Stories", "Rules and Companies")
    for number, story in enumerate(news):
        if number in (0, 3):
            yield f"## {headings[number > 0]}\n"
        yield f"### {story.headline}"
        yield f"- [{story.source}](https://example.com/{number + 1})/Example.org · 2026-06-0{number % 9 + 1}"
        yield f"- Summary: {story.summary}"
        yield f"- Why It Matters: {story.why}"
        yield f"- URL: {'none' if number % 3 == 2 else f'https://example.com/{number + 1}'}"
        yield f"- Tags: {', '.join(story.tags)}\n"


def _points(news: list[News], *, is_chinese: bool) -> Iterator[str]:
    yield (
        "中国团队整理了近期动向，要点如下。"
        if is_chinese
        else (
            "The China Team has looked at what changed since our last note. The points below are the ones that bear on "
            "*decisions* this quarter; the [full list](https://example.com/list) is on our pages."
        )
    )
    for number, story in enumerate(news):
        if number in (3, 8):
            yield "\n---" if number == 3 else f"\n## {'值得关注' if is_chinese else 'Worth watching'}"
        stop = "。" if "。" in story.summary else "."
        yield f"\n- **{story.headline}{stop}** {story.summary}"
        if number % 4 == 1:
            yield f"\n  {story.why}"
