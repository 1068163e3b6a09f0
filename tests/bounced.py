"""Mails as servers and readers send them back, with or without a token of ours."""

from newsletter.store import Store
from newsletter.tokens import Purpose, Token, bounce_token, make_token
from tests.reported import KEYS

ELSEWHERE = "bounce@news.example.com"


def bounces_of(delivery_id: int, mailing_id: int, key: bytes = KEYS[0]) -> str:
    """The address that a delivery's bounces come to."""
    return f"bounce+{bounce_token(key, mailing_id=mailing_id, delivery_id=delivery_id)}@news.example.com"


def leaving_token(store: Store, reader: int, mailing_id: int = 6) -> str:
    found = store.readers.find(f"reader{reader}@example.com", "harbour-brief")[0]
    return make_token(KEYS, Purpose.UNSUBSCRIBE, Token(found.public_id, mailing_id))


def mail(*headers: str, body: str = "", kind: str = "text/plain; charset=utf-8") -> bytes:
    lines = [*headers, "Date: Wed, 10 Jun 2026 03:00:00 +0000", "MIME-Version: 1.0", f"Content-Type: {kind}", "", body]
    return "\r\n".join(lines).replace("\r\n", "\n").encode()


HEADERS = "From: news@example.com\nSubject: Brief\n"


def status_report(
    to: str = ELSEWHERE,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    said: str = "smtp; 550 no such user",
    returned: str = "",
    extra: str = "",
) -> bytes:
    """RFC 3464, as Postfix writes it; an argument that is empty leaves its field away."""
    fields = [("Final-Recipient", "rfc822; reader@example.com"), ("Action", action), ("Status", status)]
    fields.append(("Diagnostic-Code", said))
    group = "\n".join(f"{name}: {value}" for name, value in fields if value)
    body = (
        f"--b\nContent-Type: text/plain\n\nI could not deliver it.\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n{group}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{returned}{HEADERS}\n--b--\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    head = ["From: MAILER-DAEMON@mx.example.com", f"To: {to}", "Auto-Submitted: auto-replied", "Subject: Undelivered"]
    return mail(*head, *([extra] if extra else []), body=body, kind=kind)


def complaint(
    to: str = "abuse@news.example.com", *, kind: str = "abuse", origin: str = "", returned: str = ""
) -> bytes:
    """RFC 5965."""
    named = f"Original-Mail-From: <{origin}>\n" if origin else ""
    body = (
        f"--b\nContent-Type: text/plain\n\nThis is spam.\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\n{named}\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}{HEADERS}\nHello\n--b--\n"
    )
    head = ("From: fbl@provider.example", f"To: {to}", "Subject: complaint")
    return mail(*head, body=body, kind='multipart/report; report-type=feedback-report; boundary="b"')


def away(to: str, *headers: str, subject: str = "Out of office") -> bytes:
    return mail("From: reader@example.com", f"To: {to}", f"Subject: {subject}", *headers, body="I am away.")


def leaving(subject: str, to: str = "leave@example.com", *headers: str) -> bytes:
    return mail("From: reader@example.com", f"To: {to}", f"Subject: {subject}", *headers)


def vague(to: str, words: str = "<reader@example.com>: Sorry, no such user here.") -> bytes:
    """As qmail writes it."""
    body = (
        "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to "
        f"the following addresses.\nThis is a permanent error; I've given up.\n\n{words}\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <x@news.example.com>\nSubject: A\n\nquota full"
    )
    return mail("From: MAILER-DAEMON@mx.example.com", f"To: {to}", "Subject: failure notice", body=body)
