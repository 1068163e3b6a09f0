"""Whatever sequence of faults SendGrid plays: every reader is accounted for, and nobody gets two mails."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.delivery import Outcome
from newsletter.edition import cut_edition
from newsletter.errors import TransportError
from newsletter.message import Letter
from newsletter.providers.sendgrid import SendGridTransport
from tests.builders import a_compiled_issue, a_recipient, an_edition
from tests.fakes.sendgrid import (
    DROP_IN_THE_MIDDLE,
    HANG,
    HANG_UNTAKEN,
    RESET_AFTER_TAKING,
    RESET_BEFORE_TAKING,
    RESET_UNREAD,
    TAKE_LATE,
    FakeSendGrid,
    Script,
    fake_sendgrid,
)

KEY = "SG.right"
FULL, SHORT = an_edition(), cut_edition(a_compiled_issue(), ["grid"])
MOST_ROUNDS = 40

#: told to the fake; None: it does its work
Fault = Script | str | None
#: quick ones several times, since each that hangs costs a quarter of a second
REQUEST_FAULTS: list[Fault] = [
    None, None, None, RESET_UNREAD, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, RESET_AFTER_TAKING, DROP_IN_THE_MIDDLE,
    HANG, HANG_UNTAKEN, TAKE_LATE, Script(200, is_taken=True), Script(413), Script(429),
    Script(500), Script(502, is_taken=True), Script(503), Script(400), Script(401), Script(403), Script(307),
    Script(400, place="personalizations.0.to.0.email"), Script(400, place="personalizations.2.substitutions"),
]  # fmt: skip
BATCH_FAULTS: list[Fault] = [None, None, None, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, Script(429), Script(500)]
#: at most four of these come before a cancellation is heard
CANCEL_FAULTS: list[Fault] = [
    None, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, RESET_UNREAD, DROP_IN_THE_MIDDLE, Script(429), Script(500),
    Script(502, is_taken=True),
]  # fmt: skip


@dataclass
class Books:
    """What was said about each reader, over all rounds."""

    final: dict[int, Outcome] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)

    def note(self, number: int, outcome: Outcome) -> None:
        if outcome is not Outcome.DEFERRED:
            self.final[number] = outcome
            self.waiting.discard(number)


def one_round(transport: SendGridTransport, books: Books) -> None:
    """Hand over whoever waits. Exactly one receipt for each; none may be missing unless an error says why."""
    order = sorted(books.waiting)
    letters = [Letter(SHORT if number % 5 == 0 else FULL, a_recipient(number)) for number in order]
    answered: set[int] = set()
    at_risk: set[int] = set()
    is_complete = False
    try:
        for receipts in transport.send(iter(letters), at_risk.update):
            for receipt in receipts:
                assert receipt.delivery_id in books.waiting
                assert receipt.delivery_id not in answered
                assert receipt.outcome is Outcome.REFUSED or receipt.delivery_id in at_risk
                answered.add(receipt.delivery_id)
                books.note(receipt.delivery_id, receipt.outcome)
        is_complete = True
    except TransportError:
        pass
    assert answered == set(order) or not is_complete


def play(fake: FakeSendGrid, transport: SendGridTransport, readers: int) -> Books:
    books = Books(waiting=set(range(1, readers + 1)))
    transport._schedule._pause = lambda _: None
    with transport:
        for _ in range(MOST_ROUNDS):
            one_round(transport, books)
            if not books.waiting:
                break
    return books


def told(fake: FakeSendGrid, requests: Sequence[Fault], batches: Sequence[Fault], cancels: Sequence[Fault]) -> None:
    fake.scripts.extend(requests)
    fake.batch_scripts.extend(batches)
    fake.cancel_scripts.extend(cancels)


def agree(fake: FakeSendGrid, books: Books, readers: int) -> None:
    """The fake's view of who has a mail, against what the receipts said."""
    fake.pass_time(10_000)
    assert not books.waiting
    assert books.final.keys() == set(range(1, readers + 1))
    for number, outcome in books.final.items():
        mails = fake.inboxes[f"reader{number}@example.com"]
        assert mails <= 1, number
        if outcome is not Outcome.UNKNOWN:
            assert mails == (outcome is Outcome.ACCEPTED), (number, outcome)


often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
several = st.integers(1, 12)
a_window = st.integers(1, 5)


@often
@given(readers=several, window=a_window, faults=st.lists(st.sampled_from(REQUEST_FAULTS), max_size=8))
def test_in_the_normal_mode_nobody_gets_two_mails_and_nobody_is_missing(
    readers: int, window: int, faults: list[Fault]
) -> None:
    with fake_sendgrid(KEY) as fake:
        told(fake, faults, [], [])
        books = play(fake, SendGridTransport(KEY, url=fake.url, batch=window, timeout=0.25), readers)
    # Only now, as what was to be taken late has been taken.
    agree(fake, books, readers)


@often
@given(
    readers=several,
    window=a_window,
    faults=st.lists(st.sampled_from(REQUEST_FAULTS), max_size=8),
    batches=st.lists(st.sampled_from(BATCH_FAULTS), max_size=4),
    cancels=st.lists(st.sampled_from(CANCEL_FAULTS), max_size=4),
)
def test_in_exact_mode_nobody_is_unknown_as_long_as_batches_can_be_cancelled(
    readers: int, window: int, faults: list[Fault], batches: list[Fault], cancels: list[Fault]
) -> None:
    with fake_sendgrid(KEY) as fake:
        told(fake, faults, batches, cancels)
        transport = SendGridTransport(KEY, url=fake.url, batch=window, timeout=0.25, exact=True)
        transport.remember = lambda _batch, _ids: None
        books = play(fake, transport, readers)
    agree(fake, books, readers)
    assert Outcome.UNKNOWN not in books.final.values()


@often
@given(
    readers=several,
    window=a_window,
    faults=st.lists(st.sampled_from(REQUEST_FAULTS), max_size=8),
    cancels=st.lists(st.sampled_from([*CANCEL_FAULTS, Script(400), Script(401)]), max_size=16),
)
def test_in_exact_mode_a_cancellation_that_fails_leaves_readers_unknown_and_mails_nobody_twice(
    readers: int, window: int, faults: list[Fault], cancels: list[Fault]
) -> None:
    with fake_sendgrid(KEY) as fake:
        told(fake, faults, [], cancels)
        transport = SendGridTransport(KEY, url=fake.url, batch=window, timeout=0.25, exact=True)
        transport.remember = lambda _batch, _ids: None
        books = play(fake, transport, readers)
    agree(fake, books, readers)
