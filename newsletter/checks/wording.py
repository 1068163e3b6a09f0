"""NL20x and NL21x: what is still to be written, and what is too long to be read."""

import re
from collections.abc import Iterator

from newsletter.checks.manuscript import Manuscript
from newsletter.checks.rules import Rule, Spotted, file_rule
from newsletter.columns import is_wide
from newsletter.errors import Severity

#: what drafts have where somebody is to write. `TK Maxx` and `XXX Corps` are names: a capital word follows.
_UNWRITTEN = re.compile(
    r"(?<![A-Za-z0-9_])(?:TODO|FIXME|TBD|TKTK|(?:TK|XXX)(?! [A-Z][a-z]))(?![A-Za-z0-9_])"
    r"|\b(?i:lorem ipsum|dolor sit amet)\b|待补充|待定稿|此处填写"
)
#: in columns, of which a Chinese character takes two
HEADLINE_CAUTION = 110
SUMMARY_CAUTION = 900


@file_rule(
    Rule(
        id="NL201",
        title="Something is still to be written",
        reason="TODO, TK or lorem ipsum in a client's inbox says that nobody read the mail before it went out.",
        example="- Why It Matters: TODO",
        mend="Write it. Where the word is meant (a company called TK, say), allow the rule with the reason.",
        severity=Severity.ERROR,
    )
)
def unwritten(draft: Manuscript) -> Iterator[Spotted]:
    for one in draft.texts:
        found = _UNWRITTEN.search(one.bare())
        if found:
            message = "is still to be written" if found.start() < 3 else f"holds '{found[0]}', so words are missing"
            yield Spotted(one.path, message, f"write it in place of {found[0]}", found[0])


@file_rule(
    Rule(
        id="NL211",
        title="A headline is long",
        reason="The list of contents has one line for it on a screen and two on a telephone.",
        example="### A headline that goes on and on, clause after clause, until nobody remembers how it began, or why",
        mend=f"Keep it within {HEADLINE_CAUTION} columns; a Chinese character takes two.",
    )
)
def long_headline(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if (columns := _columns(story.headline)) > HEADLINE_CAUTION:
            message = f"is {columns} columns wide; readers scan about {HEADLINE_CAUTION}"
            yield Spotted((*path, "headline"), message, "shorten it")


@file_rule(
    Rule(
        id="NL212",
        title="A summary is long",
        reason="A brief is scanned. Past this length readers skip the story instead of shortening it in their heads.",
        example="- Summary: (a whole page)",
        mend=f"Keep it within {SUMMARY_CAUTION} columns, about 150 words; a Chinese character takes two.",
    )
)
def long_summary(draft: Manuscript) -> Iterator[Spotted]:
    for path, story in draft.stories:
        if (columns := _columns(story.summary)) > SUMMARY_CAUTION:
            message = f"is {columns:,} columns long; a brief's reader gives it about {SUMMARY_CAUTION}"
            yield Spotted((*path, "summary"), message, "shorten it, and link the page that tells the rest")


def _columns(text: str) -> int:
    """Near enough, and quick: only what is wide in print counts twice."""
    return len(text) + (0 if text.isascii() else sum(map(is_wide, text)))
