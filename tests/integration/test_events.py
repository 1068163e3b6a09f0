"""SendGrid's signed events, as `newsletter serve` takes them, and what they change."""

import base64
import os
import random
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery import DeliveryState, MailingStatus
from newsletter.errors import StoreError
from newsletter.ingest import apply_waiting, take_in
from newsletter.providers.sendgrid.events import read_events
from newsletter.store import Store, open_store
from newsletter.store.consents import Occasion
from newsletter.subscriber import SubscriptionStatus, SuppressionReason
from tests.builders import NOW
from tests.integration import at_work
from tests.integration.at_work import AtWork, started
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE
from tests.reported import (
    KEYS,
    SIGNATURE,
    STARTS,
    TIMESTAMP,
    Door,
    Signer,
    a_history,
    delivery,
    entry,
    everything,
    send_out,
    written,
)
from tests.smtpd import Manners, free_port, smtp_server
from tests.stores import CONSENT, address_of, copy_of, only_sqlite

#: 100,000 in full: NEWSLETTER_FORGERIES=100000
FORGERIES = int(os.environ.get("NEWSLETTER_FORGERIES", "1600"))
#: 1,000 in full
REPLAYS = int(os.environ.get("NEWSLETTER_REPLAYS", "40"))
BOUNCED, COMPLAINED = SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED


@dataclass
class Face:
    folder: Path
    door: Door
    signer: Signer
    at_work: AtWork

    def report(self, *entries: dict[str, Any]) -> int:
        body = written(entries)
        return self.door.post(body, self.signer.headers(body))

    def wait_until_applied(self) -> None:
        deadline = time.monotonic() + 30
        with open_store(address_of(self.folder)) as store:
            while waiting(store) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert waiting(store) == 0


def waiting(store: Store) -> int:
    with store._database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM events WHERE applied_at IS NULL").scalar_one())


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Face]:
    signer, port = Signer(), free_port()
    key = {"NEWSLETTER_SENDGRID_WEBHOOK_KEY": signer.public} | settings
    with started(folder, ["serve", "--port", port], port, **key) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        face = Face(folder, Door(port), signer, at_work)
        yield face
        face.door.close()


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    folder = tmp_path_factory.mktemp("events")
    a_history(folder)
    with served(folder) as found:
        yield found


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Store]:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        yield store


def tell(store: Store, *entries: dict[str, Any]) -> None:
    take_in(store, read_events(written(entries)).found, keys=KEYS, now=NOW)
    apply_waiting(store, lambda: NOW)


def suppressed_for(store: Store, reader: int) -> SuppressionReason | None:
    return store.readers.find(f"reader{reader}@example.com", "harbour-brief")[0].suppressed_for


def status(store: Store, reader: int, newsletter: str = "harbour-brief") -> SubscriptionStatus:
    return store.readers.find(f"reader{reader}@example.com", newsletter)[0].status


# --- the door ---------------------------------------------------------------------------------------------------------


def test_what_sendgrid_signs_is_stored_once_and_takes_effect(face: Face) -> None:
    gone = entry("bounce", **delivery(3, 6), number=1, type="bounce", status="5.1.1", reason="550 5.1.1 no reader63")
    spam = entry("spamreport", **delivery(4, 6), number=2)
    assert [face.report(gone, spam, gone), face.report(gone), face.report(spam)] == [200, 200, 200]
    face.wait_until_applied()
    with open_store(address_of(face.folder)) as store:
        assert [suppressed_for(store, number) for number in (3, 4, 5)] == [BOUNCED, COMPLAINED, None]
    assert everything(face.folder)["events"] == [
        ("sg:ZXZlbnQ-1", "bounced", "dead", "5.1.1", "5.1.1 550 5.1.1 no (address)", 1),
        ("sg:ZXZlbnQ-2", "complained", None, "", "", 1),
    ]


Forge = Callable[[random.Random, Signer, bytes, str], tuple[bytes, str, str]]


def _changed_body(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    place = chance.randrange(len(body))
    return (
        body[:place] + bytes([body[place] ^ 1 << chance.randrange(8)]) + body[place + 1 :],
        at,
        signer.signature(at, body),
    )


def _flipped_signature(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    raw = bytearray(base64.b64decode(signer.signature(at, body)))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return body, at, base64.b64encode(raw).decode()


def _other_time(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    said = [str(int(at) + chance.randrange(1, 300)), f"{at}.0", "", f"0{at}", f"+{at}", "९" * 10, f"{at}{at}"]
    # A header is Latin-1.
    return body, chance.choice(said).encode().decode("latin-1"), signer.signature(at, body)


def _random_signature(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    return body, at, base64.b64encode(chance.randbytes(chance.choice([0, 1, 64, 70, 71, 72, 500]))).decode()


def _no_base64(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    # No control characters: of those the HTTP parser itself wants to know nothing.
    letters = string.ascii_letters + "-_!*()%\xff"
    return body, at, "".join(chance.choices(letters, k=chance.randrange(200)))


def _zero_signature(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    zeros = [bytes.fromhex("3006020100020100"), bytes(64), bytes.fromhex("3006020101020101"), b"\x30\x00"]
    return body, at, base64.b64encode(chance.choice(zeros)).decode()


def _other_key(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    return body, at, STRANGER.signature(at, body)


def _shifted_boundary(chance: random.Random, signer: Signer, body: bytes, at: str) -> tuple[bytes, str, str]:
    digits = chance.randrange(1, 10)
    return at[-digits:].encode() + body, at[:-digits], signer.signature(at, body)


STRANGER = Signer()
KINDS: dict[str, Forge] = {
    "the body was changed": _changed_body,
    "a bit of the signature was turned": _flipped_signature,
    "another time": _other_time,
    "a random signature": _random_signature,
    "no base64": _no_base64,
    "a signature of zeros": _zero_signature,
    "another key": _other_key,
    "a digit of the time moved into the body": _shifted_boundary,
}


@only_sqlite
@pytest.mark.parametrize("kind", KINDS)
def test_no_forgery_is_taken_and_none_upsets_the_pages(face: Face, kind: str) -> None:
    chance, count = random.Random(kind), FORGERIES // len(KINDS)
    bodies = [
        written([entry("spamreport", **delivery(reader, 6), number=1_000 + reader)] * chance.randrange(1, 4))
        for reader in range(5, 13)
    ]
    before = everything(face.folder)
    answers: dict[int, int] = {}
    for number in range(count):
        body, at, signature = KINDS[kind](chance, face.signer, bodies[number % len(bodies)], str(int(time.time())))
        answer = face.door.post(body, {SIGNATURE: signature, TIMESTAMP: at})
        answers[answer] = answers.get(answer, 0) + 1
    assert answers == {401: count}
    assert everything(face.folder) == before


@pytest.mark.parametrize(
    ("late", "answer"), [(0, 200), (-240, 200), (-400, 403), (24.9 * 3_600, 200), (25.1 * 3_600, 403), (10**8, 403)]
)
def test_an_old_report_is_taken_for_a_day_and_one_from_the_future_is_not(face: Face, late: float, answer: int) -> None:
    body = written([])
    assert face.door.post(body, face.signer.headers(body, time.time() - late)) == answer


@pytest.mark.parametrize(
    "body", [b"", b"{}", b" []", b"7", b"[", b"[1, 2", b"[" * 100_000, b"[\xff]", b"\xef\xbb\xbf[]"], ids=repr
)
def test_what_is_signed_and_no_list_of_events_is_refused(face: Face, body: bytes) -> None:
    assert face.door.post(body, face.signer.headers(body)) == 400


@pytest.mark.parametrize(
    "strange",
    [
        {"sg_event_id": "\ud800"}, {"reason": "\udfff" * 500}, {"sg_event_id": None}, {"sg_event_id": "x" * 10_000},
        {"timestamp": 10**30}, {"timestamp": -(10**12)}, {"message": "\ud800"}, {"delivery": "9" * 18},
        {"delivery": str(2**62)}, {"status": "5." * 5_000}, {"email": "a" * 5_000 + "@" * 5_000}, {"event": "\x00"},
        {"reason": [[[[{}]]]]}, {"type": 7, "reason": "\x00\r\n"},
    ],
    ids=lambda found: str(found)[:60],
)  # fmt: skip
def test_whatever_a_signed_event_holds_the_others_are_stored(face: Face, strange: dict[str, Any]) -> None:
    odd = entry("bounce", **delivery(7, 5), number=hash(str(strange))) | strange
    good = entry("processed", **delivery(7, 5), number=hash(str(strange)) + 1)
    assert face.report(odd, good) == 200
    with open_store(address_of(face.folder)) as store:
        assert store.events.knows(f"sg:{good['sg_event_id']}")


def test_two_mebibytes_are_read_at_this_door_and_nowhere_else(face: Face) -> None:
    filler = "x" * (2 << 20)
    most = written([{"event": filler}])[: (2 << 20) - 1] + b"]"
    assert face.door.post(most, {}) == 401
    over = most + b" " * 100
    assert face.door.post(over, face.signer.headers(over)) == 413
    assert face.door.post(b"x" * (65 << 10), {}, path="/events/sendgrid/") == 413


def test_nothing_but_a_post_opens_the_door(face: Face) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        face.door._connection.request(method, "/events/sendgrid")
        answer = face.door._connection.getresponse()
        answer.read()
        assert answer.status in (404, 405)


def test_without_a_key_there_is_no_door(tmp_path: Path) -> None:
    a_history(tmp_path, 1)
    with served(tmp_path, NEWSLETTER_SENDGRID_WEBHOOK_KEY="") as face:
        assert face.report(entry("spamreport", **delivery(1, 1, 1), number=1)) == 404
    assert everything(tmp_path)["events"] == []


@pytest.mark.parametrize("key", ["x", "A" * 124, "MFkw", "-----BEGIN PUBLIC KEY-----"])
def test_a_key_that_is_none_is_told_in_one_line(command: Command, key: str) -> None:
    said = command("serve", NEWSLETTER_SENDGRID_WEBHOOK_KEY=key)
    assert (said.code, len(said.errors)) == (1, 1)
    assert said.errors[0].startswith("error: NEWSLETTER_SENDGRID_WEBHOOK_KEY is not a key")
    assert "Verification" in said.errors[0] or "Event Webhook" in said.errors[0]


def test_what_was_stored_when_the_pages_died_takes_effect_when_they_are_back(tmp_path: Path) -> None:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        told = read_events(written([entry("spamreport", **delivery(4, 6), number=1)])).found
        assert take_in(store, told, keys=KEYS, now=NOW).kept == 1
        assert suppressed_for(store, 4) is None
    with served(tmp_path) as face:
        face.wait_until_applied()
    with open_store(address_of(tmp_path)) as store:
        assert suppressed_for(store, 4) is COMPLAINED


def test_a_worker_lets_them_take_effect_too(command: Command, tmp_path: Path) -> None:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        told = read_events(written([entry("group_unsubscribe", **delivery(4, 6), number=1)])).found
        take_in(store, told, keys=KEYS, now=NOW)
        assert command("worker", "--once").code == 0
        assert status(store, 4) is SubscriptionStatus.UNSUBSCRIBED


# --- whose they are ---------------------------------------------------------------------------------------------------


def test_an_event_of_another_database_changes_nothing(history: Store) -> None:
    ours = entry("spamreport", **delivery(4, 6), number=1)
    theirs = [
        ours | {"message": "abcdefghijklmnopqrstuvwxyz"},
        ours | {"delivery": str(delivery(4, 5)["delivery_id"])},
        ours | {"delivery": "999999"},
    ]
    taken = take_in(history, read_events(written([it | {"sg_event_id": str(n)} for n, it in enumerate(theirs)])).found,
                    keys=KEYS, now=NOW)  # fmt: skip
    assert taken == (0, 0, 3)
    tell(history, ours)
    assert suppressed_for(history, 4) is COMPLAINED


def test_an_event_settles_what_nobody_knew_and_taken_stays_taken(history: Store) -> None:
    one, two = delivery(1, 6), delivery(2, 6)
    tell(history, entry("dropped", **two, number=1, reason="Too busy"))
    assert history.mailings.counts(6)[DeliveryState.REFUSED] == 1
    tell(history, entry("processed", **one, number=2), entry("delivered", **two, number=3))
    tell(history, entry("dropped", **one, number=4, reason="Too busy"))
    counts = history.mailings.counts(6)
    assert (counts[DeliveryState.ACCEPTED], counts[DeliveryState.UNKNOWN], counts[DeliveryState.REFUSED]) == (12, 0, 0)


def test_opens_and_clicks_are_not_kept_for_nobody_has_agreed_to_that(history: Store, tmp_path: Path) -> None:
    tell(history, entry("open", **delivery(4, 6), number=1, sg_machine_open=True),
         entry("click", **delivery(4, 6), number=2, url="https://example.com/p/abc"))  # fmt: skip
    assert everything(tmp_path)["events"] == []


# --- one that is broken -----------------------------------------------------------------------------------------------

BREAKING = {
    "the database refuses what it comes to": ("UPDATE events SET mailing_id = NULL WHERE id = 1",),
    "it is of no kind that we know": ("UPDATE events SET kind = 'dreamt' WHERE id = 1",),
}


def break_by_hand(store: Store, how: str) -> None:
    """The first event, which is a bounce."""
    with store._database.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        else:
            connection.exec_driver_sql("ALTER TABLE events DROP CONSTRAINT ck_events_kind")
        for said in BREAKING[how]:
            connection.exec_driver_sql(said)


@pytest.mark.parametrize("how", BREAKING)
def test_a_broken_event_is_set_aside_after_three_tries_and_holds_up_no_other(history: Store, how: str) -> None:
    told = [bounce(3, 6, "5.1.1"), *[entry("spamreport", **delivery(n, 6), number=n) for n in range(4, 10)]]
    take_in(history, read_events(written(told)).found, keys=KEYS, now=NOW)
    break_by_hand(history, how)
    said: list[str] = []
    assert apply_waiting(history, lambda: NOW, tell=said.append) == 6
    assert (waiting(history), {suppressed_for(history, number) for number in range(4, 10)}) == (1, {COMPLAINED})
    for number in range(10, 15):
        told = [entry("delivered", **delivery(10, 6), number=number)]
        take_in(history, read_events(written(told)).found, keys=KEYS, now=NOW)
        assert apply_waiting(history, lambda: NOW, tell=said.append) == 1
    why = "IntegrityError" if "refuses" in how else "ValueError"
    assert said == [f"event=1 set aside, for it cannot take effect ({why}); please report this"]
    assert (waiting(history), suppressed_for(history, 3)) == (1, None)


def test_an_event_that_was_set_aside_takes_effect_once_it_is_mended(tmp_path: Path) -> None:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        take_in(store, read_events(written([bounce(3, 6, "5.1.1")])).found, keys=KEYS, now=NOW)
        break_by_hand(store, "the database refuses what it comes to")
        assert [apply_waiting(store, lambda: NOW) for _ in range(4)] == [0] * 4
    with open_store(address_of(tmp_path)) as store:
        with store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE events SET mailing_id = 6")
        assert apply_waiting(store, lambda: NOW) == 1
        assert suppressed_for(store, 3) is BOUNCED


def test_a_database_that_takes_nothing_is_no_fault_of_an_event(history: Store, tmp_path: Path) -> None:
    take_in(history, read_events(written([bounce(3, 6, "5.1.1")])).found, keys=KEYS, now=NOW)
    with open_store(address_of(tmp_path), wait_seconds=0.1) as hurried:
        with history._database.writing():
            for _ in range(5):
                with pytest.raises(StoreError, match="another program is writing"):
                    apply_waiting(hurried, lambda: NOW, tell=pytest.fail)
        assert apply_waiting(hurried, lambda: NOW) == 1


def test_the_pages_and_doctor_name_a_broken_event_by_its_number(command: Command, tmp_path: Path) -> None:
    a_history(tmp_path)
    with open_store(address_of(tmp_path)) as store:
        told = [bounce(3, 6, "5.1.1"), entry("spamreport", **delivery(4, 6), number=1)]
        take_in(store, read_events(written(told)).found, keys=KEYS, now=NOW)
        break_by_hand(store, "the database refuses what it comes to")
    before = [one for one in command("doctor", "--json").document if one["rule"] == "events"]
    assert [(one["severity"], "2026-06-10 01:30 UTC" in one["message"]) for one in before] == [("warning", True)]
    with served(tmp_path) as face:
        face.at_work.wait_until(lambda: "event=1 set aside" in face.at_work.said)
        assert face.at_work.said.count("event=1") == 1
        assert "example.com" not in face.at_work.said.partition("event=1")[2].partition("\n")[0]
    [after] = [one for one in command("doctor", "--json").document if one["rule"] == "events"]
    assert (after["severity"], after["message"]) == (
        "error", "what was told of our mail cannot take effect: events 1",
    )  # fmt: skip
    with open_store(address_of(tmp_path)) as store:
        assert suppressed_for(store, 4) is COMPLAINED


# --- what they change -------------------------------------------------------------------------------------------------


def bounce(reader: int, mailing: int, code: str, **fields: Any) -> dict[str, Any]:
    said = {"type": "bounce", "status": code, "reason": f"{code} said the server"} | fields
    return entry("bounce", **delivery(reader, mailing), number=reader * 100 + mailing, at=STARTS[mailing - 1], **said)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([bounce(5, 6, "5.1.1")], BOUNCED),
        ([bounce(5, 6, "5.2.1")], BOUNCED),
        ([bounce(5, 6, "", reason="550 no such user")], BOUNCED),
        ([bounce(5, 6, "5.0.0")], BOUNCED),
        ([bounce(5, 6, "", reason="", bounce_classification="Invalid Address")], BOUNCED),
        ([bounce(5, 6, "5.0.0", bounce_classification="Reputation")], None),
        ([bounce(5, 6, "5.0.0", bounce_classification="Content")], None),
        ([bounce(5, 6, "5.0.0", bounce_classification="Technical")], None),
        ([bounce(5, mailing, "5.7.1") for mailing in range(1, 7)], None),
        ([bounce(5, mailing, "4.7.0") for mailing in range(1, 7)], None),
        ([bounce(5, mailing, "5.2.3") for mailing in range(1, 7)], None),
        ([bounce(5, mailing, "5.6.7") for mailing in range(1, 7)], None),
        ([bounce(5, mailing, "5.1.1", type="blocked") for mailing in range(1, 7)], None),
        ([bounce(5, 5, "5.2.2"), bounce(5, 6, "5.2.2")], None),
        ([bounce(5, mailing, "5.2.2") for mailing in (4, 5, 6)], BOUNCED),
        ([bounce(5, mailing, "5.2.2") for mailing in (3, 4, 6)], None),
        ([bounce(5, 4, "5.2.2"), bounce(5, 5, "5.7.1"), bounce(5, 6, "5.2.2"), bounce(5, 3, "4.2.2")], BOUNCED),
        ([bounce(5, mailing, "4.4.7") for mailing in (3, 4, 5, 6)], None),
        ([bounce(5, mailing, "4.4.7") for mailing in (1, 2, 3, 4, 5)], BOUNCED),
        ([bounce(5, mailing, "4.3.0") for mailing in (1, 2, 4, 5, 6)], None),
        ([entry("deferred", **delivery(5, mailing), number=mailing, response="450 4.2.0") for mailing in range(1, 7)],
         None),
        ([entry("dropped", **delivery(5, 6), number=1, reason="Bounced Address")], BOUNCED),
        ([entry("dropped", **delivery(5, 6), number=1, reason="Invalid")], BOUNCED),
        ([entry("dropped", **delivery(5, 6), number=1, reason="Spam Reporting Address")], COMPLAINED),
        ([entry("dropped", **delivery(5, 6), number=1, reason="Recipient List over Package Quota")], None),
        ([entry("spamreport", **delivery(5, 6), number=1)], COMPLAINED),
        ([entry("spamreport", **delivery(5, 6), number=1), bounce(5, 6, "5.1.1")], COMPLAINED),
        ([bounce(5, 6, "5.1.1"), entry("spamreport", **delivery(5, 6), number=1)], COMPLAINED),
        ([entry("delivered", **delivery(5, 6), number=1), entry("processed", **delivery(5, 6), number=2)], None),
    ],
)  # fmt: skip
def test_who_is_suppressed_by_what(
    history: Store, told: list[dict[str, Any]], expected: SuppressionReason | None
) -> None:
    tell(history, *told)
    assert suppressed_for(history, 5) is expected
    assert status(history, 5) is SubscriptionStatus.CONFIRMED
    assert all(suppressed_for(history, other) is None for other in (4, 6))


@pytest.mark.parametrize(
    ("told", "this", "other"),
    [
        (entry("unsubscribe", **delivery(5, 6), number=1), "unsubscribed", "unsubscribed"),
        (entry("dropped", **delivery(5, 6), number=1, reason="Unsubscribed Address"), "unsubscribed", "unsubscribed"),
        (entry("group_unsubscribe", **delivery(5, 6), number=1), "unsubscribed", "confirmed"),
        (entry("group_resubscribe", **delivery(5, 6), number=1), "confirmed", "confirmed"),
    ],
)
def test_who_leaves_by_what(history: Store, told: dict[str, Any], this: str, other: str) -> None:
    tell(history, told)
    assert (status(history, 5), status(history, 5, "harbour-notes")) == (this, other)


def test_refusals_while_we_send_and_events_are_counted_together(history: Store) -> None:
    tell(history, bounce(5, 5, "5.2.2"), bounce(5, 6, "5.2.2"))
    assert suppressed_for(history, 5) is None
    send_out(history, NOW + timedelta(days=10), "issue-7", refused={5: "552 5.2.2 full", 6: "552 5.2.2 full"})
    assert [suppressed_for(history, number) for number in (5, 6)] == [BOUNCED, None]


def test_nobody_is_a_reader_again_by_an_event(history: Store) -> None:
    tell(history, entry("group_unsubscribe", **delivery(5, 6), number=1))
    tell(history, entry("group_resubscribe", **delivery(5, 6), number=2))
    assert status(history, 5) is SubscriptionStatus.UNSUBSCRIBED


def test_bounces_from_before_a_readers_own_yes_count_no_more(history: Store) -> None:
    tell(history, *[bounce(5, mailing, "5.2.2") for mailing in (3, 4, 5)])
    reader = history.readers.find("reader5@example.com", "harbour-brief")[0]
    assert reader.suppressed_for is BOUNCED
    history.consents.confirm(reader.subscription_id, CONSENT, Occasion(at=NOW - timedelta(days=5), source="page"))
    tell(history, bounce(5, 6, "5.2.2"), bounce(5, 2, "5.1.1"))
    assert suppressed_for(history, 5) is None
    send_out(history, NOW + timedelta(days=1), "issue-7")
    tell(history, entry("bounce", delivery_id=6 * 12 + 5, mailing_id=7, number=7, type="bounce", status="5.1.1"))
    assert suppressed_for(history, 5) is BOUNCED


def test_events_of_somebody_who_was_forgotten_change_nothing(history: Store, tmp_path: Path) -> None:
    told = [
        entry("spamreport", **delivery(5, 6), number=1),
        bounce(5, 6, "5.1.1", reason="550 5.1.1 Zephyrine is gone"),
        entry("unsubscribe", **delivery(5, 6), number=3),
    ]
    take_in(history, read_events(written(told)).found, keys=KEYS, now=NOW)
    assert history.forgetting.forget("reader5@example.com", actor="mei", now=NOW) is not None
    before = everything(tmp_path)
    assert "Zephyrine" not in str(before["events"])
    apply_waiting(history, lambda: NOW)
    after = everything(tmp_path)
    assert after | {"events": None} == before | {"events": None}


# --- any order, any number of times -----------------------------------------------------------------------------------

BATCH = [
    *[bounce(3, mailing, "5.2.2") for mailing in (3, 4, 5)],
    *[bounce(4, mailing, "4.4.7") for mailing in (1, 2, 3, 4, 5)],
    *[bounce(5, mailing, "4.4.7") for mailing in (1, 2, 4, 5, 6)],
    *[entry("delivered", **delivery(5, mailing), number=5_000 + mailing) for mailing in range(1, 7)],
    bounce(6, 6, "5.1.1"),
    entry("spamreport", **delivery(6, 6), number=600),
    entry("delivered", **delivery(6, 6), number=601),
    bounce(7, 6, "5.7.1"),
    bounce(8, 6, "5.1.1", type="blocked"),
    entry("unsubscribe", **delivery(9, 6), number=900),
    entry("group_unsubscribe", **delivery(10, 6), number=1000),
    entry("group_resubscribe", **delivery(10, 6), number=1001),
    entry("processed", **delivery(1, 6), number=100),
    entry("dropped", **delivery(1, 6), number=101, reason="Too busy"),
    entry("dropped", **delivery(2, 6), number=200, reason="Bounced Address"),
    entry("delivered", **delivery(2, 6), number=201),
    entry("deferred", **delivery(2, 6), number=202, response="450 4.2.1 soon"),
    entry("open", **delivery(2, 6), number=203),
    entry("click", **delivery(2, 6), number=204),
]


def test_in_whatever_order_events_come_the_end_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (folder := tmp_path / "again").mkdir()
    a_history(tmp_path / "first")
    ends = set()
    for seed in range(REPLAYS):
        copy_of(tmp_path / "first", to=folder)
        chance = random.Random(seed)
        order = chance.sample(BATCH, len(BATCH)) + chance.sample(BATCH, 5)
        with open_store(address_of(folder)) as store:
            while order:
                some, order = order[: (step := chance.randrange(1, 12))], order[step:]
                take_in(store, read_events(written(some)).found, keys=KEYS, now=NOW)
                if chance.random() < 0.7:
                    apply_waiting(store, lambda: NOW)
            apply_waiting(store, lambda: NOW)
        assert len(everything(folder)["events"]) == len(BATCH) - 2
        ends.add(str(everything(folder)))
    assert len(ends) == 1
    assert dict(everything(folder)["suppressions"]) == {
        2: "bounced", 3: "bounced", 4: "bounced", 6: "complained",
    }  # fmt: skip


def test_a_batch_that_is_replayed_changes_nothing_more(tmp_path: Path) -> None:
    a_history(tmp_path)
    with served(tmp_path) as face:
        body = written(BATCH)
        headers = face.signer.headers(body)
        assert face.door.post(body, headers) == 200
        face.wait_until_applied()
        before = everything(tmp_path)
        assert {face.door.post(body, headers) for _ in range(REPLAYS)} == {200}
        face.wait_until_applied()
        assert everything(tmp_path) == before


# --- while it is being sent -------------------------------------------------------------------------------------------


def test_a_mailing_that_readers_complain_of_stops_by_itself(command: Command, tmp_path: Path) -> None:
    at_work.take_in(command, tmp_path, 400)
    words = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check")
    manners = Manners()
    with (
        smtp_server(manners) as port,
        served(tmp_path) as face,
        started(tmp_path, words, port, NEWSLETTER_RATE="20/second") as sender,
    ):
        sender.wait_for(manners, 30)
        told = [entry("spamreport", delivery_id=number, mailing_id=1, number=number) for number in range(1, 6)]
        assert face.report(*told) == 200
        face.wait_until_applied()
        sender.wait_until(lambda: sender.process.poll() is not None)
    with open_store(address_of(tmp_path)) as store:
        mailing = store.mailings.find(1)
    assert mailing.status is MailingStatus.PAUSED
    assert "readers called it spam" in str(mailing.pause_reason)
    assert len(manners.arrived) < 400
