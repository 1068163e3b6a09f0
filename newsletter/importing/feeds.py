"""A draft of a daily brief from feeds: what is new, with its source, day, summary and link. The reasons stay to do."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.days import day_in_words
from newsletter.errors import Finding, InputError
from newsletter.importing.feedreading import Entry, entries_of, feeds_in, is_feed_list, remark
from newsletter.importing.lines import escape_inline
from newsletter.importing.writing import write_issue
from newsletter.masthead import Masthead
from newsletter.reader.sentences import first_sentence

__all__ = ["draft_from_feed", "draft_from_feeds", "feeds_in", "is_feed_list"]

STORY_LIMIT = 30
SUMMARY_LIMIT = 600
TODO = "TODO"
_SOURCE_MARKS = re.compile("[/·•|、,，;；]")


def draft_from_feed(
    text: bytes, *, since: date | datetime, masthead: Masthead, today: date, path: str = "feed"
) -> tuple[str, tuple[Finding, ...]]:
    """
    An issue file with what a feed has had since then, and what is to be said about it.

    :raises InputError: it is no feed, or has nothing new
    """
    return draft_from_feeds([(path, text)], since=since, masthead=masthead, today=today)


def draft_from_feeds(
    feeds: Iterable[tuple[str, bytes]], *, since: date | datetime, masthead: Masthead, today: date
) -> tuple[str, tuple[Finding, ...]]:
    """
    The same from several, newest first; each is named by its address or file.

    :raises InputError: one is no feed, or none has anything new
    """
    said: list[Finding] = []
    zone = ZoneInfo(masthead.zone)
    start = since if isinstance(since, datetime) else datetime.combine(since, time(), tzinfo=zone)
    found = list(chain.from_iterable(entries_of(content, path, start, said) for path, content in feeds))
    entries = _newest(found, said)
    if not entries:
        message = f"nothing is newer than {day_in_words(start.astimezone(zone).date(), 'en')}"
        raise InputError(message, fix="name an earlier day with --since")
    fields = {
        "newsletter": masthead.name,
        "date": today,
        "subject": "{{ lead_headline }}",
        "sections": [{"stories": [_story(entry, zone, said) for entry in entries]}],
    }
    note = f"A draft from feeds. Write what stands as {TODO}, and throw out what does not matter."
    return write_issue(fields, notes=[note]), tuple(said)


def _newest(found: Sequence[Entry], said: list[Finding]) -> list[Entry]:
    """Each story once, by its page and by its headline."""
    ordered = sorted(found, key=lambda entry: entry.at or datetime.min.replace(tzinfo=UTC), reverse=True)
    pages: set[str] = set()
    headlines: set[str] = set()
    kept = []
    for entry in ordered:
        page, headline = (entry.url or "").split("#", 1)[0].rstrip("/"), entry.headline.casefold()
        if (page and page in pages) or headline in headlines:
            continue
        pages.add(page)
        headlines.add(headline)
        kept.append(entry)
    if len(kept) > STORY_LIMIT:
        message = f"{len(kept) - STORY_LIMIT} older entries were left out; a draft holds {STORY_LIMIT}"
        said.append(remark(None, message, "name a later day with --since", rule="too-many"))
    return kept[:STORY_LIMIT]


def _story(entry: Entry, zone: ZoneInfo, said: list[Finding]) -> dict[str, Any]:
    summary = _cut(entry.summary)
    if len(summary) < len(entry.summary):
        message = f"the summary of “{entry.headline}” was cut"
        said.append(remark(None, message, "read the page before you keep it", rule="cut"))
    if not summary:
        said.append(remark(None, f"“{entry.headline}” came without a summary", "write it", rule="no-summary"))
    return {
        "headline": entry.headline,
        "sources": [_source(entry)],
        "date": entry.at.astimezone(zone).date() if entry.at else None,
        "summary": escape_inline(summary) or TODO,
        "why_it_matters": TODO,
        "url": entry.url or "none",
    }


def _source(entry: Entry) -> dict[str, str]:
    """As a link where a mark in the name would make two of it."""
    name = " ".join(re.sub(r"[\[\]]", " ", entry.source).split()) or "feed"
    return {"name": name, "url": entry.url} if entry.url and _SOURCE_MARKS.search(name) else {"name": name}


def _cut(text: str) -> str:
    """Whole sentences of up to 600 characters; of one that is longer, whole words."""
    if len(text) <= SUMMARY_LIMIT:
        return text
    end = 0
    while (size := first_sentence(text[end:])) and end + size <= SUMMARY_LIMIT:
        end += size
    if end:
        return text[:end].strip()
    words = text[: SUMMARY_LIMIT - 1]
    return f"{words[: words.rfind(' ')] if ' ' in words[SUMMARY_LIMIT // 2 :] else words}…"
