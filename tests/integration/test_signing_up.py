"""Sign up, confirm by mail, be a reader: over the real pages and a real SMTP server."""

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.joining.wording import consent_wording
from newsletter.store.schema import answers
from newsletter.subscriber import Entry, SubscriptionStatus, SuppressionReason
from newsletter.tokens import Purpose, Token, make_token
from tests.entrance import KEYS, NEWSLETTER, Entrance, a_stamp, an_entrance, link_in, open_to_all
from tests.integration.at_work import started
from tests.smtpd import Manners, free_port, smtp_server
from tests.stores import CONSENT, a_store, an_entry, take_in

PENDING, CONFIRMED, UNSUBSCRIBED = SubscriptionStatus
LOOK = "Look into your mailbox"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    settings: dict[str, Any] = {
        "NEWSLETTER_SIGNUPS_PER_NETWORK": "1000/hour",
        "NEWSLETTER_SIGNUPS_PER_DOMAIN": "1000/hour",
    }
    with an_entrance(tmp_path_factory.mktemp("entrance"), **settings) as opened:
        yield opened


def test_a_form_a_mail_and_a_yes_make_a_reader(entrance: Entrance) -> None:
    address = "mei.chen@harbour.example.com"
    status, text = entrance.sign_up(address, name="Mei Chen", language="zh-Hans", subject=["ai-chips", "no-such"])
    assert (status, LOOK in text) == (200, True)
    mail = entrance.mail_to(address)
    assert "订阅" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.lower().startswith(("list-", "precedence", "feedback"))]
    assert "Mei" not in mail.as_string()
    pending = entrance.reader(address)
    assert pending
    assert (pending.status, pending.name, pending.interests) == (PENDING, "", frozenset())

    path = entrance.link_to(address)
    asked, page, _ = entrance.ask("GET", path)
    assert (asked, "m***@harbour.example.com" in page, address in page) == (200, True, False)
    assert entrance.reader(address) == pending, "a visit changes nothing"
    assert entrance.ask("POST", path, **{"X-Forwarded-For": "198.51.100.200"})[0] == 200

    reader = entrance.reader(address)
    assert reader
    assert (reader.status, reader.name, reader.language) == (CONFIRMED, "Mei Chen", "zh-Hans")
    assert reader.interests == {"ai-chips"}
    assert reader.consent
    with entrance.store() as store:
        requested, confirmed = store.consents.of(reader.subscriber_id)
    assert (requested.event, requested.ip, requested.wording) == (
        "requested",
        "203.0.113.0/24",
        consent_wording("zh-Hans"),
    )
    assert (confirmed.event, confirmed.ip, confirmed.source) == ("confirmed", "198.51.100.0/24", "sign-up form")
    assert confirmed.wording == consent_wording("zh-Hans")


def test_a_link_confirms_once(entrance: Entrance) -> None:
    entrance.take_in("once@example.org")
    path = entrance.link_to("once@example.org")
    status, page, _ = entrance.ask("POST", path)
    assert (status, "You are subscribed" in page, "/p/" in page) == (200, True, False)
    reader = entrance.reader("once@example.org")
    assert reader
    with entrance.store() as store:
        store.linked.leave([reader.public_id], actor="reader", now=datetime.now(UTC))
    for method in ("GET", "POST"):
        status, page, _ = entrance.ask(method, path)
        assert (status, "used or too old" in page) == (410, True)
    assert entrance.reader("once@example.org").status is UNSUBSCRIBED  # type: ignore[union-attr]


def test_a_link_is_good_for_seven_days(entrance: Entrance) -> None:
    for address, age, expected in (("late@example.org", 7.01, 410), ("early@example.org", 6.99, 200)):
        entrance.sign_up(address)
        path = entrance.link_to(address)
        with entrance.store() as store, store._database.writing() as connection:
            mailed = sa.update(answers).where(answers.c.due_at.is_(None), answers.c.used_at.is_(None))
            connection.execute(mailed.values(asked_at=datetime.now(UTC) - timedelta(days=age)))
        assert entrance.ask("POST", path)[0] == expected


def test_whoever_is_a_reader_is_told_so_by_mail_and_stays_as_they_are(entrance: Entrance) -> None:
    with entrance.store() as store:
        take_in(store, an_entry(70, interests=frozenset({"ai"}), language="en"), newsletter=NEWSLETTER)
    before = entrance.reader("reader70@example.com")
    assert before
    status, text = entrance.sign_up("Reader70@Example.com", name="Somebody Else", language="zh-Hans", subject=["china"])
    assert (status, LOOK in text) == (200, True)
    mail = entrance.mail_to("reader70@example.com")
    assert "已订阅" in mail["Subject"]
    assert entrance.reader("reader70@example.com") == before
    status, page, _ = entrance.ask("GET", link_in(mail).removeprefix(entrance.base_url))
    assert (status, "Preferences" in page) == (200, True)


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.MANUAL])
def test_a_no_is_lifted_by_the_readers_own_confirmation_and_by_nothing_before_it(
    entrance: Entrance, reason: SuppressionReason
) -> None:
    address = f"{reason}@example.com"
    with entrance.store() as store:
        now = datetime.now(UTC)
        store.readers.take_in(NEWSLETTER, [Entry(email=address, consent=CONSENT)], update=False, actor="mei", now=now)
        (reader,) = store.readers.find(address)
        store.readers.suppress(reader.subscriber_id, reason, actor="events", now=now)
    entrance.sign_up(address)
    path = entrance.link_to(address)
    assert entrance.reader(address).suppressed_for is reason  # type: ignore[union-attr]
    assert entrance.ask("POST", path)[0] == 200
    back = entrance.reader(address)
    assert back
    assert (back.suppressed_for, back.status) == (None, CONFIRMED)


def test_who_was_forgotten_comes_back_by_their_own_confirmation_only(entrance: Entrance) -> None:
    address = "forgotten@example.com"
    entrance.take_in(address)
    with entrance.store() as store:
        store.forgetting.forget(address, actor="mei", now=datetime.now(UTC))
        assert store.forgetting.kept_away(address) is SuppressionReason.FORGOTTEN
        # Only that one mail a day keeps them from being written to again at once.
        store.limits.tidy(datetime.now(UTC) + timedelta(days=2))
    entrance.sign_up(address)
    path = entrance.link_to(address, 2)
    with entrance.store() as store:
        assert store.forgetting.kept_away(address) is SuppressionReason.FORGOTTEN
    entrance.ask("POST", path)
    with entrance.store() as store:
        assert store.forgetting.kept_away(address) is None
    assert entrance.reader(address).status is CONFIRMED  # type: ignore[union-attr]


def test_one_mail_a_day_even_to_somebody_who_was_forgotten_in_between(entrance: Entrance) -> None:
    address = "pestered@example.com"
    for round_ in range(6):
        spelt = (address, address.upper(), f" {address} ")[round_ % 3]
        status, text = entrance.sign_up(spelt)
        assert (status, LOOK in text) == (200, True)
        entrance.wait_until_answered()
        if round_ == 3:
            with entrance.store() as store:
                store.forgetting.forget(address, actor="mei", now=datetime.now(UTC))
    assert len([it for it in entrance.manners.arrived if it.recipient.lower() == address]) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"agreed": None}, "Without your consent"),
        ({"address": "nobody"}, "not a mail address"),
        ({"address": ""}, "not a mail address"),
        ({"address": "a@b@c.example"}, "not a mail address"),
        ({"address": "x@example.com\r\nBcc: y@example.com"}, "not a mail address"),
        ({"address": "a" * 250 + "@example.com"}, "not a mail address"),
        ({"name": "Mei\nChen"}, "line break"),
        ({"name": "\u202emoc.elpmaxe"}, "line break"),
        ({"name": "x" * 201}, "too long"),
        ({"stamp": None}, "once more"),
        ({"stamp": "x"}, "once more"),
        ({"stamp": lambda: a_stamp(age=1)}, "once more"),
        ({"stamp": lambda: a_stamp(age=13 * 3_600)}, "once more"),
        ({"stamp": lambda: a_stamp(age=-100)}, "once more"),
        ({"stamp": lambda: a_stamp("china-team")}, "once more"),
        ({"stamp": lambda: a_stamp() + "0"}, "once more"),
    ],
)
def test_what_cannot_be_taken_is_said_and_stays_filled_in(
    entrance: Entrance, fields: dict[str, Any], said: str
) -> None:
    values = {"address": "kept@example.org", "name": "Kept Name", "subject": ["china"]} | fields
    # A stamp is as old as that when the form is sent.
    values = {name: value() if callable(value) else value for name, value in values.items()}
    status, text = entrance.sign_up(str(values.pop("address")), **values)
    assert (status, said in text) == (422, True)
    assert re.search(r'value="china" checked', text)
    assert entrance.reader("kept@example.org") is None


def test_a_form_that_was_too_early_is_taken_when_it_is_sent_once_more(entrance: Entrance) -> None:
    _, text = entrance.sign_up("early.bird@example.org", stamp=None)
    stamp = re.findall(r'name="stamp" value="([^"]+)"', text)[0]
    assert entrance.sign_up("early.bird@example.org", stamp=stamp)[0] == 422, "it is a second old"
    assert entrance.sign_up("early.bird@example.org")[0] == 200


def test_what_a_robot_fills_in_is_answered_and_dropped(entrance: Entrance) -> None:
    status, text = entrance.sign_up("robot@example.org", website="https://spam.example")
    assert (status, text) == entrance.sign_up("person@example.org")
    entrance.mail_to("person@example.org")
    assert entrance.mails_to("robot@example.org") == []


@pytest.mark.parametrize("newsletter", ["china-team", "no-such", "%00", "..%2f", "x" * 500])
def test_one_signs_up_only_for_what_is_open(entrance: Entrance, newsletter: str) -> None:
    for method in ("GET", "POST"):
        assert entrance.ask(method, f"/s/{newsletter}", {"address": "a@example.org"})[0] == 404


def test_a_link_that_was_made_up_leads_nowhere(entrance: Entrance) -> None:
    token = make_token(KEYS, Purpose.CONFIRM, Token(b"x" * 16, 0))
    for method in ("GET", "POST"):
        assert entrance.ask(method, f"/c/{token}")[0] == 404


def test_what_waits_when_the_pages_are_killed_is_answered_when_they_are_back(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    a_store(tmp_path).close()
    manners, port = Manners(), free_port()
    ours = {"NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}", "NEWSLETTER_TRUSTED_PROXIES": "1"}
    with smtp_server(manners) as smtp_port:
        entrance = Entrance(port, tmp_path, manners)
        # No mail server answers at that port: the mails wait.
        with started(tmp_path, ["serve", "--port", port], free_port(), **ours) as at_work:
            at_work.wait_until(lambda: "Serving" in at_work.said)
            for number in range(5):
                assert entrance.sign_up(f"r{number}@example.org")[0] == 200
            at_work.process.send_signal(signal.SIGKILL)
            at_work.process.wait()
        with entrance.store() as store, store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE answers SET due_at = asked_at WHERE due_at IS NOT NULL")
        with started(tmp_path, ["serve", "--port", port], smtp_port, **ours) as at_work:
            at_work.wait_until(lambda: len(manners.arrived) >= 5)
            entrance.wait_until_answered()
    assert sorted(it.recipient for it in manners.arrived) == [f"r{number}@example.org" for number in range(5)]


def test_a_mail_that_may_have_arrived_is_not_sent_again_and_one_that_was_put_off_is(tmp_path: Path) -> None:
    with an_entrance(tmp_path) as entrance:
        entrance.manners.to_recipient = {
            "later@example.org": "451 4.7.1 try later",
            "never@example.org": "550 5.1.1 no",
        }
        entrance.manners.to_message = {"lost@example.org": "hang up"}
        for name in ("later", "never", "lost", "fine"):
            entrance.sign_up(f"{name}@example.org")
        entrance.mail_to("fine@example.org")
        entrance.mail_to("lost@example.org")
        with entrance.store() as store, store._database.reading() as connection:
            told = "SELECT p.email, a.due_at IS NOT NULL AS is_due FROM answers a"
            joined = "JOIN subscriptions s ON s.id = a.subscription_id JOIN subscribers p ON p.id = s.subscriber_id"
            rows = connection.exec_driver_sql(f"{told} {joined}").all()
        assert {row.email: row.is_due for row in rows} == {
            "later@example.org": 1, "never@example.org": 0, "lost@example.org": 0, "fine@example.org": 0,
        }  # fmt: skip
