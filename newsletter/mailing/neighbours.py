"""The issues that readers had before: of the same newsletter, in the same folder. None of them can fail a check."""

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from heapq import nlargest
from pathlib import Path

from newsletter.checks import EarlierStory
from newsletter.errors import NewsletterError
from newsletter.issue import AnyIssue, DailyBrief
from newsletter.masthead import Masthead
from newsletter.reader import read_issue

#: how many issues count as what a reader remembers
_REMEMBERED = 10
#: a folder of some years of daily issues; of more, the latest by name
_MOST_FILES = 2_000
_SUFFIXES = frozenset({".md", ".markdown", ".yaml", ".yml", ".json"})
#: a file that is larger is no issue that anybody wrote
_LARGEST = 256 << 10
_HEAD = 4_096
_NEWSLETTER = re.compile(r"""^\s*["']?newsletter["']?\s*:\s*["']?([\w-]+)""", re.MULTILINE)
_DATE = re.compile(r"""^\s*["']?date["']?\s*:\s*["']?(\d{4}-\d{2}-\d{2})""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Dated:
    day: date
    path: Path
    #: so that a file that changed is read again
    stamp: tuple[int, int]


def earlier_stories(path: Path, issue: AnyIssue, mastheads: Mapping[str, Masthead]) -> tuple[EarlierStory, ...]:
    """The stories of the last issues before this one. What cannot be read as an issue is passed over."""
    if not isinstance(issue, DailyBrief):
        return ()
    own = path.resolve()
    before = (one for one in _of_newsletter(own.parent, issue.newsletter) if one.day < issue.date and one.path != own)
    latest = nlargest(_REMEMBERED, before, key=lambda one: (one.day, one.path.name))
    masthead = mastheads[issue.newsletter]
    return tuple(
        story for one in latest for story in _stories(one, masthead.model_dump_json()) if story.slug != issue.slug
    )


def _of_newsletter(folder: Path, newsletter: str) -> Iterator[_Dated]:
    """By the first lines alone."""
    try:
        names = nlargest(_MOST_FILES, (one for one in folder.iterdir() if one.suffix.lower() in _SUFFIXES))
    except OSError:
        return
    for path in names:
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
                stamp = (status.st_mtime_ns, status.st_size)
                name, day = _head(path, stamp)
                if name == newsletter and day:
                    yield _Dated(day, path, stamp)
        except OSError:
            continue


@lru_cache(maxsize=_MOST_FILES)
def _head(path: Path, _stamp: tuple[int, int]) -> tuple[str | None, date | None]:
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace").replace("\r", "\n")
    name, day = _NEWSLETTER.search(head), _DATE.search(head)
    try:
        return name[1] if name else None, date.fromisoformat(day[1]) if day else None
    except ValueError:
        return None, None


@lru_cache(maxsize=4 * _REMEMBERED)
def _stories(one: _Dated, masthead: str) -> tuple[EarlierStory, ...]:
    """Read once for as long as neither file nor newsletter changes: a preview asks at every save."""
    declared = Masthead.model_validate_json(masthead)
    try:
        issue = read_issue(one.path, {declared.name: declared}).issue
    except (NewsletterError, OSError, ValueError, RecursionError):
        return ()
    if not isinstance(issue, DailyBrief):
        return ()
    return tuple(
        EarlierStory(issue.slug, issue.date, story.headline, story.summary, story.link) for story in issue.all_stories
    )
