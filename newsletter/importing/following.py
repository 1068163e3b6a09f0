"""A draft of a brief from feeds: which newsletter's, since when, and what each address answered."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from newsletter.errors import Finding, InputError, Severity
from newsletter.importing.feeds import draft_from_feeds, feeds_in, is_feed_list
from newsletter.importing.guesses import Wishes, Workspace
from newsletter.importing.issues import Imported
from newsletter.importing.writing import fields_of
from newsletter.issue import Kind
from newsletter.masthead import Masthead
from newsletter.reader import read_issue_text

_DAYS_AGO = re.compile(r"(\d{1,3}) ?d(?:ays?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Followed:
    """What was asked for: an address or a file, and since when."""

    name: str
    content: bytes
    since: str


def since_day(written: str, today: date) -> date:
    """
    `yesterday`, `today`, `3 days` or `2026-06-09`.

    :raises InputError: it is none of these
    """
    words = written.strip().lower()
    days = _DAYS_AGO.fullmatch(words)
    if words in ("today", "yesterday"):
        return today - timedelta(days=int(words == "yesterday"))
    if days:
        return today - timedelta(days=int(days[1]))
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise InputError(f"--since {written!r} is no day", fix="write yesterday, 3 days or 2026-06-09") from None


def follow(asked: Followed, wishes: Wishes, workspace: Workspace, *, fetch: Callable[[str], bytes]) -> Imported:
    """
    A draft from a feed, or from all feeds of a list; one that cannot be read is said, and does not stop the others.

    :raises InputError: nobody can tell whose draft it is, or there is nothing new
    """
    masthead = _masthead(wishes, workspace)
    today = wishes.day or masthead.today(workspace.now)
    since = since_day(asked.since, today)
    said: list[Finding] = []
    text, found = draft_from_feeds(_feeds(asked, said, fetch), since=since, masthead=masthead, today=today)
    slug = f"{masthead.name}-{today.isoformat()}"
    issue = read_issue_text(text, path=f"{slug}.md", mastheads=workspace.mastheads).issue
    made = Imported(text=text, slug=slug, kind=Kind.DAILY_BRIEF, newsletter=masthead.name, fields=fields_of(issue))
    return replace(made, findings=(*said, *found))


def _masthead(wishes: Wishes, workspace: Workspace) -> Masthead:
    fitting = [one for one in workspace.mastheads.values() if one.kind in (None, Kind.DAILY_BRIEF)]
    if wishes.newsletter:
        fitting = [one for one in fitting if one.name == wishes.newsletter]
        if not fitting:
            raise InputError(f"{wishes.newsletter} is no daily brief", fix="name another with --newsletter")
    if len(fitting) != 1:
        names = ", ".join(sorted(one.name for one in fitting)) or "none is declared"
        raise InputError("whose draft this is to be is not said", fix=f"say it: --newsletter NAME ({names})")
    return fitting[0]


def _feeds(asked: Followed, said: list[Finding], fetch: Callable[[str], bytes]) -> Iterator[tuple[str, bytes]]:
    if not is_feed_list(asked.content):
        yield asked.name, asked.content
        return
    for url in feeds_in(asked.content, path=asked.name):
        try:
            yield url, fetch(url)
        except InputError as error:
            said += [replace(finding, severity=Severity.WARNING, rule="feed") for finding in error.findings]
