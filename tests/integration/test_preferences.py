"""What readers change by the link in their mails: name, language, subjects, a pause; and that they are forgotten."""

import html
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.delivery import DeliveryState
from newsletter.errors import RefusedError
from newsletter.roster.own import PAUSES, checked_name, pause
from newsletter.store import Store, open_store
from newsletter.subscriber import Skip, Subscriber
from newsletter.tokens import Purpose, Token, make_token
from tests.builders import NOW, a_compiled_issue, a_letterhead
from tests.entrance import KEYS, NEWSLETTER, Entrance, an_entrance
from tests.planning import plan_for_everyone
from tests.stores import a_store, a_vocabulary, address_of, an_entry, bytes_of, only_sqlite, take_in


@pytest.fixture(scope="module")
def entrance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with an_entrance(tmp_path_factory.mktemp("preferences")) as opened:
        with opened.store() as store:
            entries = [an_entry(number, interests=frozenset({"ai"})) for number in range(1, 30)]
            take_in(store, *entries, newsletter=NEWSLETTER)
            take_in(store, *entries, newsletter="china-team")
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path) as opened:
        yield opened


def of(entrance: Entrance, number: int) -> tuple[Subscriber, str]:
    """A reader, and the path of their preferences."""
    reader = entrance.reader(f"reader{number}@example.com")
    assert reader
    return reader, f"/p/{make_token(KEYS, Purpose.PREFERENCES, Token(reader.public_id, 3))}"


def undo_of(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="(before|proof)" value="([^"]*)"', page))
    return {name: html.unescape(value) for name, value in found.items()}


def test_name_language_and_subjects_are_saved_and_taken_back(entrance: Entrance) -> None:
    before, path = of(entrance, 1)
    with entrance.store() as store:
        store.readers.add_interests(before.subscription_id, {"squirrel"}, actor="mei", now=datetime.now(UTC))
    noted, _ = of(entrance, 1)
    values = {"which": "all", "name": '  Mei "M" <Chen> ', "language": "zh-Hans"}
    status, page, _ = entrance.ask("POST", path, values)
    after, _ = of(entrance, 1)
    assert (status, "已保存" in page) == (200, True)
    assert (after.name, after.language, after.interests) == ('Mei "M" <Chen>', "zh-Hans", frozenset())
    status, page, _ = entrance.ask("POST", f"{path}/undo", undo_of(page))
    assert (status, "Taken back" in page) == (200, True)
    # What an adviser had noted, and the reader was never offered, is back, too.
    assert of(entrance, 1)[0] == noted


def test_nobody_takes_back_what_was_never_theirs(entrance: Entrance) -> None:
    _, path = of(entrance, 2)
    page = entrance.ask("POST", path, {"which": "some", "subject": ["china"]})[1]
    undo = undo_of(page)
    forged = json.loads(undo["before"]) | {"interests": ["squirrel"]}
    _, others = of(entrance, 3)
    for where, fields in (
        (path, undo | {"before": json.dumps(forged, sort_keys=True)}),
        (path, undo | {"proof": "0.0"}),
        (path, {}),
        (others, undo),
    ):
        status, said, _ = entrance.ask("POST", f"{where}/undo", fields)
        assert (status, "could not be taken back" in said) == (409, True)
    assert of(entrance, 2)[0].interests == {"china"}
    assert of(entrance, 3)[0].interests == {"ai"}


@pytest.mark.parametrize("name", ["Mei\r\nBcc: x@example.com", "x" * 201, "\u202eieM", "a\x00b"])
def test_what_is_no_name_is_refused(entrance: Entrance, name: str) -> None:
    before, path = of(entrance, 4)
    status, page, _ = entrance.ask("POST", path, {"which": "all", "name": name})
    assert (status, 'aria-invalid="true"' in page) == (422, True)
    assert of(entrance, 4)[0] == before
    with pytest.raises(RefusedError):
        checked_name(name)


def test_a_reader_pauses_and_is_back_by_themselves_or_at_once(entrance: Entrance) -> None:
    _, path = of(entrance, 5)
    for weeks in PAUSES:
        begun = datetime.now(UTC)
        status, page, _ = entrance.ask("POST", f"{path}/pause", {"weeks": weeks})
        until = of(entrance, 5)[0].paused_until
        assert (status, "You get no mail until" in page) == (200, True)
        assert until
        assert timedelta(0) <= until - begun - timedelta(weeks=weeks) < timedelta(minutes=1)
    assert "Get mail again" in entrance.ask("GET", path)[1]
    assert entrance.ask("POST", f"{path}/pause", {"weeks": 0})[0] == 200
    assert of(entrance, 5)[0].paused_until is None


@pytest.mark.parametrize("weeks", ["", "3", "-1", "1e9", "99999999999", "<script>"])
def test_a_pause_is_one_of_those_offered(entrance: Entrance, weeks: str) -> None:
    _, path = of(entrance, 6)
    assert entrance.ask("POST", f"{path}/pause", {"weeks": weeks})[0] == 422
    assert of(entrance, 6)[0].paused_until is None


def test_who_pauses_is_left_out_of_a_plan_and_taken_back_at_the_claim(store: Store) -> None:
    early, late, back, never = take_in(store, *(an_entry(number) for number in range(4)))
    pause(store, early, 2, now=NOW)
    pause(store, back, 2, now=NOW - timedelta(weeks=2))
    mailing = plan_for_everyone(store, a_compiled_issue(letterhead=a_letterhead(slug="one")), a_vocabulary())
    assert [(it.subscriber_id, it.reason) for it in skipped(store, mailing.id)] == [(early.subscriber_id, Skip.PAUSED)]
    pause(store, late, 4, now=NOW)
    assert [it.reason for it in store.approvals.departed(mailing.id, NOW)] == [Skip.PAUSED]
    store.mailings.begin(mailing.id, transport="outbox", actor="mei", now=NOW)
    run_id = store.mailings.open_run(mailing.id, NOW)
    claimed = store.mailings.claim(mailing.id, run_id=run_id, limit=10, now=NOW)
    assert {it.address for it in claimed} == {back.email, never.email}
    assert store.mailings.counts(mailing.id)[DeliveryState.WITHDRAWN] == 1
    # Once it is over, the next mailing reaches them by itself.
    later = plan_for_everyone(
        store, a_compiled_issue(letterhead=a_letterhead(slug="two")), a_vocabulary(), now=NOW + timedelta(weeks=2)
    )
    assert [it.subscriber_id for it in skipped(store, later.id)] == [late.subscriber_id]


def skipped(store: Store, mailing_id: int) -> list[Any]:
    with store._database.reading() as connection:
        told = sa.text("SELECT subscriber_id, reason FROM skips WHERE mailing_id = :mailing_id")
        return list(connection.execute(told, {"mailing_id": mailing_id}))


@only_sqlite
def test_a_plan_asks_the_index_alone_who_pauses(store: Store) -> None:
    wanted = "SELECT id, status, subscriber_id, paused_until FROM subscriptions WHERE newsletter = 'x'"
    with store._database.reading() as connection:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {wanted}").all()
    assert "COVERING INDEX" in plan[3]


def test_what_is_held_is_for_whoever_knows_the_address(entrance: Entrance) -> None:
    reader, path = of(entrance, 7)
    status, page, _ = entrance.ask("GET", f"{path}/held")
    assert (status, reader.email in page) == (200, False)
    status, page, _ = entrance.ask("POST", f"{path}/held", {"address": "other@example.com"})
    assert (status, "not the address" in page) == (422, True)
    status, text, headers = entrance.ask("POST", f"{path}/held", {"address": f" {reader.email.upper()} "})
    assert (status, headers.get_content_type()) == (200, "application/json")
    assert headers["Content-Disposition"].startswith("attachment")
    held = json.loads(text)
    assert held["person"]["email"] == reader.email
    assert {row["newsletter"] for row in held["subscriptions"]} == {NEWSLETTER, "china-team"}


def test_who_is_forgotten_is_gone_and_their_links_too(entrance: Entrance) -> None:
    reader, path = of(entrance, 8)
    assert "cannot be undone" in entrance.ask("GET", f"{path}/forget")[1]
    assert entrance.ask("POST", f"{path}/forget")[0] == 422
    assert of(entrance, 8)[0] == reader
    status, page, _ = entrance.ask("POST", f"{path}/forget", {"address": reader.email})
    assert (status, "You are forgotten" in page) == (200, True)
    assert entrance.reader(reader.email) is None
    assert entrance.reader(reader.email, "china-team") is None
    for where in (path, f"{path}/held", f"{path}/forget"):
        assert entrance.ask("GET", where)[0] == 404
    with entrance.store() as store:
        assert store.forgetting.kept_away(reader.email) == "forgotten"


def test_nobody_tries_many_addresses(entrance: Entrance) -> None:
    reader, path = of(entrance, 9)
    tried = [entrance.ask("POST", f"{path}/held", {"address": f"r{number}@example.com"})[0] for number in range(12)]
    assert tried == [422] * 10 + [429] * 2
    assert entrance.ask("POST", f"{path}/forget", {"address": reader.email})[0] == 429
    assert of(entrance, 9)[0] == reader


def test_no_byte_of_somebody_forgotten_stays_in_the_file(tmp_path: Path) -> None:
    with an_entrance(tmp_path) as entrance:
        entrance.take_in("unmistakable.reader@example.org", name="Unmistakable Name")
        reader = entrance.reader("unmistakable.reader@example.org")
        assert reader
        path = f"/p/{make_token(KEYS, Purpose.PREFERENCES, Token(reader.public_id, 0))}"
        assert entrance.ask("POST", f"{path}/forget", {"address": reader.email})[0] == 200
        entrance.wait_until_answered()
        # A file's pages are overwritten at once; a server's tables are written anew a moment later.
        deadline = time.monotonic() + 20
        while b"nmistakable" in bytes_of(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.2)
    # Whatever still stood in the log beside the database goes when it is closed for good.
    open_store(address_of(tmp_path)).close()
    assert b"nmistakable" not in bytes_of(tmp_path)
