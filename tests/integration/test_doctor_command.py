"""`newsletter doctor` in a workspace, with servers on loopback for everything that it asks."""

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from newsletter.health import fingerprint
from newsletter.store import open_store
from newsletter.workspace import shipped
from tests.dkim_keys import a_signer, an_rsa_key, pem
from tests.dnsd import Records, dns_server
from tests.integration.conftest import Command, Said
from tests.smtpd import Manners, free_port, make_certificate, only, smtp_server
from tests.stores import address_of, only_sqlite

KEY = "A" * 392
DOMAIN: Records = {
    "example.com": {"MX": ["10 mx.example.com."], "TXT": ["v=spf1 mx -all"]},
    "s1._domainkey.example.com": {"TXT": [f"v=DKIM1; p={KEY}"]},
    "s2._domainkey.example.com": {"TXT": [f"v=DKIM1; p={KEY}"]},
    "ours._domainkey.example.com": {"TXT": [f"v=DKIM1; k=rsa; p={a_signer().published}"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"]},
}


@pytest.fixture(scope="module")
def resolver() -> Iterator[str]:
    with dns_server(DOMAIN) as (address, _):
        yield address


def by_rule(said: Said) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for verdict in said.document:
        assert set(verdict) == {"rule", "severity", "message", "fix"}
        assert bool(verdict["fix"]) is (verdict["severity"] != "ok"), verdict
        found.setdefault(verdict["rule"], []).append(verdict)
    return found


def grade(said: Said, rule: str) -> list[str]:
    return [verdict["severity"] for verdict in by_rule(said).get(rule, [])]


@contextmanager
def http_page(path: str, status: int, content: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, path, status, content))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Page(BaseHTTPRequestHandler):
    def __init__(self, path: str, status: int, content: Any, *args: Any) -> None:
        self.there, self.status, self.content = path, status, json.dumps(content).encode()
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == self.there else 404)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


def test_a_workspace_in_order_has_no_errors(command: Command, resolver: str, tmp_path: Path) -> None:
    open_store(address_of(tmp_path)).close()
    said = command("doctor", "--resolver", resolver, "--dkim-selector", "s1", "--json", NEWSLETTER_BASE_URL=None)

    assert said.code == 0
    expected = ("secret-key", "vocabulary", "segments", "database", "transport", "mx", "spf", "dkim", "dmarc")
    for rule in expected:
        assert grade(said, rule) == ["ok"], rule
    assert grade(said, "templates") == grade(said, "sender") == ["ok", "ok"]
    assert grade(said, "base-url") == ["warning"]
    assert "ok, " in said.err


def test_people_read_a_line_for_each_thing(command: Command, resolver: str) -> None:
    said = command("doctor", "--resolver", resolver, NEWSLETTER_BASE_URL=None)
    assert said.code == 0
    assert all(line.startswith(("ok       ", "warning  ")) for line in said.out.splitlines())
    assert "Next: newsletter test-send" in said.err


@only_sqlite
def test_it_creates_and_changes_nothing(command: Command, resolver: str, tmp_path: Path) -> None:
    said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_BASE_URL=None)
    assert grade(said, "database") == ["warning"]
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_without_settings_is_told_what_to_do(command: Command, resolver: str) -> None:
    unset = {f"NEWSLETTER_{name}": None for name in ("SECRET_KEY", "SENDER_ADDRESS", "POSTAL_ADDRESS", "BASE_URL")}
    said = command("doctor", "--resolver", resolver, "--json", **unset)
    assert said.code == 1
    assert grade(said, "secret-key") == ["error"]
    assert grade(said, "sender") == ["error", "error"]
    assert "newsletter init" in by_rule(said)["settings"][0]["fix"]
    assert "spf" not in by_rule(said), "there is no sender whose domain could be asked for"


def test_secrets_are_never_shown(command: Command, resolver: str) -> None:
    secrets = {
        "NEWSLETTER_SMTP_PASSWORD": "hush-1",
        "SENDGRID_API_KEY": "hush-2",
        "NEWSLETTER_SECRET_KEY": "hush-3" * 9,
    }
    said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_BASE_URL=None, **secrets)
    assert "hush" not in said.out + said.err


@pytest.mark.parametrize(("mode", "expected"), [(0o600, ["ok"]), (0o644, ["ok", "warning"])])
def test_settings_that_others_may_read_are_told(
    mode: int, expected: list[str], command: Command, resolver: str, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    env.write_text("NEWSLETTER_ACTOR=me\n")
    env.chmod(mode)
    assert grade(command("doctor", "--resolver", resolver, "--json"), "settings") == expected


def test_wrong_settings_are_named_and_the_rest_is_looked_at_all_the_same(command: Command, resolver: str) -> None:
    said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_RATE="fast", NEWSLETTER_SENDERNAME="x")
    assert said.code == 1
    assert grade(said, "settings") == ["error", "error"]
    assert grade(said, "templates") == ["ok", "ok"]


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("subscribers/tags.yaml", "china: {parents: [nowhere]}\n", "vocabulary"),
        ("subscribers/segments.yaml", "a: {says: b, rule: 'china and'}\n", "segments"),
        ("templates/newsletters.yaml", "china-team: {title: x}\n", "newsletters"),
        ("templates/team-update/layout.mjml", "<mjml><mj-body>{{ nothing.there }}</mj-body></mjml>\n", "templates"),
        ("templates/daily-brief/text.txt", "{% if %}\n", "templates"),
        ("templates/daily-brief/theme.yaml", "colours: [1]\n", "templates"),
    ],
)
def test_a_broken_file_is_found(
    name: str, text: str, rule: str, command: Command, resolver: str, tmp_path: Path
) -> None:
    shutil.copytree(shipped("templates"), tmp_path / "templates")
    (tmp_path / "subscribers").mkdir()
    (tmp_path / name).write_text(text)
    said = command("doctor", "--resolver", resolver, "--json")
    assert said.code == 1
    assert "error" in grade(said, rule)


@only_sqlite
@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        (b"", ["warning"], "is empty"),
        (b"not a database at all" * 50, ["error"], "is not a database"),
    ],
)
def test_a_file_that_is_no_store_is_found(
    content: bytes, expected: list[str], words: str, command: Command, resolver: str, tmp_path: Path
) -> None:
    (tmp_path / "newsletter.db").write_bytes(content)
    said = command("doctor", "--resolver", resolver, "--json")
    assert grade(said, "database") == expected
    assert words in by_rule(said)["database"][0]["message"]
    assert (tmp_path / "newsletter.db").read_bytes() == content


@only_sqlite
def test_looking_at_a_database_changes_no_file(command: Command, resolver: str, tmp_path: Path) -> None:
    ours, other = tmp_path / "newsletter.db", tmp_path / "other ?#%.db"
    open_store(f"sqlite:///{ours}").close()
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE notes (words TEXT)")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name, expected in (("newsletter.db", ["ok"]), ("other %3F%23%25.db", ["error"])):
        said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_DATABASE_URL=f"sqlite:///{name}")
        assert grade(said, "database") == expected, said.out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_database_of_another_program_or_of_tomorrow_is_an_error(
    command: Command, resolver: str, tmp_path: Path
) -> None:
    with open_store(address_of(tmp_path)) as store, store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE meta SET value = '9999' WHERE key = 'works_from'")
    assert grade(command("doctor", "--resolver", resolver, "--json"), "database") == ["error"]
    for address in ("sqlite:///nowhere/a.db", "postgresql+psycopg://u:hush@127.0.0.1/x"):
        said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_DATABASE_URL=address)
        assert grade(said, "database") == ["warning" if "sqlite" in address else "error"]
        assert "hush" not in said.out


def test_an_outbox_that_cannot_be_written_is_found(command: Command, resolver: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_OUTBOX="file/outbox")
    assert grade(said, "transport") == ["error"]


def smtp(port: int, **more: str) -> dict[str, str]:
    return {
        "NEWSLETTER_TRANSPORT": "smtp",
        "NEWSLETTER_SMTP_HOST": "127.0.0.1",
        "NEWSLETTER_SMTP_PORT": str(port),
        "NEWSLETTER_SMTP_SECURITY": "none",
        "NEWSLETTER_SMTP_TIMEOUT": "5",
        **more,
    }


def test_smtp_is_greeted_and_nothing_is_sent(command: Command, resolver: str) -> None:
    manners = Manners()
    with smtp_server(manners) as port:
        said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_BASE_URL=None, **smtp(port))
    assert grade(said, "transport") == ["ok"]
    assert grade(said, "dkim") == ["warning"]
    assert (manners.greeted, manners.arrived) == (["example.com"], [])


@pytest.mark.parametrize(("password", "expected"), [("right", ["ok"]), ("wrong", ["error"])])
def test_the_smtp_login_is_tried(
    password: str, expected: list[str], command: Command, resolver: str, tmp_path: Path
) -> None:
    certificate, context = make_certificate(tmp_path)
    login = {"NEWSLETTER_SMTP_USERNAME": "news", "NEWSLETTER_SMTP_PASSWORD": password}
    own = {"NEWSLETTER_SMTP_SECURITY": "starttls", "SSL_CERT_FILE": str(certificate)}
    with smtp_server(tls_context=context, auth_required=True, authenticator=only("news", "right")) as port:
        said = command("doctor", "--resolver", resolver, "--json", **smtp(port, **login, **own))
    assert grade(said, "transport") == expected


def test_an_smtp_server_that_is_not_there_is_an_error(command: Command, resolver: str) -> None:
    said = command("doctor", "--resolver", resolver, "--json", **smtp(free_port()))
    assert said.code == 1
    assert grade(said, "transport") == ["error"]
    (missing,) = by_rule(command("doctor", "--resolver", resolver, "--json", NEWSLETTER_TRANSPORT="smtp"))["transport"]
    assert "NEWSLETTER_SMTP_HOST is missing" in missing["message"]


def test_the_key_that_mails_are_signed_with_is_asked_for(command: Command, resolver: str, tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem(an_rsa_key()))
    ours = {"NEWSLETTER_DKIM_DOMAIN": "example.com", "NEWSLETTER_DKIM_KEY_FILE": str(path)}
    with smtp_server() as port:
        # the second one is somebody else's, and the third does not exist
        for selector, expected in (("ours", "ok"), ("s2", "error"), ("s3", "error")):
            settings = smtp(port, **ours, NEWSLETTER_DKIM_SELECTOR=selector)
            (verdict,) = by_rule(command("doctor", "--resolver", resolver, "--json", **settings))["dkim"]
            assert verdict["severity"] == expected
            assert f"{selector}._domainkey.example.com" in verdict["message"]


def test_a_signing_key_of_no_use_is_an_error(command: Command, resolver: str, tmp_path: Path) -> None:
    ours = {"NEWSLETTER_DKIM_DOMAIN": "example.com", "NEWSLETTER_DKIM_SELECTOR": "s2"}
    settings = smtp(free_port(), **ours, NEWSLETTER_DKIM_KEY_FILE=str(tmp_path / "missing.pem"))
    (verdict,) = by_rule(command("doctor", "--resolver", resolver, "--json", **settings))["transport"]
    assert "missing.pem: the DKIM key cannot be read" in verdict["message"]


@pytest.mark.parametrize(
    ("status", "content", "expected", "words"),
    [
        (200, {"scopes": ["mail.send", "sender_verification_eligible"]}, ["ok"], "may send"),
        (200, {"scopes": ["mail.send", "api_keys.create"]}, ["ok", "warning"], "may send"),
        (200, {"scopes": ["stats.read"]}, ["error"], "may not send"),
        (200, {"else": 1}, ["error"], "is not SendGrid"),
        (200, [], ["error"], "is not SendGrid"),
        (401, {"errors": [{"message": "authorization required"}]}, ["error"], "401 authorization required"),
        (302, {}, ["error"], "leads elsewhere"),
        (503, {}, ["error"], "503"),
    ],
)
def test_sendgrid_is_asked_what_the_key_may_do(
    status: int, content: Any, expected: list[str], words: str, command: Command, resolver: str
) -> None:
    with http_page("/v3/scopes", status, content) as url:
        own = {"NEWSLETTER_TRANSPORT": "sendgrid", "SENDGRID_API_KEY": "SG.key", "NEWSLETTER_SENDGRID_URL": url}
        said = command("doctor", "--resolver", resolver, "--json", **own)
    assert grade(said, "transport") == expected
    assert words in by_rule(said)["transport"][0]["message"]
    assert grade(said, "dkim") == ["ok", "ok"]


def test_pages_that_answer_for_this_database_are_fine_but_must_be_encrypted(
    command: Command, resolver: str, tmp_path: Path
) -> None:
    with open_store(address_of(tmp_path)) as store:
        ours = {"store": fingerprint(store.id)}
    with http_page("/health", 200, ours) as url:
        said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_BASE_URL=url)
    assert grade(said, "base-url") == ["error", "ok"]
    with http_page("/health", 200, {"store": "another"}) as url:
        said = command("doctor", "--resolver", resolver, "--json", NEWSLETTER_BASE_URL=url)
    assert grade(said, "base-url") == ["error", "error"]


def test_as_long_as_nothing_leaves_wrong_records_are_warnings(command: Command) -> None:
    with dns_server({"example.com": {"MX": ["0 ."], "TXT": ["v=spf1 +all"]}}) as (address, _):
        outbox = command("doctor", "--resolver", address, "--json", NEWSLETTER_BASE_URL=None)
        with smtp_server() as port:
            real = command("doctor", "--resolver", address, "--json", NEWSLETTER_BASE_URL=None, **smtp(port))
    for rule in ("mx", "spf", "dmarc"):
        assert (grade(outbox, rule), grade(real, rule)) == (["warning"], ["error"])
    assert (outbox.code, real.code) == (0, 1)


def test_without_dns_it_ends_soon_and_in_warnings(command: Command) -> None:
    with dns_server({}, silent=["*"]) as (address, _):
        said = command("doctor", "--resolver", address, "--json", NEWSLETTER_BASE_URL=None)
    assert said.code == 0
    assert grade(said, "spf") == ["warning"]


def test_a_resolver_that_is_none_is_one_line(command: Command) -> None:
    refused = command("doctor", "--resolver", "dns.test")
    assert (refused.code, len(refused.errors)) == (1, 1)


def test_a_built_mail_can_be_judged_without_any_settings(command: Command) -> None:
    command("build", shipped("examples") / "china-ai-brief.md", "-o", "out")
    said = command("doctor", "out/china-ai-brief.eml", "--json", NEWSLETTER_RATE="wrong")
    assert said.code == 0
    assert grade(said, "headers") == grade(said, "unsubscribe") == grade(said, "parts") == ["ok"]
    assert grade(said, "dkim") == ["warning"]


@pytest.mark.parametrize("file", ["none.eml", "."])
def test_a_mail_that_is_not_there_is_one_line(file: str, command: Command) -> None:
    refused = command("doctor", file)
    assert (refused.code, len(refused.errors)) == (1, 1)
