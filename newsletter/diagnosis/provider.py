"""The way out of our mail: can it be reached, and does it take us? Nothing is sent."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.diagnosis.verdict import Verdict, doubtful, fine, refused, wrong
from newsletter.errors import TransportError
from newsletter.health import answers_for

if TYPE_CHECKING:
    from newsletter.providers.sendgrid import SendGridTransport
    from newsletter.providers.smtp import SmtpTransport

_RULE = "transport"
#: a person waits for the answer
_PATIENCE = 10.0
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def examine_outbox(folder: Path) -> Iterator[Verdict]:
    """Whether the folder can be filled; it is not created, and nothing stays in it."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        if place == folder:
            with tempfile.TemporaryFile(dir=folder):
                pass
        elif not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        fix = "allow writing there, or set NEWSLETTER_OUTBOX"
        yield wrong(_RULE, f"the outbox {folder} cannot be written ({error.strerror})", fix)
        return
    yield fine(_RULE, f"outbox: mails become files in {folder}, and nothing leaves this machine")


def examine_smtp(transport: "SmtpTransport", our_domain: str) -> Iterator[Verdict]:
    """Connect, encrypt and log in, as a sending would; then leave."""
    from newsletter.providers.smtp.connection import Security, Server, connect, hang_up

    server = Server(
        host=transport.host,
        port=transport.port,
        security=Security(transport.security),
        username=transport.username or "",
        password=transport.password or "",
        timeout=min(transport.timeout, _PATIENCE),
    )
    try:
        hang_up(connect(server, our_domain), politely=True)
    except TransportError as error:
        yield from refused(_RULE, error)
        return
    how = {Security.TLS: "with TLS", Security.STARTTLS: "with STARTTLS", Security.NONE: "unencrypted"}[server.security]
    who = "logged in" if server.username else "without a login"
    yield fine(_RULE, f"{server} takes us, {how}, {who}; no mail was sent")
    if server.security is Security.NONE and server.host not in _THIS_MACHINE:
        fix = "set NEWSLETTER_SMTP_SECURITY to tls or starttls"
        yield doubtful(_RULE, "mails and addresses travel readable to another machine", fix)


def examine_sendgrid(transport: "SendGridTransport") -> Iterator[Verdict]:
    """Ask what the key may do."""
    from newsletter.providers.sendgrid.scopes import SENDING, scopes_of

    transport.timeout = min(transport.timeout, _PATIENCE)
    try:
        scopes = scopes_of(transport)
    except TransportError as error:
        yield from refused(_RULE, error)
        return
    if SENDING not in scopes:
        yield wrong(_RULE, "SendGrid knows the key, but it may not send", "give it the permission Mail Send")
        return
    yield fine(_RULE, "SendGrid knows the key, and it may send; no mail was sent")
    more = len([scope for scope in scopes if scope.startswith(("api_keys.", "teammates.", "billing."))])
    if more:
        fix = "make one with the permission Mail Send and no other"
        yield doubtful(_RULE, "the key may change keys, people or bills as well", fix)


def examine_pages(base_url: str | None, store_id: str | None) -> Iterator[Verdict]:
    """The pages that every link leads to: there, encrypted, and for this very database."""
    rule = "base-url"
    if base_url is None:
        message = "NEWSLETTER_BASE_URL is not set: readers leave by mail only, and a mailing has 100 readers at most"
        yield doubtful(rule, message, "set it when newsletter serve can be reached from outside")
        return
    if urlsplit(base_url).scheme != "https":
        message = "NEWSLETTER_BASE_URL does not begin with https://, so no mail program offers one click to leave"
        yield wrong(rule, message, "serve it encrypted, and set it to https://…")
    found = answers_for(base_url, store_id or "")
    if found is None:
        yield fine(rule, f"{base_url} answers, and for this database")
    elif store_id is None and "not for this" in found.message:
        yield doubtful(rule, f"{base_url} answers; for which database cannot be told", "take readers in first")
    else:
        yield from (replace(verdict, rule=rule) for verdict in refused(rule, TransportError(found)))
