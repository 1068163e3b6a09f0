"""What the pages do against floods, guesses and curiosity; and what they tell a monitor."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.limits import ONCE_A_DAY
from newsletter.signup import SignUp
from newsletter.store import Store, open_store
from newsletter.store.limiting import Counted
from newsletter.subscriber import SuppressionReason
from newsletter.tokens import Purpose, Token, make_token
from tests.builders import NOW
from tests.entrance import IS_FULL, KEYS, NEWSLETTER, Entrance, a_stamp, an_entrance
from tests.houses import a_house
from tests.stores import a_store, address_of, an_entry, take_in

TOKEN = "a-token-that-only-a-monitor-knows-0123456789"


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    settings: dict[str, Any] = {"NEWSLETTER_SIGNUPS_PER_NETWORK": "5/hour", "NEWSLETTER_SIGNUPS_PER_DOMAIN": "3/hour"}
    with an_entrance(tmp_path_factory.mktemp("guards"), **settings) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def test_a_flood_from_five_hundred_networks_sends_a_victim_one_mail(tmp_path: Path) -> None:
    limits = ("PER_NETWORK", "PER_DOMAIN", "IN_ALL")
    # The largest limits that there are: what holds is the one mail a day.
    settings: dict[str, Any] = {f"NEWSLETTER_SIGNUPS_{name}": "999999999/second" for name in limits}
    with an_entrance(tmp_path, **settings) as entrance:

        def attack(number: int) -> int:
            victim = f"victim{number % 50}@example.org"
            return entrance.sign_up(victim, network=f"10.{number % 500 // 250}.{number % 250}.{number % 256}")[0]

        with ThreadPoolExecutor(16) as attackers:
            answers = list(attackers.map(attack, range(10_000 if IS_FULL else 1_000)))
        entrance.wait_until_answered()
        assert set(answers) == {200}
        arrived = sorted(it.recipient for it in entrance.manners.arrived)
        assert arrived == sorted(f"victim{number}@example.org" for number in range(50))


def test_one_network_signs_up_so_many_and_another_is_not_in_its_way(entrance: Entrance) -> None:
    network = "192.0.2.{}"
    tried = [entrance.sign_up(f"n{number}@a{number}.example", network=network.format(number)) for number in range(7)]
    assert [status for status, _ in tried] == [200] * 5 + [429] * 2
    assert "Please try again in an hour" in tried[-1][1]
    assert entrance.sign_up("other@a.example", network="198.51.100.1")[0] == 200


def test_one_domain_gets_so_many_mails_and_nobody_is_told(entrance: Entrance) -> None:
    tried = [entrance.sign_up(f"d{number}@one.example", network=f"172.16.{number}.1") for number in range(6)]
    assert len(set(tried)) == 1
    entrance.wait_until_answered()
    assert len([it for it in entrance.manners.arrived if it.recipient.endswith("@one.example")]) == 3


def test_limits_outlast_a_restart(tmp_path: Path) -> None:
    counted = Counted("mail", "reader@example.com", ONCE_A_DAY)
    a_store(tmp_path).close()
    for expected in (True, False):
        with open_store(address_of(tmp_path)) as store:
            assert store.limits.take(counted, now=NOW) is expected
    with open_store(address_of(tmp_path)) as store, store._database.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT key FROM limits").all()
        assert re.fullmatch(r"[0-9a-f]{64}", row.key), "nobody reads an address there"


def test_known_and_unknown_addresses_are_answered_alike(entrance: Entrance) -> None:
    with entrance.store() as store:
        take_in(
            store,
            *(an_entry(number, email=f"k{number}@b{number}.example") for number in range(3)),
            newsletter=NEWSLETTER,
        )
        suppressed = store.readers.find("k2@b2.example")[0]
        store.readers.suppress(suppressed.subscriber_id, SuppressionReason.COMPLAINED, actor="x", now=NOW)
    answers = []
    for number, address in enumerate(("k0@b0.example", "k1@b1.example", "k2@b2.example", "u0@b3.example")):
        fields = {"address": address, "agreed": "yes", "stamp": a_stamp()}
        status, text, headers = entrance.ask(
            "POST", f"/s/{NEWSLETTER}", fields, **{"X-Forwarded-For": f"172.17.{number}.1"}
        )
        answers.append((status, text, [(name, value) for name, value in headers.items() if name != "date"]))
    assert answers[0][0] == 200
    assert answers[1:] == answers[:-1]


def test_the_same_work_is_done_for_known_and_unknown_addresses(store: Store) -> None:
    taken = take_in(store, *(an_entry(number) for number in range(2)), newsletter=NEWSLETTER)
    store.readers.suppress(taken[1].subscriber_id, SuppressionReason.BOUNCED, actor="x", now=NOW)
    statements: list[str] = []
    sa.event.listen(store._database._engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    done = []
    limits = a_house(store).door
    for address in ("reader0@example.com", "reader1@example.com", "reader9@example.com"):
        statements.clear()
        form = SignUp(newsletter=NEWSLETTER, address=address, language="en", wording="w", network=address[6])
        counted = (Counted("from", address[6], limits.per_network), Counted("all", address, limits.in_all))
        assert store.signups.ask([form], lambda _, counted=counted: counted, NOW) == [True]  # type: ignore[misc]
        done.append(list(statements))
    assert done[0] == done[1] == done[2]
    assert len(done[0]) > 3


def test_a_monitor_sees_counts_and_nobody_sees_a_token_or_an_address(entrance: Entrance) -> None:
    with entrance.store() as store:
        (reader,) = take_in(store, an_entry(50), newsletter="china-team")
    token = make_token(KEYS, Purpose.UNSUBSCRIBE, Token(reader.public_id, 1))
    assert entrance.ask("POST", f"/u/{token}", {"List-Unsubscribe": "One-Click"})[0] == 200
    entrance.ask("GET", f"/u/{'A' * 48}")
    status, text, headers = entrance.ask("GET", "/metrics")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    for line in (
        'newsletter_unsubscribes_total{way="one-click"}',
        'newsletter_refusals_total{status="404"}',
        'newsletter_request_seconds_count{method="POST",route="/u/{token}"}',
        'newsletter_sign_ups_total{outcome="taken"}',
        'newsletter_sign_up_mails_total{outcome="accepted"}',
    ):
        assert line in text
    assert not re.search(r"@|[A-Za-z0-9_-]{48}|203\.0", text)


def test_what_a_web_server_passes_on_sees_no_figures(entrance: Entrance) -> None:
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 caddy"}, {"Forwarded": "for=127.0.0.1"}):
        status, text, _ = entrance.ask("GET", "/metrics", **headers)
        assert (status, "newsletter_" in text) == (404, False)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/u/x", "GET, HEAD, POST"),
        ("DELETE", "/p/x", "GET, HEAD, POST"),
        ("OPTIONS", "/s/china-ai-brief", "GET, HEAD, POST"),
        ("POST", "/v/x", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("GET", "/p/x/undo", "POST"),
        ("PATCH", "/p/x/pause", "POST"),
        ("TRACE", "/c/x", "GET, HEAD, POST"),
    ],
)
def test_another_method_is_refused_with_those_that_there_are(
    entrance: Entrance, method: str, path: str, allowed: str
) -> None:
    status, _, headers = entrance.ask(method, path)
    assert (status, headers["Allow"]) == (405, allowed)
