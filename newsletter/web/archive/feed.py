"""The newest issues as an Atom feed (RFC 4287)."""

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from markupsafe import escape

from newsletter.masthead import Masthead
from newsletter.web.archive.shelf import Shelved, sent_last
from newsletter.web.archive.ways import Ways
from newsletter.web.archive.wording import words_in

KIND = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
#: what XML 1.0 cannot hold, however it is written (section 2.2)
_NEVER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: a feed must say when it changed; an empty one never did
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def feed_of(masthead: Masthead, issues: Sequence[Shelved], ways: Ways) -> bytes:
    """An entry holds the headlines; the mail itself stays on its page."""
    feed = Xml.Element("feed", {"xmlns": _ATOM, "xml:lang": masthead.language})
    _add(feed, "id", _id(masthead, ""))
    _add(feed, "title", masthead.title)
    _add(feed, "updated", _instant(sent_last(issues) or _BEGINNING))
    _add(_add(feed, "author"), "name", masthead.sender.name if masthead.sender else masthead.title)
    _add(feed, "link", rel="self", type=KIND, href=ways.feed)
    _add(feed, "link", rel="alternate", type="text/html", href=ways.home)
    for issue in issues:
        _add_entry(feed, masthead, issue, ways)
    return bytes(Xml.tostring(feed, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_entry(feed: Xml.Element, masthead: Masthead, issue: Shelved, ways: Ways) -> None:
    told, archived = issue.told, issue.archived
    entry = _add(feed, "entry")
    entry.set("xml:lang", told.language)
    mark = f"{words_in(told.language)('correction')}: " if archived.is_correction else ""
    _add(entry, "id", _id(masthead, issue.name))
    _add(entry, "title", f"{mark}{told.title}")
    _add(entry, "updated", _instant(archived.last_sent_at))
    _add(entry, "published", _instant(archived.first_sent_at))
    _add(entry, "link", rel="alternate", type="text/html", href=ways.to_issue(issue.name))
    if told.preheader:
        _add(entry, "summary", told.preheader)
    if told.headlines:
        listed = "".join(f"<li>{escape(_plain(headline))}</li>" for headline in told.headlines)
        _add(entry, "content", f"<ol>{listed}</ol>", type="html")


def _add(parent: Xml.Element, name: str, text: str = "", **attributes: str) -> Xml.Element:
    child = Xml.SubElement(parent, name, {key: _plain(value) for key, value in attributes.items()})
    child.text = _plain(text) or None
    return child


def _plain(text: str) -> str:
    return _NEVER.sub("", text)


def _id(masthead: Masthead, name: str) -> str:
    """From what never changes of a newsletter, so that an issue stays the same wherever the archive moves."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"list:{masthead.list_id}/{name}").urn


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
