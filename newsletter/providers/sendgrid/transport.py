"""The SendGrid transport."""

import http.client
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Self
from urllib.parse import urlsplit

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import SettingsError
from newsletter.message import RefusedValueError, slots_in
from newsletter.providers.sendgrid import answers
from newsletter.providers.sendgrid.answers import Answer
from newsletter.providers.sendgrid.request import Copy, body_of, copy_for, without_doubles
from newsletter.providers.words import refused, words_of

_KEY = re.compile(r"[!-~]+")
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def _unheard(_: logging.LogRecord) -> bool:
    """The client writes the key, every address and every mail into its debug log."""
    return False


logging.getLogger("python_http_client.client").addFilter(_unheard)


class SendGridTransport:
    """
    One request per batch. SendGrid takes or refuses a request as a whole.

    It has no key by which a repeated request would be known, so a request whose answer is lost is never repeated; the
    size of a batch bounds how many readers are unsure then.
    """

    name = "sendgrid"
    batch_size = 100

    def __init__(self, api_key: str, *, url: str = "https://api.sendgrid.com", timeout: float = 30) -> None:
        if not _KEY.fullmatch(api_key):
            raise SettingsError(
                "SENDGRID_API_KEY is empty or holds a space or a strange character", fix="copy it again"
            )
        parts = urlsplit(url)
        if not parts.hostname or not (parts.scheme == "https" or parts.hostname in _THIS_MACHINE):
            raise SettingsError("NEWSLETTER_SENDGRID_URL does not begin with https://", fix="the key travels with it")
        self.timeout = timeout
        self.client = SendGridAPIClient(api_key, host=url.rstrip("/")).client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """There is no connection to close: the client opens one per request."""

    def send(self, edition: Edition, recipients: Sequence[Recipient]) -> Iterator[Receipt]:
        """
        One request for all recipients, more only where SendGrid wants it; a receipt for each.

        :raises TransportError: SendGrid cannot be reached, or takes nothing from us
        """
        slots = slots_in(edition)
        copies: list[Copy] = []
        for recipient in recipients:
            try:
                copies.append(copy_for(edition, slots, recipient))
            except RefusedValueError as error:
                yield refused(recipient, error)
        waiting = without_doubles(copies)
        while waiting:
            receipts, again = self._submit(edition, waiting.pop(0))
            yield from receipts
            waiting = again + waiting

    def _submit(self, edition: Edition, copies: list[Copy]) -> tuple[list[Receipt], list[list[Copy]]]:
        """Receipts for those of whom the answer speaks, and the others, to be submitted again."""
        answer = self._post(edition, copies)
        if answer.status == answers.ACCEPTED:
            return [_receipt(copy, Outcome.ACCEPTED, "202", answer.message_id) for copy in copies], []
        if answer.status == answers.TOO_LARGE:
            return _halved(copies, answer)
        named = answers.culprits(answer, len(copies))
        if named:
            rest = [copy for number, copy in enumerate(copies) if number not in named]
            receipts = [_receipt(copies[number], Outcome.REFUSED, f"400 {said}") for number, said in named.items()]
            return receipts, [rest] if rest else []
        error = answers.certainly_nothing_taken(answer)
        if error:
            raise error
        said = answer.silence or f"handed over, but the answer was {answer.words}"
        return [_receipt(copy, Outcome.UNKNOWN, said) for copy in copies], []

    def _post(self, edition: Edition, copies: list[Copy]) -> Answer:
        try:
            # Per call, because the client's own default is to wait for ever.
            response = self.client.mail.send.post(request_body=body_of(edition, copies), timeout=self.timeout)
        except HTTPError as error:
            return Answer(error.status_code, error.headers or {}, error.body or b"")
        except (OSError, http.client.HTTPException) as error:
            return answers.no_answer(error)
        return Answer(response.status_code, response.headers, response.body)


def _halved(copies: list[Copy], answer: Answer) -> tuple[list[Receipt], list[list[Copy]]]:
    """What to do when the request is too large: make two of it, as long as it holds two readers."""
    half = len(copies) // 2
    if half:
        return [], [copies[:half], copies[half:]]
    return [_receipt(copies[0], Outcome.REFUSED, answer.words)], []


def _receipt(copy: Copy, outcome: Outcome, said: str, provider_id: str = "") -> Receipt:
    return Receipt(copy.recipient.delivery_id, outcome, words_of(said, copy.recipient), provider_id)
