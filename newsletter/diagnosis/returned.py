"""Judge a mail that came back, or one that was built: is it what its readers' programs want?"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

from newsletter.checks import HTML_LIMIT
from newsletter.diagnosis.signature import examine_results, examine_signatures
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, wrong
from newsletter.errors import Finding, InputError

_LARGEST = 25 << 20
#: RFC 5322 section 2.1.1
_LONGEST_LINE = 998
_ONE_CLICK = "List-Unsubscribe=One-Click"
#: without these a mail of ours is not whole
_NEEDED = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe")
#: these keep robots quiet, and readers' programs in the picture
_ADVISED = ("Precedence", "Feedback-ID")
_SINGLE = (*_NEEDED, *_ADVISED, "List-Unsubscribe-Post", "Sender", "Reply-To", "Cc", "Content-Type")
_BRACKETED = re.compile(r"<([^<>]*)>")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_LIST_ID = re.compile(r"[^<>]*<[A-Za-z0-9.-]+\.[A-Za-z0-9.-]+>", re.DOTALL)


def judge_file(path: Path) -> list[Verdict]:
    """
    :raises InputError: there is no such file, or it is too large for a mail
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        fix = "name a mail that was saved as a file, such as note.eml"
        raise InputError(Finding(message=f"cannot be read ({reason})", fix=fix, path=str(path))) from error
    if len(content) > _LARGEST:
        message = f"is larger than {_LARGEST >> 20} MiB"
        raise InputError(Finding(message=message, fix="name a single mail", path=str(path)))
    return list(judge(content))


def judge(content: bytes) -> Iterator[Verdict]:
    """
    What is right and wrong about one mail's bytes.

    :raises InputError: it is no mail at all
    """
    message = message_from_bytes(content, policy=compat32)
    if not message.keys():
        raise InputError("this is no mail: it has no headers", fix="save the mail with all its headers, as .eml")
    yield from _about_headers(message)
    yield from _about_people(message)
    yield from _about_the_way_out(message)
    yield from _about_parts(message)
    yield _about_lines(content)
    yield from examine_signatures(message)
    yield from examine_results(message)


def raw(message: Message, name: str) -> list[str]:
    """Every value of a header, unfolded and otherwise as it stands in the mail."""
    return [" ".join(str(value).split()) for value in message.get_all(name, [])]


def _about_headers(message: Message) -> Iterator[Verdict]:
    missing = [name for name in _NEEDED if not raw(message, name)]
    doubled = [name for name in _SINGLE if len(raw(message, name)) > 1]
    absent = [name for name in _ADVISED if not raw(message, name)]
    if missing:
        yield wrong("headers", f"missing: {', '.join(missing)}", "find out who took them out on the way")
    if doubled:
        fix = "find out who adds one on the way; a provider's own unsubscribe header must be switched off"
        yield wrong("headers", f"more than once: {', '.join(doubled)}", fix)
    if absent:
        yield doubtful("headers", f"missing: {', '.join(absent)}", "mail built by this program has them")
    if not missing and not doubled:
        yield fine("headers", "every header that must be there is there once")
    strange = sorted({name for name, value in message.items() if not str(value).isascii()})
    if strange:
        yield wrong("headers", f"letters beyond ASCII in {', '.join(strange)[:200]}", "they must be encoded (RFC 2047)")


def _about_people(message: Message) -> Iterator[Verdict]:
    for name in ("From", "To"):
        values = raw(message, name)
        addresses = [address for _, address in getaddresses(values) if "@" in address]
        if values and len(addresses) != 1:
            fix = "a mail of ours has one sender and one reader"
            yield wrong("addresses", f"{name} holds {len(addresses)} addresses", fix)
    for value in raw(message, "Message-ID")[:1]:
        if not _MESSAGE_ID.fullmatch(value):
            yield wrong("headers", "Message-ID has not the form <name@domain>", "see who changed it on the way")
    for value in raw(message, "Date")[:1]:
        if not _is_date(value):
            yield wrong("headers", "Date is not a date", "see who changed it on the way")


def _is_date(value: str) -> bool:
    try:
        parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return True


def _about_the_way_out(message: Message) -> Iterator[Verdict]:
    for list_id in raw(message, "List-Id")[:1]:
        if not _LIST_ID.fullmatch(list_id):
            yield wrong("list-id", "List-Id has not the form Title <name.domain>", "see who changed it on the way")
    posts = raw(message, "List-Unsubscribe-Post")
    for value in raw(message, "List-Unsubscribe")[:1]:
        if "=?" in value or any("=?" in post for post in posts):
            fix = "the program that sent it re-encoded it (Python's email.policy.SMTP does); hand over bytes as built"
            yield wrong("unsubscribe", "List-Unsubscribe is encoded, so that no program can read it", fix)
        else:
            yield _about_ways([way.partition(":")[0].lower() for way in _BRACKETED.findall(value)], posts)


def _about_ways(ways: list[str], posts: list[str]) -> Verdict:
    rule = "unsubscribe"
    if ways == ["mailto"]:
        return _about_mailbox_only(posts)
    if not ways or ways[0] != "https":
        fix = "an https address must stand first, then the mailbox: set NEWSLETTER_BASE_URL to https://…"
        return wrong(rule, f"List-Unsubscribe offers {', '.join(ways)[:80] or 'nothing in <…>'}", fix)
    if posts[:1] != [_ONE_CLICK]:
        said = "is missing" if not posts else f"is not exactly {_ONE_CLICK}"
        return wrong(rule, f"List-Unsubscribe-Post {said}", "see who changed it on the way")
    if "mailto" not in ways:
        return doubtful(rule, "List-Unsubscribe names no mailbox behind the page", "set NEWSLETTER_UNSUBSCRIBE_ADDRESS")
    return fine(rule, "a page first, then a mailbox, and one click is offered (RFC 8058)")


def _about_mailbox_only(posts: list[str]) -> Verdict:
    rule = "unsubscribe"
    if posts:
        return wrong(rule, "one click is promised, but there is only a mailbox", "see who changed it on the way")
    fix = "for more than a few readers, set NEWSLETTER_BASE_URL: Gmail and Yahoo ask bulk senders for one click"
    return doubtful(rule, "readers leave by mail only", fix)


def _about_parts(message: Message) -> Iterator[Verdict]:
    rule = "parts"
    alternative = next((part for part in message.walk() if part.get_content_type() == "multipart/alternative"), None)
    if alternative is None:
        fix = "find out who took a part away on the way; a list server or a footer program, perhaps"
        yield wrong(rule, f"is {_kind(message)}, not a text and an HTML part", fix)
        return
    leaves = [part for part in alternative.walk() if not part.is_multipart()]
    kinds = [_kind(part) for part in leaves]
    if kinds != ["text/plain", "text/html"]:
        shown = ", ".join(kinds) or "nothing"
        yield wrong(rule, f"holds {shown}", "it must be text/plain first, then text/html, and nothing else")
        return
    text, html = (_decoded(part) for part in leaves)
    if not text.strip() or not html.strip():
        yield wrong(rule, "one of both parts is empty", "find out who emptied it on the way")
        return
    yield fine(rule, f"text first ({len(text):,} bytes), then HTML ({len(html):,} bytes)")
    if len(html) > HTML_LIMIT:
        fix = "shorten the issue: what is clipped takes the way out with it"
        yield wrong("html-size", f"the HTML part has {len(html):,} bytes; Gmail clips at {HTML_LIMIT:,}", fix)


def _kind(part: Message) -> str:
    """In one line, however its header was folded or damaged."""
    return " ".join(part.get_content_type().split())


def _decoded(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _about_lines(content: bytes) -> Verdict:
    longest = max((len(line.rstrip(b"\r")) for line in content.split(b"\n")), default=0)
    if longest > _LONGEST_LINE:
        fix = "the program that sent it must encode long lines; servers may cut them, and signatures break"
        return wrong("lines", f"a line has {longest:,} bytes; {_LONGEST_LINE} are allowed", fix)
    return fine("lines", f"no line is longer than {longest} bytes")
