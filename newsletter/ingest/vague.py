"""
Bounces in the words of servers that know no standard, as flufl.bounce finds them.

Its word for what is permanent counts for nothing: it says so of mailboxes that are full, and of servers that were busy.
"""

import logging
import re

from flufl.bounce import all_failures

from newsletter.bounce import BounceKind, kind_of
from newsletter.ingest.parts import AnyMessage, parsed, parts_of, text_of
from newsletter.ingest.status import Told, refusal

#: characters of the text that are looked through for a code and for words that mean something
_LONGEST = 2_000
#: where the mail that came back begins, whose words are ours
_OURS = re.compile(r"^(return-path|received|message-id|list-id|x-[a-z-]+|mime-version|dkim-signature):", re.I | re.M)
#: bytes that it is given, for it goes through every line again and again
_GIVEN = 64 << 10
_NOBODY = b"From: nobody@invalid.invalid\r\n"
# It writes down what it stumbles over, with a traceback.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())
logging.getLogger("flufl.bounce").propagate = False


def failed_addresses(raw: bytes) -> tuple[set[str], set[str]]:
    """Those to which mail is late, and those to which it failed; none when it is nothing that is known."""
    try:
        late, failed = all_failures(parsed(_presentable(raw[:_GIVEN])))
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the next mail is to be read
        return set(), set()
    return {_text(one) for one in late}, {_text(one) for one in failed}


def vaguely_told(raw: bytes, message: AnyMessage) -> Told | None:
    """None when it is no bounce, as far as anybody can tell."""
    late, failed = failed_addresses(raw)
    if not (late or failed):
        return None
    words = " ".join(_OURS.split(_first_text(message), maxsplit=1)[0].split())[:_LONGEST]
    kind = kind_of(words)
    if not failed and kind in (BounceKind.DEAD, BounceKind.OTHER):
        kind = BounceKind.TEMPORARY
    return refusal(words, kind=kind)


def _first_text(message: AnyMessage) -> str:
    return next((text_of(part) for part in parts_of(message) if part.get_content_maintype() == "text"), "")


def _presentable(raw: bytes) -> bytes:
    """It expects a From, and headers in ASCII."""
    head, gap, body = re.split(rb"(\r?\n\r?\n)", raw, maxsplit=1) if re.search(rb"\r?\n\r?\n", raw) else (raw, b"", b"")
    plain = re.sub(rb"[\x80-\xff]", b"?", head)
    if not re.search(rb"^from:[ \t]*\S", plain, re.IGNORECASE | re.MULTILINE):
        plain = _NOBODY + re.sub(rb"^from:.*\r?\n?", b"", plain, flags=re.IGNORECASE | re.MULTILINE)
    return plain + gap + body


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address
