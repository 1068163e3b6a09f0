"""Exact mode against a SendGrid that holds mail: whatever goes wrong, who gets what is known, and can be taken back."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from newsletter.delivery import Batch, Cancellation, Outcome, Receipt
from newsletter.errors import PermanentError, TransientError, TransportError
from newsletter.message import Letter
from newsletter.providers.sendgrid import SendGridTransport
from tests.builders import a_recipient, an_edition
from tests.fakes.sendgrid import (
    DROP_IN_THE_MIDDLE,
    HANG,
    HANG_UNTAKEN,
    RESET_AFTER_TAKING,
    RESET_BEFORE_TAKING,
    RESET_UNREAD,
    SLOTS,
    TAKE_LATE,
    FakeSendGrid,
    Script,
    fake_sendgrid,
)

KEY = "SG.right"
EDITION = an_edition()
#: what can become of a request, told to the fake
LOST = [
    HANG, HANG_UNTAKEN, TAKE_LATE, RESET_UNREAD, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, DROP_IN_THE_MIDDLE,
    Script(500), Script(502, is_taken=True), Script(503), Script(200, is_taken=True),
]  # fmt: skip
PAST_ALL = 10_000


class Remembered:
    """Where batches are noted before they are used."""

    def __init__(self, fake: FakeSendGrid) -> None:
        self.fake = fake
        self.batches: list[tuple[Batch, list[int]]] = []
        #: how many requests had come when each was noted
        self.requests: list[int] = []

    def __call__(self, batch: Batch, ids: Sequence[int]) -> None:
        self.batches.append((batch, list(ids)))
        self.requests.append(len(self.fake.requests))


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with fake_sendgrid(KEY) as running:
        yield running


def transport_to(fake: FakeSendGrid, **options: Any) -> SendGridTransport:
    options = {"timeout": 0.25, "exact": True, **options}
    transport = SendGridTransport(KEY, url=fake.url, **options)
    transport.remember = Remembered(fake)
    # Between two tries there are seconds; the fake is not in need of them.
    transport._schedule._pause = lambda _: None
    return transport


def send(transport: SendGridTransport, *numbers: int) -> list[Receipt]:
    letters = [Letter(EDITION, a_recipient(number)) for number in numbers]
    return [receipt for some in transport.send(iter(letters), lambda _: None) for receipt in some]


def outcomes(receipts: Sequence[Receipt]) -> dict[int, Outcome]:
    return {receipt.delivery_id: receipt.outcome for receipt in receipts}


def remembered(transport: SendGridTransport) -> Remembered:
    assert isinstance(transport.remember, Remembered)
    return transport.remember


def test_a_batch_is_noted_with_its_readers_before_its_request_leaves(fake: FakeSendGrid) -> None:
    with transport_to(fake, batch=2) as transport:
        send(transport, 1, 2, 3)
        noted = remembered(transport)
    assert [ids for _, ids in noted.batches] == [[1, 2], [3]]
    assert noted.requests == [0, 1]
    assert [request["batch_id"] for request in fake.requests] == [batch.id for batch, _ in noted.batches]
    assert [request["send_at"] for request in fake.requests] == [batch.send_at for batch, _ in noted.batches]


def test_mail_is_held_for_a_quarter_of_an_hour_and_then_leaves(fake: FakeSendGrid) -> None:
    with transport_to(fake) as transport:
        assert outcomes(send(transport, 1, 2)) == dict.fromkeys((1, 2), Outcome.ACCEPTED)
    fake.pass_time(890)
    assert not fake.inboxes
    fake.pass_time(20)
    assert fake.inboxes == {"reader1@example.com": 1, "reader2@example.com": 1}


def test_the_quarter_of_an_hour_is_by_sendgrids_clock(fake: FakeSendGrid) -> None:
    fake.ahead = 3_000
    with transport_to(fake) as transport:
        send(transport, 1)
    assert fake.requests[0]["send_at"] == pytest.approx(fake.now + 900, abs=3)


@pytest.mark.parametrize("script", LOST, ids=str)
def test_a_lost_answer_is_cancelled_and_its_readers_certainly_got_nothing(
    fake: FakeSendGrid, script: Script | str
) -> None:
    fake.scripts.append(script)
    with transport_to(fake, batch=2) as transport:
        receipts = send(transport, 1, 2, 3)
    assert outcomes(receipts) == {1: Outcome.DEFERRED, 2: Outcome.DEFERRED, 3: Outcome.ACCEPTED}
    assert receipts[0].detail.startswith("batch cancelled (")
    with transport_to(fake) as transport:
        assert outcomes(send(transport, 1, 2)) == dict.fromkeys((1, 2), Outcome.ACCEPTED)
    fake.over.set()
    fake.pass_time(PAST_ALL)
    assert fake.inboxes == {f"reader{number}@example.com": 1 for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("scripts", "is_certain", "will_leave"),
    [
        ([], True, False),
        ([RESET_AFTER_TAKING], True, False),
        ([RESET_BEFORE_TAKING], True, False),
        ([HANG], True, False),
        ([DROP_IN_THE_MIDDLE], True, False),
        ([Script(500)] * 4, True, False),
        ([Script(429)] * 4, True, False),
        ([Script(502, is_taken=True)] * 5, True, False),
        ([Script(401)], False, False),
        ([Script(500)] * 5, False, False),
        ([RESET_BEFORE_TAKING] * 5, False, False),
        ([Script(400)], False, True),
        ([RESET_BEFORE_TAKING, Script(400)], False, False),
    ],
    ids=str,
)
def test_a_cancellation_is_certain_or_says_that_it_is_not(
    fake: FakeSendGrid, scripts: list[Script | str], is_certain: bool, will_leave: bool
) -> None:
    with transport_to(fake) as transport:
        send(transport, 1)
        fake.cancel_scripts.extend(scripts)
        ((batch, _),) = remembered(transport).batches
        (found,) = transport.cancel_batches([batch])
    assert (found.batch, found.is_certain, found.will_leave) == (batch, is_certain, will_leave)
    assert bool(found.detail) is not is_certain
    fake.pass_time(PAST_ALL)
    assert not (is_certain and fake.inboxes)
    assert fake.inboxes or not will_leave


def test_an_answer_that_is_lost_and_cannot_be_cancelled_leaves_readers_unknown(fake: FakeSendGrid) -> None:
    fake.scripts.append(RESET_AFTER_TAKING)
    fake.cancel_scripts.append(Script(401))
    with transport_to(fake) as transport:
        (receipt,) = send(transport, 1)
    assert receipt.outcome is Outcome.UNKNOWN
    assert "not known to be cancelled: 401" in receipt.detail


def test_a_cancellation_that_comes_too_late_is_not_certain(fake: FakeSendGrid) -> None:
    with transport_to(fake) as transport:
        send(transport, 1)
        fake.pass_time(301)
        (found,) = transport.cancel_batches([batch for batch, _ in remembered(transport).batches])
    assert not found.is_certain
    assert "later than ten minutes" in found.detail


def test_a_whole_mailing_is_taken_back_by_another_process(fake: FakeSendGrid) -> None:
    with transport_to(fake, batch=2) as transport:
        send(transport, 1, 2, 3, 4, 5)
        batches = [batch for batch, _ in remembered(transport).batches]
    later = transport_to(fake)
    assert list(later.cancel_batches(batches)) == [Cancellation(batch, True) for batch in batches]
    assert list(later.cancel_batches(batches)) == [Cancellation(batch, True) for batch in batches]
    fake.pass_time(PAST_ALL)
    assert not fake.inboxes


def test_when_nothing_more_could_be_cancelled_nothing_more_leaves(fake: FakeSendGrid) -> None:
    fake.scripts.extend([RESET_AFTER_TAKING] * SLOTS)
    receipts: list[Receipt] = []
    letters = [Letter(EDITION, a_recipient(number)) for number in range(SLOTS + 1)]
    with transport_to(fake, batch=1) as transport:
        found = transport.send(iter(letters), lambda _: None)
        with pytest.raises(TransientError, match="10 requests without an answer") as caught:
            receipts.extend(receipt for some in found for receipt in some)
        assert list(outcomes(receipts).values()) == [Outcome.DEFERRED] * SLOTS
        assert caught.value.retry_after == pytest.approx(1_500, abs=20)
        fake.pass_time(caught.value.retry_after or 0)
        assert outcomes(send(transport, *range(SLOTS + 1))) == dict.fromkeys(range(SLOTS + 1), Outcome.ACCEPTED)
    fake.pass_time(PAST_ALL)
    assert set(fake.inboxes.values()) == {1}
    assert len(fake.inboxes) == SLOTS + 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script(500), TransientError),
        (Script(429), TransientError),
        (RESET_BEFORE_TAKING, TransientError),
        (HANG, TransientError),
        (Script(401), PermanentError),
        (Script(201), PermanentError),
    ],
    ids=str,
)
def test_without_a_batch_nothing_leaves(fake: FakeSendGrid, script: Script | str, error: type[TransportError]) -> None:
    fake.batch_scripts.append(script)
    with transport_to(fake) as transport, pytest.raises(error):
        send(transport, 1)
    assert fake.requests == []
    assert remembered(transport).batches == []


@pytest.mark.parametrize("missing", ["mail.batch.create", "user.scheduled_sends.create", "user.scheduled_sends.read"])
def test_a_key_that_cannot_cancel_is_told_before_the_first_mail(fake: FakeSendGrid, missing: str) -> None:
    fake.scopes.remove(missing)
    with transport_to(fake) as transport, pytest.raises(PermanentError, match=missing):
        send(transport, 1)
    assert fake.requests == []
    assert not fake.batches


def test_where_nobody_remembers_batches_nothing_leaves(fake: FakeSendGrid) -> None:
    transport = transport_to(fake)
    transport.remember = None
    with transport, pytest.raises(PermanentError, match="must be remembered"):
        send(transport, 1)
    assert fake.requests == []


def test_when_a_batch_cannot_be_noted_nothing_leaves(fake: FakeSendGrid) -> None:
    def fail(_batch: Batch, _ids: Sequence[int]) -> None:
        raise OSError("the disk is full")

    transport = transport_to(fake)
    transport.remember = fail
    with transport, pytest.raises(OSError, match="full"):
        send(transport, 1)
    assert fake.requests == []


def test_each_request_has_a_batch_of_its_own_even_when_it_is_repeated_in_parts(fake: FakeSendGrid) -> None:
    fake.scripts.extend([Script(413), Script(400, place="personalizations.0.to.0.email")])
    with transport_to(fake) as transport:
        found = outcomes(send(transport, 1, 2, 3, 4))
        noted = remembered(transport).batches
    assert found == {1: Outcome.REFUSED} | dict.fromkeys((2, 3, 4), Outcome.ACCEPTED)
    assert [ids for _, ids in noted] == [[1, 2, 3, 4], [1, 2], [2], [3, 4]]
    assert len({batch.id for batch, _ in noted}) == 4
