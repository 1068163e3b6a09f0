"""What is said over one SMTP connection, whatever the server answers, in whatever pieces, and whenever it breaks."""

import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery import Outcome, Receipt
from newsletter.errors import PermanentError, TransientError, TransportError
from newsletter.providers.smtp.conversation import Conversation
from newsletter.providers.smtp.parcel import Offers, Parcel
from newsletter.providers.smtp.replies import Reply, ReplyReader
from tests.builders import a_recipient
from tests.fakes.smtp_model import (
    DROP,
    EARLY_NO,
    GARBAGE,
    SILENT,
    TAKEN_AND_DROPPED,
    TAKEN_AND_SILENT,
    ModelServer,
)

PIPELINED = Offers(pipelining=True, size=True)
MESSAGE = b"Subject: Harbour\r\n\r\nFirst line.\r\n.dotted\r\n..twice\r\n" + b"x" * 60 + b"\r\n"
#: connections that one run may use up
_PLENTY = 200


def a_parcel(number: int = 1) -> Parcel:
    return Parcel("brief@example.com", a_recipient(number), MESSAGE)


def address(number: int) -> str:
    return f"reader{number}@example.com"


class Run:
    """Hands parcels to model servers, one connection after another, in pieces chosen by chance."""

    def __init__(self, manners: Mapping[str, Mapping[str, str]], chance: random.Random, **server: Any) -> None:
        self.mailbox: dict[str, list[bytes]] = {}
        self.receipts: list[Receipt] = []
        self.at_risk: list[int] = []
        self.told: list[str] = []
        self.fatal: TransportError | None = None
        self.connections = 0
        self._manners, self._chance, self._server = manners, chance, server

    def hand_over(self, parcels: Sequence[Parcel], breaks: Sequence[int] = ()) -> None:
        """:param breaks: bytes after which the connections break, one after another; without a word on either side"""
        waiting, ends = deque(parcels), deque(breaks)
        while waiting and not self.fatal:
            self.connections += 1
            assert self.connections < _PLENTY, "no progress"
            self._one_connection(waiting, ends.popleft() if ends else 1_000_000)

    def _one_connection(self, waiting: deque[Parcel], lives: int) -> None:
        server = ModelServer(self._manners, self.mailbox, self._chance, **self._server)
        offers = Offers(pipelining=server.pipelining, size=True)
        conversation = Conversation(offers, self.at_risk.extend, most=1_000)
        while not conversation.over:
            if waiting and conversation.wants and self._chance.random() < 0.8:
                assert conversation.take(waiting.popleft()) is None
            elif not waiting and not conversation.is_busy:
                break
            lives -= self._move(conversation, server)
            if lives <= 0 or (server.is_closed and not server.out):
                self.receipts += conversation.lost("gone")
        assert set(map(_number, server.begun)) <= set(self.at_risk)
        self.told += server.confirmed
        self.fatal = conversation.fatal
        for parcel in conversation.returned:
            if parcel.tries < 3:
                waiting.append(parcel)
            else:
                self.receipts.append(Receipt(parcel.delivery_id, Outcome.DEFERRED))

    def _move(self, conversation: Conversation, server: ModelServer) -> int:
        """Some bytes one way or the other; how many."""
        leaving = bytes(conversation.output())
        if leaving and (not server.out or self._chance.random() < 0.5):
            count = self._chance.choice([len(leaving), self._chance.randint(1, len(leaving))])
            conversation.written(count)
            if not server.is_closed:
                server.hear(leaving[:count])
            return count
        if server.out:
            count = self._chance.choice([len(server.out), 1, self._chance.randint(1, len(server.out))])
            received, server.out = server.out[:count], server.out[count:]
            self.receipts += conversation.heard(received)
            return count
        if conversation.is_busy:
            self.receipts += conversation.lost("timed out")
        return 0


def _number(found: str) -> int:
    return int(found.removeprefix("reader").partition("@")[0])


_SAID = [DROP, SILENT, GARBAGE, "421 4.3.2 closing", "450 4.2.0 later", "550 5.1.1 no such mailbox"]
commands = st.dictionaries(st.sampled_from(["RCPT", "DATA"]), st.sampled_from([*_SAID, "299 odd"]), max_size=1)
endings = st.dictionaries(
    st.just("message"),
    st.sampled_from([*_SAID, TAKEN_AND_DROPPED, TAKEN_AND_SILENT, EARLY_NO, "354 what"]),
    max_size=1,
)
manners = st.dictionaries(
    st.integers(1, 8).map(address), st.builds(lambda one, two: {**one, **two}, commands, endings), max_size=8
)


@settings(max_examples=600)
@given(
    manners,
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 1_500), max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_every_letter_has_one_receipt_and_it_is_true(
    manners: Mapping[str, Mapping[str, str]],
    chance: random.Random,
    breaks: list[int],
    is_eager: bool,
    pipelining: bool,
) -> None:
    run = Run(manners, chance, is_eager=is_eager, pipelining=pipelining)
    run.hand_over([a_parcel(number) for number in range(1, 9)], breaks)
    assert Counter(receipt.delivery_id for receipt in run.receipts) == dict.fromkeys(range(1, 9), 1)
    for receipt in run.receipts:
        arrived = run.mailbox.get(address(receipt.delivery_id), [])
        assert len(arrived) <= 1, "doubled"
        assert arrived in ([], [MESSAGE]), "altered"
        if arrived:
            assert receipt.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}
            assert receipt.delivery_id in run.at_risk
        if receipt.outcome is Outcome.ACCEPTED:
            assert address(receipt.delivery_id) in run.told
    assert len(run.at_risk) == len(set(run.at_risk)), "at risk again after a word that it was not taken"


def heard(conversation: Conversation, said: str) -> list[Receipt]:
    """The conversation's word on it, once all that it has to say is out."""
    conversation.written(len(conversation.output()))
    return conversation.heard(said.replace("\n", "\r\n").encode())


def a_conversation(*, at_risk: list[int] | None = None, offers: Offers = PIPELINED) -> Conversation:
    told: list[int] = [] if at_risk is None else at_risk
    return Conversation(offers, told.extend, most=100)


def test_the_end_of_a_message_and_the_next_envelope_leave_together() -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    assert bytes(conversation.output()) == (
        b"MAIL FROM:<brief@example.com> SIZE=%d\r\nRCPT TO:<reader1@example.com>\r\nDATA\r\n" % len(MESSAGE)
    )
    assert not conversation.wants
    assert heard(conversation, "250 a\n250 b\n354 c\n") == []
    assert conversation.wants
    conversation.take(a_parcel(2))
    leaving = bytes(conversation.output())
    assert leaving.startswith(b"Subject: Harbour\r\n")
    assert b"\r\n.\r\nMAIL FROM:<brief@example.com>" in leaving
    assert leaving.endswith(b"DATA\r\n")
    assert not conversation.wants


def test_a_message_is_at_risk_only_once_its_bytes_are_asked_for() -> None:
    at_risk: list[int] = []
    conversation = a_conversation(at_risk=at_risk)
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    assert at_risk == []
    conversation.output()
    conversation.output()
    assert at_risk == [1]


def test_the_next_body_waits_for_its_own_go_ahead() -> None:
    at_risk: list[int] = []
    conversation = a_conversation(at_risk=at_risk)
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    conversation.take(a_parcel(2))
    assert [receipt.outcome for receipt in heard(conversation, "250 taken\n250 a\n")] == [Outcome.ACCEPTED]
    assert bytes(conversation.output()) == b""
    assert at_risk == [1]
    heard(conversation, "250 b\n354 c\n")
    assert bytes(conversation.output()).startswith(b"Subject")
    assert at_risk == [1, 2]


def test_a_server_without_pipelining_is_told_one_thing_at_a_time() -> None:
    conversation = a_conversation(offers=Offers())
    conversation.take(a_parcel(1))
    said = []
    for answer in ("250 a\n", "250 b\n", "354 c\n", "250 d\n"):
        said.append(bytes(conversation.output()))
        heard(conversation, answer)
    assert said[:3] == [b"MAIL FROM:<brief@example.com>\r\n", b"RCPT TO:<reader1@example.com>\r\n", b"DATA\r\n"]
    assert said[3].endswith(b"\r\n.\r\n")


@pytest.mark.parametrize(("answer", "goes_on_with"), [("554 no readers", b"RSET\r\nMAIL"), ("354 go on", b".\r\n")])
def test_a_refused_reader_whose_message_is_asked_for_gets_an_empty_one(answer: str, goes_on_with: bytes) -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    (receipt,) = heard(conversation, f"250 a\n550 5.1.1 unknown\n{answer}\n")
    assert (receipt.outcome, receipt.detail) == (Outcome.REFUSED, "550 5.1.1 unknown")
    conversation.take(a_parcel(2))
    leaving = bytes(conversation.output())
    assert leaving.startswith(goes_on_with)
    assert b"RSET\r\nMAIL" in leaving
    assert b"Subject" not in leaving


@pytest.mark.parametrize(
    ("written", "said", "outcome"),
    [
        (10, "552 5.3.4 too big\n", Outcome.REFUSED),
        (10, "451 4.3.0 no room\n", Outcome.DEFERRED),
        (10, "421 4.3.2 closing\n", Outcome.DEFERRED),
        (10, "250 taken, though it has not come\n", Outcome.UNKNOWN),
        (10, "", Outcome.DEFERRED),
        (None, "421 4.3.2 closing\n", Outcome.DEFERRED),
        (None, "", Outcome.UNKNOWN),
        (None, "220 taken\n", Outcome.ACCEPTED),
    ],
)
def test_without_the_final_dot_nothing_was_taken(written: int | None, said: str, outcome: Outcome) -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    leaving = conversation.output()
    conversation.written(written or len(leaving))
    receipts = conversation.heard(said.replace("\n", "\r\n").encode()) or conversation.lost("gone")
    assert [receipt.outcome for receipt in receipts] == [outcome]
    assert bool(conversation.over) is (outcome is not Outcome.ACCEPTED)
    assert conversation.returned == []


@pytest.mark.parametrize("said", ["421 4.4.2 idle for too long\n", "250 out of turn\n", "hello\n"])
def test_what_nobody_asked_for_ends_a_connection_that_did_its_work(said: str) -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    heard(conversation, f"250 taken\n{said}")
    assert conversation.over
    assert not conversation.is_bad_luck


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("550 5.7.1 not your address\n", PermanentError),
        ("451 4.3.0 later\n", TransientError),
        ("530 5.7.0 login first\n", PermanentError),
        ("250 a\n530 5.7.0 login first\n", PermanentError),
        ("552 5.3.4 message too big\n", PermanentError),
    ],
)
def test_a_no_to_our_sender_is_nobodys_refusal(said: str, error: type[TransportError]) -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    assert heard(conversation, said) == []
    assert isinstance(conversation.fatal, error)


def test_a_kept_connection_that_refuses_our_sender_has_not_the_last_word() -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    conversation.take(a_parcel(2))
    assert len(heard(conversation, "250 taken\n452 4.5.3 enough for one connection\n")) == 1
    assert conversation.fatal is None
    assert [parcel.delivery_id for parcel in conversation.returned] == [2]
    assert conversation.returned[0].tries == 0


def test_asked_to_stop_only_the_message_at_risk_is_waited_for() -> None:
    conversation = a_conversation()
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    conversation.take(a_parcel(2))
    conversation.output()
    assert conversation.stop() == []
    (receipt,) = heard(conversation, "250 taken\n250 a\n250 b\n354 c\n")
    assert (receipt.delivery_id, receipt.outcome) == (1, Outcome.ACCEPTED)
    assert conversation.over
    assert bytes(conversation.output()) == b""


def test_after_enough_messages_it_takes_no_more_and_says_goodbye() -> None:
    conversation = Conversation(PIPELINED, lambda _: None, most=1)
    conversation.take(a_parcel(1))
    heard(conversation, "250 a\n250 b\n354 c\n")
    assert not conversation.wants
    heard(conversation, "250 taken\n")
    conversation.say_goodbye()
    conversation.say_goodbye()
    assert bytes(conversation.output()) == b"QUIT\r\n"
    heard(conversation, "221 bye\n")
    assert conversation.over


@pytest.mark.parametrize(
    ("message", "on_the_wire"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b".a\r\n..b\r\n", b"..a\r\n...b\r\n"),
        (b"a.b", b"a.b\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots_at_the_start_of_lines_are_doubled(message: bytes, on_the_wire: bytes) -> None:
    assert Parcel("brief@example.com", a_recipient(), message).stuffed() == on_the_wire


@pytest.mark.parametrize(
    ("reader", "message", "offers", "options"),
    [
        ("a@example.com", b"a: b\r\n\r\nc", Offers(utf8=True, eight_bit=True), ""),
        ("a@example.com", b"a: b\r\n\r\n\xc3\xa9", Offers(utf8=True, eight_bit=True), " BODY=8BITMIME"),
        ("é@example.com", b"a: b\r\n\r\nc", Offers(utf8=True, eight_bit=True), " SMTPUTF8"),
        ("é@example.com", b"a: \xc3\xa9\r\n\r\nc", Offers(utf8=True), " SMTPUTF8 BODY=8BITMIME"),
        ("a@example.com", b"a: b\r\n\r\nc", Offers(size=True), " SIZE=9"),
    ],
)
def test_more_than_ascii_is_asked_for_only_when_needed(
    reader: str, message: bytes, offers: Offers, options: str
) -> None:
    parcel = Parcel("brief@example.com", a_recipient(address=reader), message)
    assert parcel.lacks(offers) == ""
    assert parcel.commands(offers) == (
        f"MAIL FROM:<brief@example.com>{options}\r\n".encode(),
        f"RCPT TO:<{reader}>\r\n".encode(),
    )


@pytest.mark.parametrize(
    ("reader", "message", "lacking"),
    [("a@example.com", b"\r\n\r\n\xc3\xa9", "8BITMIME"), ("é@example.com", b"", "SMTPUTF8")],
)
def test_what_a_server_cannot_carry_is_refused_before_a_word_is_said(reader: str, message: bytes, lacking: str) -> None:
    conversation = a_conversation()
    receipt = conversation.take(Parcel("brief@example.com", a_recipient(address=reader), message))
    assert receipt is not None
    assert lacking in receipt.detail
    assert bytes(conversation.output()) == b""
    assert conversation.wants


@given(st.binary(max_size=400), st.randoms(use_true_random=False))
def test_replies_do_not_depend_on_the_pieces_in_which_they_come(received: bytes, chance: random.Random) -> None:
    reader, found, at = ReplyReader(), list[Reply](), 0
    while at < len(received):
        count = chance.randint(1, 9)
        found += reader.feed(received[at : at + count])
        at += count
    assert found == ReplyReader().feed(received)


@pytest.mark.parametrize(
    ("received", "replies"),
    [
        (b"250 ok\r\n", [Reply(250, b"ok")]),
        (b"250\r\n", [Reply(250, b"")]),
        (b"250 ok\n", [Reply(250, b"ok")]),
        (b"550-5.1.1 no\r\n550 5.1.1 such\r\n250 ok\r\n", [Reply(550, b"5.1.1 no\n5.1.1 such"), Reply(250, b"ok")]),
        (b"2500 ok\r\n", [Reply(0, b"2500 ok\r")]),
        (b"\r\n", [Reply(0, b"\r")]),
        (b"25", []),
        (b"250-a\r\n" * 300, [Reply(0, b"250-a\r")]),
        (b"x" * 70_000, [Reply(0, b"x" * 100)]),
    ],
)
def test_replies_are_put_together(received: bytes, replies: list[Reply]) -> None:
    assert ReplyReader().feed(received) == replies
