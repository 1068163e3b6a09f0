"""The SendGrid transport."""

import logging
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Self
from urllib.parse import urlsplit

from sendgrid import SendGridAPIClient

from newsletter.delivery import Batch, Cancellation, Outcome, Receipt
from newsletter.errors import PermanentError, SettingsError, TransientError
from newsletter.message import Letter
from newsletter.providers.sendgrid import answers
from newsletter.providers.sendgrid.answers import Answer
from newsletter.providers.sendgrid.meanwhile import POLL, awaited
from newsletter.providers.sendgrid.request import Copy, Gathering, Group, Sheet
from newsletter.providers.sendgrid.schedule import LEAST_HOLD, LONGEST_HOLD, Schedule
from newsletter.providers.sendgrid.scopes import insist_on_scheduling
from newsletter.providers.sendgrid.wire import Wire
from newsletter.providers.words import words_of

#: readers in a request that cannot be taken back: as many are unsure when its answer is lost
BATCH = 200
#: readers that SendGrid takes in a request
MOST = 1_000
_KEY = re.compile(r"[!-~]+")
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
#: a request as a whole may take so many times what one of its steps may take
_PATIENCE = 4

Remember = Callable[[Batch, Sequence[int]], None]
AtRisk = Callable[[Sequence[int]], None]
_Outcome = tuple[list[Receipt], list[Sequence[Copy]]]


def _unheard(_: logging.LogRecord) -> bool:
    """The client writes the key, every address and every mail into its debug log."""
    return False


logging.getLogger("python_http_client.client").addFilter(_unheard)


class SendGridTransport:
    """
    One request at a time, with several readers. SendGrid takes or refuses a request as a whole.

    It has no key by which a repeated request would be known, so a request whose answer is lost is never repeated; the
    size of a batch bounds how many readers are unsure then. In exact mode SendGrid holds each request for a quarter of
    an hour; one whose answer is lost is cancelled by its batch id, and its readers are certainly not mailed.
    """

    name = "sendgrid"

    def __init__(
        self,
        api_key: str,
        *,
        url: str = "https://api.sendgrid.com",
        timeout: float = 30,
        batch: int | None = None,
        exact: bool = False,
        hold: float = LEAST_HOLD,
    ) -> None:
        """
        :param batch: readers in a request; None: as many as the mode allows
        :param hold: seconds for which SendGrid keeps a request in exact mode
        """
        _check(api_key, url)
        if not LEAST_HOLD <= hold < LONGEST_HOLD or not (batch is None or 1 <= batch <= MOST):
            raise SettingsError("SendGrid takes 1 to 1,000 readers a request, and holds it for 15 minutes to 72 hours")
        self.window = batch or (MOST if exact else BATCH)
        self.exact = exact
        self.timeout = timeout
        #: in exact mode told of every batch before it is used, so that a killed sender's can be cancelled
        self.remember: Remember | None = None
        self.client = SendGridAPIClient(api_key, host=url.rstrip("/")).client
        self._wire = Wire(url.rstrip("/"), self.client.request_headers, timeout=timeout)
        self._schedule = Schedule(self.client, timeout=timeout, hold=hold)
        self._may_schedule = False
        #: seconds for which a batch of ours may be handed over under, and who tells how many have passed: the time of
        #: day, for it goes on while a machine sleeps
        self._fresh = hold - Batch.MARGIN
        self.clock: Callable[[], float] = time.time

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._wire.close()

    def send(self, letters: Iterator[Letter | None], at_risk: AtRisk) -> Iterator[Sequence[Receipt]]:
        """
        A request for each run of letters of one edition, and a receipt for each letter; see `dispatch.Transport`.

        :raises TransportError: SendGrid cannot be reached, or takes nothing from us
        """
        gathering = Gathering(most=self.window)
        for letter in letters:
            complete = gathering.add(letter) if letter else gathering.close()
            is_idle = True
            for found in complete:
                is_idle = False
                if isinstance(found, Group):
                    yield from self._deliver(found, at_risk)
                else:
                    yield [found]
            if letter is None and is_idle:
                time.sleep(POLL)
                yield []
        for group in gathering.close():
            yield from self._deliver(group, at_risk)

    def cancel_batches(self, batches: Iterable[Batch]) -> Iterator[Cancellation]:
        """
        Take back what SendGrid still holds: of a whole mailing, or of a sender that was killed.

        Whoever is in a batch that is certainly cancelled gets no mail by it, whether SendGrid had taken it or not.
        """
        for batch in batches:
            yield self._schedule.cancel(batch)

    def _deliver(self, group: Group, at_risk: AtRisk) -> Iterator[Sequence[Receipt]]:
        waiting: list[Sequence[Copy]] = [group.copies]
        while waiting:
            receipts, again = yield from self._submit(group.sheet, waiting.pop(0), at_risk)
            yield receipts
            waiting = again + waiting

    def _submit(
        self, sheet: Sheet, copies: Sequence[Copy], at_risk: AtRisk
    ) -> Generator[Sequence[Receipt], None, _Outcome]:
        """Receipts for those of whom the answer speaks, and the others, to be submitted again."""
        begun = self.clock()
        batch = (yield from self._batch_for(copies)) if self.exact else None
        last_word = self._unless_stale(begun, at_risk) if batch else at_risk
        answer = yield from self._post(sheet.body(copies, batch), _ids(copies), last_word)
        if answer.status == answers.ACCEPTED:
            return _receipts(copies, Outcome.ACCEPTED, "202", answer.message_id), []
        if answer.status == answers.TOO_LARGE:
            return _halved(copies, answer)
        named = answers.culprits(answer, len(copies))
        if named:
            rest = [copy for number, copy in enumerate(copies) if number not in named]
            receipts = [_refusal(copies[number], f"400 {said}") for number, said in named.items()]
            return receipts, [rest] if rest else []
        error = answers.certainly_nothing_taken(answer)
        if error:
            raise error
        said = answer.silence or f"handed over, but the answer was {answer.words}"
        outcome = Outcome.UNKNOWN
        if batch:
            outcome, said = yield from self._taken_back(batch, said)
        return _receipts(copies, outcome, words_of(said)), []

    def _post(self, body: bytes, ids: Sequence[int], at_risk: AtRisk) -> Generator[Sequence[Receipt], None, Answer]:
        patience = self.timeout * _PATIENCE
        try:
            line = yield from awaited(lambda: self._wire.begin(len(body)), patience=patience)
        except TimeoutError as error:
            raise answers.unreachable(error) from error
        try:
            at_risk(ids)
        except TransientError:
            line.close()
            raise
        try:
            answer = yield from awaited(lambda: line.exchange(body), patience=patience)
        except BaseException as error:
            line.abandon()
            if isinstance(error, TimeoutError):
                return answers.silence(error)
            raise
        self._wire.keep(line)
        return answer

    def _unless_stale(self, begun: float, at_risk: AtRisk) -> AtRisk:
        """
        Whoever slept since may have been given up, and their batch taken back. SendGrid has forgotten that when its
        mails were due, and would let go at once what comes then.
        """

        def told(ids: Sequence[int]) -> None:
            if self.clock() - begun > self._fresh:
                raise TransientError("the batch was opened too long ago to be used", fix="send it again")
            at_risk(ids)

        return told

    def _batch_for(self, copies: Sequence[Copy]) -> Generator[Sequence[Receipt], None, Batch]:
        if self.remember is None:
            raise PermanentError("in exact mode a batch must be remembered, and here is nobody to do it")
        if not self._may_schedule:
            yield from awaited(lambda: insist_on_scheduling(self), patience=self.timeout * _PATIENCE)
            self._may_schedule = True
        batch = yield from awaited(self._schedule.open, patience=self.timeout * _PATIENCE)
        self.remember(batch, _ids(copies))
        return batch

    def _taken_back(self, batch: Batch, said: str) -> Generator[Sequence[Receipt], None, tuple[Outcome, str]]:
        cancellation = yield from awaited(lambda: self._schedule.cancel(batch), patience=float("inf"))
        if cancellation.is_certain:
            return Outcome.DEFERRED, f"batch cancelled ({batch.id}): {said}"
        return Outcome.UNKNOWN, f"batch {batch.id} {cancellation.detail}; {said}"


def _check(api_key: str, url: str) -> None:
    if not _KEY.fullmatch(api_key):
        raise SettingsError("SENDGRID_API_KEY is empty or holds a space or a strange character", fix="copy it again")
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or parts.hostname in _THIS_MACHINE):
        raise SettingsError("NEWSLETTER_SENDGRID_URL does not begin with https://", fix="the key travels with it")


def _ids(copies: Sequence[Copy]) -> list[int]:
    return [copy.recipient.delivery_id for copy in copies]


def _halved(copies: Sequence[Copy], answer: Answer) -> _Outcome:
    """What to do when the request is too large: make two of it, as long as it holds two readers."""
    half = len(copies) // 2
    if half:
        return [], [copies[:half], copies[half:]]
    return [_refusal(copies[0], answer.words)], []


def _receipts(copies: Sequence[Copy], outcome: Outcome, said: str, provider_id: str = "") -> list[Receipt]:
    """One word for all; none of them is named in it."""
    return [Receipt(copy.recipient.delivery_id, outcome, said, provider_id) for copy in copies]


def _refusal(copy: Copy, said: str) -> Receipt:
    return Receipt(copy.recipient.delivery_id, Outcome.REFUSED, words_of(said, copy.recipient))
