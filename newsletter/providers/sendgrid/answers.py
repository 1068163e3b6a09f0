"""What SendGrid's answer to a mail/send request means (its pages "Errors" and "Rate limits")."""

import http.client
import json
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError

from newsletter.errors import PermanentError, TransientError, TransportError
from newsletter.providers.words import words_of

ACCEPTED, REFUSED, TOO_LARGE, TOO_MANY = 202, 400, 413, 429
#: answers that come before SendGrid looks at the mail: certainly nothing was taken
_FIXES = {
    401: "check SENDGRID_API_KEY",
    403: "give the key the permission Mail Send, and verify the sender's address or domain at SendGrid",
    404: "check NEWSLETTER_SENDGRID_URL",
    405: "check NEWSLETTER_SENDGRID_URL",
    415: "check NEWSLETTER_SENDGRID_URL",
    REFUSED: "this is for us to mend: report it",
}
_CULPRIT = re.compile(r"personalizations\.(?P<number>\d+)(?:\.|$)")
#: a reset this large is a date (seconds since 1970) and not a number of seconds to wait
_A_DATE = 1_000_000_000
_CONNECTING = frozenset({http.client.HTTPConnection.connect.__code__, http.client.HTTPSConnection.connect.__code__})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 0: the request went out, and no answer came."""

    status: int
    headers: Message = field(default_factory=Message)
    body: bytes = b""
    #: why no answer came
    silence: str = ""

    @property
    def at(self) -> float:
        """When SendGrid gave it, by its own clock; by ours when it does not say."""
        try:
            return parsedate_to_datetime(self.headers.get("Date") or "").timestamp()
        except ValueError:
            return time.time()

    @property
    def message_id(self) -> str:
        return self.headers.get("X-Message-Id") or ""

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """The entries of `errors` in the body; none when it is something else."""
        try:
            found = json.loads(self.body)["errors"]
        except (ValueError, TypeError, KeyError):
            return []
        return [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []

    @property
    def words(self) -> str:
        said = "; ".join(str(error.get("message", "")) for error in self.errors)
        return f"{self.status} {words_of(said)}".strip()


def certainly_nothing_taken(answer: Answer) -> TransportError | None:
    """The error to raise when the answer is a no to the whole request; None when it is something else."""
    if answer.status == TOO_MANY:
        return TransientError(
            "SendGrid asks us to slow down (429)", fix="wait, or lower NEWSLETTER_RATE", retry_after=_wait(answer)
        )
    if answer.status in _FIXES:
        return PermanentError(f"SendGrid refuses the request: {answer.words}", fix=_FIXES[answer.status])
    if 300 <= answer.status < 400:
        return PermanentError(f"SendGrid's address leads elsewhere ({answer.status})", fix=_FIXES[404])
    return None


def culprits(answer: Answer, size: int) -> dict[int, str]:
    """Which personalizations a 400 complains of, by number, each with what is wrong."""
    found: dict[int, str] = {}
    for error in answer.errors if answer.status == REFUSED else ():
        place = _CULPRIT.match(str(error.get("field") or ""))
        if place and int(place["number"]) < size:
            found.setdefault(int(place["number"]), str(error.get("message", "")))
    return found


def asked(request: Callable[..., Any], *, timeout: float, **given: Any) -> Answer:
    """
    What is answered to a call of the sendgrid client.

    :raises TransientError: the call broke before its first byte left
    """
    try:
        # Per call, because the client's own default is to wait for ever.
        response = request(timeout=timeout, **given)
    except HTTPError as error:
        return Answer(error.status_code, error.headers or Message(), error.body or b"")
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) and isinstance(error.reason, BaseException) else error
        if _while_connecting(reason):
            raise unreachable(reason) from error
        return silence(reason)
    return Answer(response.status_code, response.headers, response.body)


def silence(error: BaseException) -> Answer:
    """A request that went out, at least in part, and no answer came."""
    return Answer(0, silence=f"handed over, but no answer came: {_said_by(error)}")


def unreachable(error: BaseException) -> TransientError:
    """A request of which nothing that counts went out."""
    return TransientError(
        f"SendGrid cannot be reached: {_said_by(error)}", fix="try later, or check NEWSLETTER_SENDGRID_URL"
    )


def _said_by(error: BaseException) -> str:
    return words_of(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _while_connecting(error: BaseException) -> bool:
    """
    True when the error comes from finding, reaching or securing the server.

    urllib gives the same exceptions for a time-out while connecting and while sending; only where they were raised
    tells them apart.
    """
    return any(frame.f_code in _CONNECTING for frame, _ in traceback.walk_tb(error.__traceback__))


def _wait(answer: Answer) -> float | None:
    """Seconds, from the answer's headers; X-RateLimit-Reset is a date."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        value = answer.headers.get(name) or ""
        if value.isascii() and value.isdigit():
            seconds = float(value)
            return max(1.0, seconds - time.time() if seconds >= _A_DATE else seconds)
    return None
