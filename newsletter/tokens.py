"""
Sign and check what is in the links that lead a reader back to us.

A token is 36 bytes, 48 characters of unpadded base64url: key id (1), the subscription's random id (16), mailing (3),
and the first 16 bytes of HMAC-SHA-256 over the purpose and the rest. It holds no address, and the signature is for ever
valid: that a confirmation is good for some days, and once, is in the store.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from newsletter.errors import TokenError

_STAMP = re.compile(r"(?P<at>[0-9a-f]{1,12})\.(?P<signature>[0-9a-f]{32})")
_LENGTH = 36
_SIGNED = 20
_MAILINGS = 1 << 24
_HASH = "sha256"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
#: base32 (RFC 4648) two characters at a time: the library's takes three times as long, for every message
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
#: of the 26 characters that stand in a Message-ID: 130 bits, ten at a time
_SHIFTS = range(120, -1, -10)
#: no number of a database is longer
_BOUNCE = re.compile(r"[0-9a-f]{32}([1-9a-f][0-9a-f]{0,14})")


class Purpose(StrEnum):
    """The path segment of a link; a token made for one is worthless for another."""

    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    VIEW = "v"
    #: carries the id of an answer to a sign-up instead of a subscription's
    CONFIRM = "c"


#: what is signed begins with the purpose
_OPENINGS = {purpose: f"newsletter link {purpose}\0".encode() for purpose in Purpose}


@dataclass(frozen=True, slots=True)
class Token:
    subscription: bytes
    mailing_id: int


def make_token(keys: Sequence[bytes], purpose: Purpose, token: Token) -> str:
    """Signed with the first key: the others are there to check links from before a rotation."""
    head = _key_id(keys[0]) + token.subscription + (token.mailing_id % _MAILINGS).to_bytes(3, "big")
    return base64.urlsafe_b64encode(head + _signature(keys[0], purpose, head)).decode()


def read_token(keys: Sequence[bytes], purpose: Purpose, text: str) -> Token:
    """
    What a link says, if it is one that we made for this purpose.

    :raises TokenError: for anything else, without saying what was wrong with it
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    # Only the canonical spelling counts: base64 has several for the same bytes.
    if len(raw) == _LENGTH and base64.urlsafe_b64encode(raw).decode() == text:
        head, signature = raw[:_SIGNED], raw[_SIGNED:]
        for key in keys:
            if head[:1] == _key_id(key) and hmac.compare_digest(_signature(key, purpose, head), signature):
                return Token(head[1:17], int.from_bytes(head[17:20], "big"))
    raise TokenError("this link is not one of ours", fix="copy the whole link from the mail")


def make_stamp(keys: Sequence[bytes], form: str, at: int) -> str:
    """
    Proof that a form was shown by us, and when.

    :param at: seconds since 1970
    """
    return f"{at:x}.{_stamp_signature(keys[0], form, at)}"


def read_stamp(keys: Sequence[bytes], form: str, text: str) -> int:
    """
    When that form was shown.

    :raises TokenError: it was none of ours
    """
    found = _STAMP.fullmatch(text)
    if found:
        at = int(found["at"], 16)
        for key in keys:
            if hmac.compare_digest(_stamp_signature(key, form, at), found["signature"]):
                return at
    raise TokenError("this form is not one of ours", fix="open the page again")


def _stamp_signature(key: bytes, form: str, at: int) -> str:
    return hmac.digest(key, f"newsletter form {at:x} {form}".encode(), _HASH)[:16].hex()


def archive_key(keys: Sequence[bytes], newsletter: str) -> str:
    """What the link to a shared archive ends in: 22 characters that nobody can guess; the same for all who have it."""
    return _archive_key(keys[0], newsletter)


def opens_archive(keys: Sequence[bytes], newsletter: str, text: str) -> bool:
    """Whether a link ends in what `archive_key` gives, or gave before a rotation."""
    said = text.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(_archive_key(key, newsletter).encode(), said) for key in keys)


def _archive_key(key: bytes, newsletter: str) -> str:
    secret = hmac.digest(key, f"newsletter archive\0{newsletter}".encode(), _HASH)
    return base64.urlsafe_b64encode(secret[:16]).decode().rstrip("=")


def message_id(key: bytes, *, mailing_id: int, delivery_id: int, domain: str) -> str:
    """The same for every try of a delivery, so that a repeat can be recognised; says nothing about the reader."""
    secret = hmac.digest(key, b"newsletter message-id %d %d" % (mailing_id, delivery_id), _HASH)
    bits = int.from_bytes(secret[:17], "big") >> 6
    return f"{''.join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])}@{domain}"


def bounce_token(key: bytes, *, mailing_id: int, delivery_id: int) -> str:
    """
    What stands after the plus in the address that bounces go to: 128 bits of HMAC, and the delivery's number.

    In lower-case hexadecimal digits, for a mail server may change the case of what stands before the @.
    """
    return (
        f"{hmac.digest(key, b'newsletter bounce %d %d' % (mailing_id, delivery_id), _HASH).hex()[:32]}{delivery_id:x}"
    )


def delivery_of(text: str) -> int | None:
    """The delivery that a bounce token names; whether it is ours, `is_bounce_token` says."""
    found = _BOUNCE.fullmatch(text.lower())
    return int(found[1], 16) if found else None


def is_bounce_token(keys: Sequence[bytes], text: str, *, mailing_id: int, delivery_id: int) -> bool:
    said = text.lower().encode()
    ours = [bounce_token(key, mailing_id=mailing_id, delivery_id=delivery_id).encode() for key in keys]
    return any(hmac.compare_digest(said, one) for one in ours)


def is_message_id(keys: Sequence[bytes], text: str, *, mailing_id: int, delivery_id: int) -> bool:
    """
    :param text: what stands before the @
    """
    said = f"{text}@".encode()
    ours = [message_id(key, mailing_id=mailing_id, delivery_id=delivery_id, domain="").encode() for key in keys]
    return any(hmac.compare_digest(said, one) for one in ours)


@lru_cache(maxsize=16)
def _key_id(key: bytes) -> bytes:
    return hmac.digest(key, b"newsletter key id", _HASH)[:1]


def _signature(key: bytes, purpose: Purpose, head: bytes) -> bytes:
    return hmac.digest(key, _OPENINGS[purpose] + head, _HASH)[:16]
