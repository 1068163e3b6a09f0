"""What an API key may do, by SendGrid's own word; no mail is sent."""

import json
from typing import Any, Protocol

from newsletter.errors import PermanentError, TransientError
from newsletter.providers.sendgrid import answers

#: the permission without which nothing can be sent
SENDING = "mail.send"
#: those without which a batch cannot be made, taken back and looked up
_SCHEDULING = frozenset({SENDING, "mail.batch.create", "user.scheduled_sends.create", "user.scheduled_sends.read"})
_FINE = 200


class _Caller(Protocol):
    """The transport, which needs this module itself."""

    client: Any
    timeout: float


def scopes_of(transport: _Caller) -> frozenset[str]:
    """
    The permissions of the transport's key.

    :raises TransportError: SendGrid cannot be reached, or does not know the key
    """
    answer = answers.asked(transport.client.scopes.get, timeout=transport.timeout)
    if answer.status != _FINE:
        error = answers.certainly_nothing_taken(answer)
        raise error or TransientError(f"SendGrid answers {answer.words or answer.silence}", fix="try later")
    try:
        found = json.loads(answer.body)["scopes"]
        return frozenset(str(scope) for scope in found)
    except (ValueError, TypeError, KeyError, RecursionError):
        fix = "check NEWSLETTER_SENDGRID_URL"
        raise PermanentError("what answers for SendGrid is not SendGrid", fix=fix) from None


def insist_on_scheduling(transport: _Caller) -> None:
    """
    Before the first mail, since a key that cannot cancel is noticed too late when something has to be cancelled.

    :raises TransportError: the key may not do all that exact mode needs
    """
    missing = sorted(_SCHEDULING - scopes_of(transport))
    if missing:
        raise PermanentError(
            f"SENDGRID_API_KEY may not do what exact mode needs: {', '.join(missing)}",
            fix="give the key the permission Scheduled Sends beside Mail Send",
        )
