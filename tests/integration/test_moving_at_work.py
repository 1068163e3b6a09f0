"""A store that moves while its pages are served and its worker runs; and afterwards, at its new place."""

import http.client
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.store import open_store
from newsletter.subscriber import SubscriptionStatus
from newsletter.tokens import Purpose, Token, make_token
from tests import postgres
from tests.integration.at_work import AtWork, started
from tests.integration.conftest import SETTINGS, Command
from tests.integration.test_cli import NOTE
from tests.smtpd import Manners, free_port, smtp_server
from tests.stores import a_store, an_entry, take_in

NEWSLETTER = "china-team"
KEYS = (SETTINGS["NEWSLETTER_SECRET_KEY"].encode(),)
FILE = "sqlite:///newsletter.db"
CSV = "email,name,consent_basis,consent_on\n" + "".join(
    f"reader{number}@example.com,Reader {number},signed up at the fair,2026-03-01\n" for number in range(1, 5)
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    yield postgres.empty_for(tmp_path)
    postgres.drop_for(tmp_path)


@contextmanager
def served(folder: Path, address: str) -> Iterator[tuple[AtWork, int]]:
    port = free_port()
    with started(folder, ["serve", "--port", port], port, NEWSLETTER_DATABASE_URL=address) as at_work:
        at_work.wait_until(lambda: "Serving" in at_work.said)
        yield at_work, port


def ask(port: int, method: str, path: str, body: str = "List-Unsubscribe=One-Click") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def link(public_id: bytes) -> str:
    return f"/{Purpose.UNSUBSCRIBE}/{make_token(KEYS, Purpose.UNSUBSCRIBE, Token(public_id, 1))}"


def readers_of(address: str, folder: Path) -> dict[str, tuple[bytes, SubscriptionStatus]]:
    with open_store(address.replace("sqlite:///", f"sqlite:///{folder}/")) as store:
        return {reader.email: (reader.public_id, reader.status) for reader in store.readers.stream(NEWSLETTER)}


def test_a_click_after_the_move_is_not_lost_without_a_word(tmp_path: Path, url: str, command: Command) -> None:
    (tmp_path / "readers.csv").write_text(CSV)
    assert command("subscribers", "import", "readers.csv", "-n", NEWSLETTER, "--yes").code == 0
    on = {"NEWSLETTER_DATABASE_URL": url}
    with served(tmp_path, FILE) as (old, port):
        readers = readers_of(FILE, tmp_path)
        assert ask(port, "POST", link(readers["reader1@example.com"][0])) == (200, "unsubscribed\n")
        assert command("migrate-store", FILE, url, "--yes").code == 0
        # One who was there before the move, one who left before it, and one who came after it.
        (tmp_path / "readers.csv").write_text(CSV.replace("reader4", "reader5"))
        assert command("subscribers", "import", "readers.csv", "-n", NEWSLETTER, "--yes", **on).code == 0
        readers = readers_of(url, tmp_path)
        for number in (1, 2, 5):
            status, text = ask(port, "POST", link(readers[f"reader{number}@example.com"][0]))
            assert status == 503, text
        for path in (link(readers["reader2@example.com"][0]), "/ready"):
            assert ask(port, "GET", path, "")[0] == 503
        old.ended(signal.SIGTERM)
    with served(tmp_path, url) as (_, port):
        for number in (2, 5):
            assert ask(port, "POST", link(readers[f"reader{number}@example.com"][0])) == (200, "unsubscribed\n")
    left = {email for email, (_, status) in readers_of(url, tmp_path).items() if status == "unsubscribed"}
    assert left == {f"reader{number}@example.com" for number in (1, 2, 5)}


def test_pages_of_the_old_store_are_not_taken_for_those_of_the_new_one(
    tmp_path: Path, url: str, command: Command
) -> None:
    with a_store(tmp_path) as store:
        take_in(store, an_entry(1), newsletter=NEWSLETTER)
    with served(tmp_path, FILE) as (_, port), smtp_server(Manners()) as mail:
        assert command("migrate-store", FILE, url, "--yes").code == 0
        settings = {
            "NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}",
            "NEWSLETTER_TRANSPORT": "smtp", "NEWSLETTER_SMTP_HOST": "127.0.0.1", "NEWSLETTER_SMTP_PORT": str(mail),
            "NEWSLETTER_SMTP_SECURITY": "none",
        }  # fmt: skip
        refused = command("send", NOTE, "-s", "everyone", "--yes", **settings)
    assert refused.code == 1
    assert "not for this" in refused.errors[0]


def test_a_worker_of_the_old_store_ends_and_says_where_it_is_now(tmp_path: Path, url: str, command: Command) -> None:
    with a_store(tmp_path) as store:
        take_in(store, an_entry(1), newsletter=NEWSLETTER)
    with started(tmp_path, ["worker", "--poll", "0.2"], 1, NEWSLETTER_DATABASE_URL=FILE) as worker:
        worker.wait_until(lambda: bool(_workers(tmp_path)))
        found = command("migrate-store", FILE, url, "--yes")
        assert found.code == 0
        assert re.search(r"warning: \S+ is a worker of it", found.err)
        assert worker.ended() == 1
        assert "this store was moved to postgresql://" in worker.said


def _workers(folder: Path) -> list[str]:
    from datetime import UTC, datetime

    with open_store(f"sqlite:///{folder}/newsletter.db") as store:
        return store.workers.alive(datetime.now(UTC))


def test_a_mailing_that_was_planned_before_the_move_leaves_after_it(tmp_path: Path, url: str, command: Command) -> None:
    (tmp_path / "readers.csv").write_text(CSV)
    assert command("subscribers", "import", "readers.csv", "-n", NEWSLETTER, "--yes").code == 0
    before = command("plan", NOTE, "-s", "everyone", "--json").document
    assert command("approve", "1", "--yes").code == 0
    on = {"NEWSLETTER_DATABASE_URL": url}
    assert command("migrate-store", FILE, url, "--yes").code == 0
    assert command("subscribers", "unsubscribe", "reader1@example.com", **on).code == 0
    found = command("send", "1", "--yes", "--skip-link-check", "--json", **on)
    assert found.code == 0, found.err
    assert found.document["deliveries"] | {"accepted": 3, "withdrawn": 1} == found.document["deliveries"]
    assert command("mailings", "show", "1", "--json", **on).document["content_hash"] == before["content_hash"]
    # Back into a file, where it was not sent twice.
    assert command("migrate-store", url, "sqlite:///back.db", "--yes").code == 0
    back = {"NEWSLETTER_DATABASE_URL": "sqlite:///back.db"}
    again = command("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json", **back)
    assert "already" in again.out + again.err
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == 3
