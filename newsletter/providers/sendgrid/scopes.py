"""What an API key may do, by SendGrid's own word; no mail is sent."""

import http.client
import json

from python_http_client.exceptions import HTTPError

from newsletter.errors import PermanentError, TransientError
from newsletter.providers.sendgrid import answers
from newsletter.providers.sendgrid.answers import Answer
from newsletter.providers.sendgrid.transport import SendGridTransport

#: the permission without which nothing can be sent
SENDING = "mail.send"
_FINE = 200


def scopes_of(transport: SendGridTransport) -> frozenset[str]:
    """
    The permissions of the transport's key.

    :raises TransportError: SendGrid cannot be reached, or does not know the key
    """
    answer = _get(transport)
    if answer.status != _FINE:
        error = answers.certainly_nothing_taken(answer)
        raise error or TransientError(f"SendGrid answers {answer.words or answer.silence}", fix="try later")
    try:
        found = json.loads(answer.body)["scopes"]
        return frozenset(str(scope) for scope in found)
    except (ValueError, TypeError, KeyError, RecursionError):
        fix = "check NEWSLETTER_SENDGRID_URL"
        raise PermanentError("what answers for SendGrid is not SendGrid", fix=fix) from None


def _get(transport: SendGridTransport) -> Answer:
    try:
        response = transport.client.scopes.get(timeout=transport.timeout)
    except HTTPError as error:
        return Answer(error.status_code, error.headers or {}, error.body or b"")
    except (OSError, http.client.HTTPException) as error:
        return answers.no_answer(error)
    return Answer(response.status_code, response.headers, response.body)
