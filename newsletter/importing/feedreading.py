"""What a feed says: its entries as plain text; and what a list of feeds lists. Nothing is fetched here."""

import html
import io
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.parsers import expat

from newsletter.errors import Finding, InputError, Severity
from newsletter.importing.documents.html import source_of_html
from newsletter.importing.documents.remarks import LeftOut
from newsletter.prose import prose_plain

_SIZE_LIMIT = 5 << 20
_ENTRY_LIMIT = 2_000
_FEED_LIMIT = 100
#: what a feed of a thousand entries does not reach, and feedparser reads in a second
_MARKS = ((b"<", 60_000), (b"&", 200_000))
_ATTRIBUTE_LIMIT = 100
_DECLARATION = re.compile(rb"<!\s*(?:ENTITY|ATTLIST|ELEMENT)", re.IGNORECASE)
_OPML = re.compile(rb"<opml[\s>]", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF|channel)[\s>]|<\w+:(?:feed|RDF)[\s>]", re.IGNORECASE)
_OUTLINE = re.compile(r"""\bxmlUrl\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


@dataclass(frozen=True, slots=True)
class Entry:
    """A story of a feed, as plain text."""

    headline: str
    source: str
    url: str | None
    summary: str
    at: datetime | None


def is_feed_list(content: bytes) -> bool:
    """Whether it is OPML, which feed readers write: a list of feeds, and no feed."""
    return bool(_OPML.search(content[:4_096]))


def feeds_in(content: bytes, *, path: str) -> tuple[str, ...]:
    """
    The addresses that an OPML file lists, each once.

    :raises InputError: it lists none, or more than anybody reads
    """
    content = _harmless(content, path)
    text = content.decode("utf-8", "replace")
    found = dict.fromkeys(html.unescape(one or other).strip() for one, other in _OUTLINE.findall(text))
    addresses = tuple(url for url in found if _WEB.fullmatch(url))
    if not addresses:
        raise _about(path, "lists no feeds", "name a feed, or export the list once more", rule="no-feeds")
    if len(addresses) > _FEED_LIMIT:
        raise _about(path, f"lists more than {_FEED_LIMIT} feeds", "keep those that you follow", rule="too-many")
    return addresses


def entries_of(content: bytes, path: str, start: datetime, said: list[Finding]) -> list[Entry]:
    """
    What a feed has had since then.

    :raises InputError: it is no feed, or one that was built to do harm
    """
    import feedparser  # type: ignore[import-untyped]

    content = _harmless(content, path)
    if not _ROOT.search(content[:65_536]):
        fix = "name an RSS or Atom feed; a page often links its own at the bottom"
        raise _about(path, "is no feed", fix, rule="no-feed")
    # Always a stream: given text, feedparser takes what looks like an address or a file name for one.
    parsed = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    if not parsed.entries and parsed.get("bozo"):
        raise _about(path, "is damaged", "look at the feed in a browser", rule="damaged")
    name = _line(parsed.feed.get("title")) or path
    base = str(parsed.feed.get("link") or "")
    read = [_entry(entry, name, base) for entry in parsed.entries[:_ENTRY_LIMIT]]
    undated = [entry.headline for entry in read if entry.at is None]
    if undated:
        message = f"{len(undated)} entries without a day were left out: {'; '.join(undated[:5])}"
        said.append(remark(path, message, "look at the feed for them", rule="undated"))
    return [entry for entry in read if entry.at is not None and entry.at >= start and entry.headline]


def _harmless(content: bytes, path: str) -> bytes:
    """The feed in a form that takes neither long nor much room to read."""
    if len(content) > _SIZE_LIMIT:
        raise _about(path, f"is larger than {_SIZE_LIMIT >> 20} MiB", "ask for a shorter feed", rule="size")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = _XML_DECLARATION.sub("", content.decode("utf-16", "replace")).encode()
    if b"\0" in content:
        raise _about(path, "is no text", "look at the feed in a browser", rule="encoding")
    if _DECLARATION.search(content):
        raise _about(path, "declares entities, which no feed needs", "do not use this feed", rule="entities")
    if any(content.count(mark) > most for mark, most in _MARKS):
        raise _about(path, "holds more marks than a feed needs", "ask for a shorter feed", rule="too-much")
    _insist_few_attributes(content, path)
    return content


def _insist_few_attributes(content: bytes, path: str) -> None:
    """feedparser takes quadratic time for the attributes of one element."""

    def start(_: str, attributes: Mapping[str, str]) -> None:
        if len(attributes) > _ATTRIBUTE_LIMIT:
            raise _about(path, "holds more marks than a feed needs", "do not use this feed", rule="too-much")

    # In this encoding every byte is a character, and marks are what they are in all others.
    parser = expat.ParserCreate("iso-8859-1")
    parser.StartElementHandler = start
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        # feedparser reads what is malformed in another way, in linear time
        return


def _entry(entry: Any, name: str, base: str) -> Entry:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed") or entry.get("created_parsed")
    written = entry.get("summary") or next((one.get("value") for one in entry.get("content") or ()), "")
    url = urljoin(base, str(entry.get("link") or "")).strip()
    source = entry.get("source")
    origin = _line(source.get("title")) if isinstance(source, dict) else ""
    return Entry(
        headline=_line(entry.get("title"))[:300],
        source=(origin or name)[:200],
        url=url if _WEB.fullmatch(url) and len(url) <= 2_000 else None,
        summary=_words(str(written or "")),
        at=_instant(parsed),
    )


def _instant(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _line(text: Any) -> str:
    return " ".join(_words(str(text or "")).split())


def _words(text: str) -> str:
    """Without HTML, on one line."""
    if "<" in text or "&" in text:
        try:
            source = source_of_html(f"<body>{text[:50_000]}", LeftOut(""), path="")
        except InputError:
            return ""
        text = " ".join(prose_plain(line.text) for line in source.lines if line.text)
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text[:20_000]).split())


def _about(path: str, message: str, fix: str, *, rule: str) -> InputError:
    return InputError(Finding(message=message, fix=fix, path=path, rule=rule))


def remark(path: str | None, message: str, fix: str, *, rule: str) -> Finding:
    """What is to be said about a draft."""
    return Finding(message=message, fix=fix, path=path, rule=rule, severity=Severity.WARNING)
