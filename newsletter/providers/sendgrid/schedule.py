"""
Mail that SendGrid holds for a while, so that it can be taken back: batch ids, `send_at`, cancellations.

Sources: SendGrid's OpenAPI descriptions of v3 mail/batch and scheduled_sends, and its page "Cancel scheduled sends".
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from newsletter.delivery import Batch, Cancellation
from newsletter.errors import PermanentError, TransientError, TransportError
from newsletter.providers.sendgrid import answers
from newsletter.providers.sendgrid.answers import Answer

#: seconds; the least leaves a request that goes wrong five minutes to be cancelled, the most is SendGrid's 72 hours
LEAST_HOLD, LONGEST_HOLD = 900, 72 * 3_600
#: batches that may be cancelled at one time
SLOTS = 10
_MADE, _LISTED = 201, 200
_REFUSED = 400
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: seconds before each try to cancel; doing it twice does no harm
_TRIES = (0.0, 1.0, 2.0, 4.0, 8.0)
#: seconds after `send_at` at which SendGrid has discarded what was cancelled
_DISCARDED = 600


class Schedule:
    """Opens batches and takes them back."""

    def __init__(
        self, client: Any, *, timeout: float, hold: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._timeout = timeout
        self._hold = hold
        self._pause = pause
        self._cancelled: list[Batch] = []

    def open(self) -> Batch:
        """
        A new batch that SendGrid knows. Nothing is in it, so an open one that is forgotten does no harm.

        :raises TransportError: there is none
        """
        answer = self._ask(self._client.mail.batch.post)
        if answer.status != _MADE:
            raise answers.certainly_nothing_taken(answer) or _no_batch(answer)
        self._insist_on_a_slot(answer.at)
        return Batch(_id_in(answer), int(answer.at + self._hold))

    def cancel(self, batch: Batch) -> Cancellation:
        """Take back what was handed over under a batch, or ever will be."""
        said, is_first = "", True
        for seconds in _TRIES:
            self._pause(seconds)
            try:
                answer = self._ask(
                    self._client.user.scheduled_sends.post, request_body={"batch_id": batch.id, "status": "cancel"}
                )
            except TransientError as error:
                # No byte of it left.
                said = str(error)
                continue
            said = answer.words or answer.silence
            if answer.status == _MADE:
                return self._in_time(batch, answer)
            if answer.status == _REFUSED:
                # Perhaps because an earlier try was heard, though we did not hear of it.
                return self._looked_up(batch, f"not cancelled: {said}", was_refused=is_first)
            is_first = False
            if answers.certainly_nothing_taken(answer) and answer.status != answers.TOO_MANY:
                break
        return self._looked_up(batch, f"not known to be cancelled: {said}")

    def _in_time(self, batch: Batch, answer: Answer) -> Cancellation:
        if answer.at > batch.send_at - Batch.MARGIN:
            return Cancellation(batch, False, "cancelled later than ten minutes before it was due")
        if batch not in self._cancelled:
            self._cancelled.append(batch)
        return Cancellation(batch, True)

    def _looked_up(self, batch: Batch, otherwise: str, *, was_refused: bool = False) -> Cancellation:
        """By SendGrid's own list, in which an earlier try that was refused by nobody may still turn up."""
        try:
            answer = self._ask(self._client.user.scheduled_sends._(batch.id).get)
        except TransientError:
            return Cancellation(batch, False, otherwise)
        listed = _cancelled_in(answer) if answer.status == _LISTED else None
        if listed is None:
            return Cancellation(batch, False, otherwise)
        if batch.id in listed:
            return self._in_time(batch, answer)
        return Cancellation(batch, False, otherwise, will_leave=was_refused)

    def _insist_on_a_slot(self, now: float) -> None:
        """
        As long as nothing more could be taken back, nothing more is handed over.

        :raises TransientError: says when there will be room
        """
        if len(self._cancelled) < SLOTS:
            return
        self._cancelled = [batch for batch in self._cancelled if not self._freed(batch, now)]
        if len(self._cancelled) >= SLOTS:
            first = min(batch.send_at for batch in self._cancelled) + _DISCARDED
            raise TransientError(
                f"SendGrid left {SLOTS} requests without an answer, and keeps no more cancellations at one time",
                fix="try later",
                retry_after=max(1.0, first - now),
            )

    def _freed(self, batch: Batch, now: float) -> bool:
        if now < batch.send_at + _DISCARDED:
            return False
        try:
            answer = self._ask(self._client.user.scheduled_sends._(batch.id).delete)
        except TransientError:
            return False
        return answer.status in {204, 404}

    def _ask(self, request: Callable[..., Any], **given: Any) -> Answer:
        return answers.asked(request, timeout=self._timeout, **given)


def _no_batch(answer: Answer) -> TransportError:
    return TransientError(f"SendGrid gives no batch id: {answer.words or answer.silence}", fix="try later")


def _id_in(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)["batch_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise PermanentError("what SendGrid gives as a batch id is none", fix="check NEWSLETTER_SENDGRID_URL")
    return found


def _cancelled_in(answer: Answer) -> set[str] | None:
    """None when it is no list."""
    try:
        found = json.loads(answer.body)
        return {str(entry["batch_id"]) for entry in found if entry["status"] == "cancel"}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
