"""Two hundred readers, three segments, by wire: who receives is who was planned, once each."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from newsletter.health import fingerprint
from newsletter.store import open_store
from tests.fakes.sendgrid import fake_sendgrid
from tests.integration.conftest import Command
from tests.integration.test_cli import BRIEF, NOTE, SAMPLE
from tests.smtpd import (
    HANG_UP,
    Manners,
    free_port,
    make_certificate,
    only,
    read_sink,
    sink_folder,
    smtp_server,
    smtp_sink,
)
from tests.stores import address_of

SEGMENTS = ("china and not crypto", "ai or language:zh-Hans", "everyone")


def planned_by_segment(command: Command, **settings: str) -> list[int]:
    """Sends the brief to three overlapping segments, each twice; gives how many each plan named."""
    assert command("subscribers", "import", SAMPLE, "-n", "china-ai-brief", "--yes").code == 0
    planned = []
    for segment in SEGMENTS:
        plan = command("plan", BRIEF, "--segment", segment, "--json", **settings).document
        for _ in range(2):
            sent = command("send", str(plan["mailing"]), "--yes", "--skip-link-check", "--json", **settings)
            assert sent.code == 0, sent.err
            assert sent.document["deliveries"]["accepted"] == plan["planned"]
        planned.append(plan["planned"])
    again = command("send", BRIEF, "--segment", "everyone", "--yes", "--skip-link-check", "--json", **settings)
    assert again.document["planned"] == 0
    return planned


def smtp_settings(port: int) -> dict[str, str]:
    return {
        "NEWSLETTER_TRANSPORT": "smtp",
        "NEWSLETTER_SMTP_HOST": "127.0.0.1",
        "NEWSLETTER_SMTP_PORT": str(port),
        "NEWSLETTER_SMTP_SECURITY": "none",
    }


def confirmed(command: Command) -> set[str]:
    rows = command("subscribers", "list", "-n", "china-ai-brief", "--json").document
    return {row["email"] for row in rows if row["status"] == "confirmed"}


def test_by_smtp_sink_everybody_planned_receives_it_exactly_once(command: Command) -> None:
    with sink_folder() as folder:
        with smtp_sink(taken=folder) as port:
            planned = planned_by_segment(command, **smtp_settings(port))
        received = Counter(mail.recipient for mail in read_sink(folder))

    assert set(received) == confirmed(command)
    assert set(received.values()) == {1}
    assert received.total() == sum(planned)


def test_by_sendgrid_everybody_planned_receives_it_exactly_once(command: Command) -> None:
    with fake_sendgrid() as fake:
        settings = {
            "NEWSLETTER_TRANSPORT": "sendgrid",
            "SENDGRID_API_KEY": "SG.right",
            "NEWSLETTER_SENDGRID_URL": fake.url,
        }
        planned = planned_by_segment(command, **settings)
        received = Counter(mail.address for mail in fake.delivered)

    assert set(received) == confirmed(command)
    assert set(received.values()) == {1}
    assert received.total() == sum(planned)
    assert not any(re.search(r"NL[0-9a-f]{10}", mail.html + mail.text) for mail in fake.delivered)


def a_reader(command: Command, *addresses: str) -> None:
    for address in addresses:
        words = ("add", address, "-n", "china-team", "--consent-basis", "asked by mail", "--consent-on", "2026-03-01")
        assert command("subscribers", *words).code == 0


def test_a_password_never_travels_readable(command: Command) -> None:
    a_reader(command, "chen@example.com")
    login = {"NEWSLETTER_SMTP_USERNAME": "news", "NEWSLETTER_SMTP_PASSWORD": "wrong-horse"}

    refused = command(
        "send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", **smtp_settings(free_port()) | login
    )

    assert refused.code == 1
    assert refused.errors[0].startswith("error: NEWSLETTER_SMTP_SECURITY is none")
    assert "wrong-horse" not in refused.out + refused.err


def test_a_wrong_smtp_password_ends_in_one_line_and_loses_nobody(command: Command, tmp_path: Path) -> None:
    a_reader(command, "chen@example.com", "li@example.com")
    words = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json")
    certificate, context = make_certificate(tmp_path)
    manners = Manners()
    auth = {"authenticator": only("news", "right-horse"), "auth_required": True, "auth_require_tls": True}

    with smtp_server(manners, tls_context=context, require_starttls=True, **auth) as port:
        settings = smtp_settings(port) | {
            "NEWSLETTER_SMTP_SECURITY": "starttls",
            "NEWSLETTER_SMTP_USERNAME": "news",
            "SSL_CERT_FILE": str(certificate),
        }
        wrong = command(*words, **settings | {"NEWSLETTER_SMTP_PASSWORD": "wrong-horse"})
        right = command(*words, **settings | {"NEWSLETTER_SMTP_PASSWORD": "right-horse"})

    assert wrong.code == 1
    assert len(wrong.errors) == 1
    assert "NEWSLETTER_SMTP_PASSWORD" in wrong.errors[0]
    assert "wrong-horse" not in wrong.out + wrong.err
    assert right.document["deliveries"]["accepted"] == 2
    assert Counter(mail.recipient for mail in manners.arrived) == {"chen@example.com": 1, "li@example.com": 1}


def test_a_provider_that_is_down_ends_in_one_line_and_the_next_send_goes_on(command: Command) -> None:
    a_reader(command, "chen@example.com", "li@example.com")
    words = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json")

    down = command(*words, **smtp_settings(free_port()))
    manners = Manners()
    with smtp_server(manners) as port:
        up = command(*words, **smtp_settings(port))

    assert down.code == 1
    assert len(down.errors) == 1
    assert up.document["deliveries"]["accepted"] == 2
    assert sorted(mail.recipient for mail in manners.arrived) == ["chen@example.com", "li@example.com"]


def test_an_answer_that_never_came_makes_the_reader_unknown_and_is_not_repeated(command: Command) -> None:
    a_reader(command, "chen@example.com", "li@example.com")
    words = ("send", NOTE, "-s", "everyone", "--yes", "--skip-link-check", "--json")
    manners = Manners(to_message={"chen@example.com": HANG_UP})

    with smtp_server(manners) as port:
        first = command(*words, **smtp_settings(port))
        second = command("send", str(first.document["mailing"]), "--yes", "--skip-link-check", **smtp_settings(port))

    assert first.code == 3
    assert [row["email"] for row in first.document["unknown"]] == ["chen@example.com"]
    assert second.code == 3
    assert Counter(mail.recipient for mail in manners.arrived) == {"chen@example.com": 1, "li@example.com": 1}


class _Health(BaseHTTPRequestHandler):
    store = ""

    def do_GET(self) -> None:
        body = json.dumps({"store": self.store}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def health() -> Iterator[tuple[str, type[_Health]]]:
    handler = type("Health", (_Health,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


def test_a_real_transport_asks_whether_readers_can_leave(
    command: Command, tmp_path: Path, health: tuple[str, type[_Health]]
) -> None:
    base, handler = health
    a_reader(command, "chen@example.com")
    words = ("send", NOTE, "-s", "everyone", "--yes", "--json")

    with smtp_server() as port:
        settings = smtp_settings(port) | {"NEWSLETTER_BASE_URL": base}
        wrong_store = command(*words, **settings)
        with open_store(address_of(tmp_path)) as store:
            handler.store = fingerprint(store.id)
        right_store = command(*words, **settings)

    assert wrong_store.code == 1
    assert "--skip-link-check" in wrong_store.errors[0]
    assert right_store.document["deliveries"]["accepted"] == 1
