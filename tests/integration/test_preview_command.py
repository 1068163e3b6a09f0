"""`preview` as a program on a port: who is answered, what a stranger gets, and how it begins and ends."""

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import address_of, lay_out, start
from tests.integration.conftest import Command

pytestmark = pytest.mark.xdist_group("preview")


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Running:
    folder: Path
    port: int
    secret: str

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=named)
        response = connection.getresponse()
        found = Answered(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return found

    def send_test(self, to: str = "me@example.com", revision: int = 1, **headers: str) -> Answered:
        ours = {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        body = {"to": to, "revision": revision}
        return self.ask(f"/{self.secret}/test-send", "POST", body, **ours | headers)

    @property
    def outbox(self) -> list[Path]:
        return list((self.folder / "outbox").rglob("*.eml"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("preview") / "here"
    lay_out(folder)
    process = start(folder)
    parts = urlsplit(address_of(process))
    assert parts.port
    try:
        yield Running(folder, parts.port, parts.path.strip("/"))
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_it_listens_on_loopback_only(running: Running) -> None:
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    ours = [line.split()[1] for line in listening if line.split()[1].endswith(f":{running.port:04X}")]
    assert {place.split(":")[0] for place in ours} == {"0100007F"}


def test_without_the_secret_or_by_another_name_there_is_nothing(running: Running) -> None:
    assert running.ask(f"/{running.secret}/state").status == 200
    assert running.ask("/state").status == 404
    assert running.ask("/" + "x" * len(running.secret) + "/state").status == 404
    assert running.ask(f"/{running.secret}/state", Host="evil.example.com").status == 421
    assert running.ask(f"/{running.secret}/state", Host=f"localhost:{running.port}").status == 200
    assert running.ask(f"/{running.secret}/docs").status == 404
    assert running.ask(f"/{running.secret}/page/../app.py").status == 404


def test_nothing_that_is_fetched_changes_anything(running: Running) -> None:
    before = sorted(running.folder.rglob("*"))
    for path in (
        "",
        "state",
        "mail",
        "headers",
        "part/raw",
        "state?reader=a@example.com",
        "mail?reader=a@example.com",
        "message.eml",
        "tags",
        "readers?like=a",
        "test-send?to=me@example.com",
    ):
        for method in ("GET", "HEAD"):
            running.ask(f"/{running.secret}/{path}", method)
    assert running.ask(f"/{running.secret}/editions?segment=everyone").status == 422
    assert sorted(running.folder.rglob("*")) == before


def test_a_foreign_page_cannot_send(running: Running) -> None:
    foreign: list[dict[str, Any]] = [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example.com"},
    ]
    for headers in foreign:
        assert running.send_test(**headers).status in (403, 421)
    assert running.outbox == []


def test_only_what_was_looked_at_is_sent_and_only_to_a_mail_address(running: Running) -> None:
    stale = running.send_test(revision=0)
    wrong = running.send_test(to="not an address")
    two = running.send_test(to="a@example.com, b@example.com")

    assert (stale.status, b"has changed since you looked" in stale.body) == (422, True)
    assert json.loads(wrong.body)["outcome"] == json.loads(two.body)["outcome"] == "refused"
    assert running.outbox == []
    sent = running.send_test()
    assert json.loads(sent.body)["outcome"] == "accepted"
    assert len(running.outbox) == 1


def test_settings_are_not_shown(running: Running) -> None:
    for name in (".env", "../here/.env", str(running.folder / ".env"), "/etc/hostname"):
        assert running.ask(f"/{running.secret}/source?path={name}").status == 422
    assert running.ask(f"/{running.secret}/source?path=issues/brief.md").status == 200


def test_a_port_that_is_taken_is_told_in_one_line(command: Command, running: Running, tmp_path: Path) -> None:
    said = command("preview", running.folder / "issues" / "brief.md", "--no-open", "--port", str(running.port))
    assert said.code == 1
    assert said.errors == [
        f"error: port {running.port} cannot be used (Address already in use); name another, or leave --port away"
    ]


@pytest.mark.parametrize(("name", "said"), [("none.md", "there is no such file"), ("a.txt", "cannot end in '.txt'")])
def test_a_file_that_cannot_be_an_issue_starts_nothing(command: Command, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.txt").touch()
    found = command("preview", name, "--no-open")
    assert (found.code, len(found.errors)) == (1, 1)
    assert said in found.errors[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_order_while_a_page_listens(number: signal.Signals, tmp_path: Path) -> None:
    lay_out(tmp_path / "here")
    process = start(tmp_path / "here")
    parts = urlsplit(address_of(process))
    assert parts.port
    with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as listener:
        listener.sendall(f"GET {parts.path}events HTTP/1.1\r\nHost: 127.0.0.1:{parts.port}\r\n\r\n".encode())
        heard = b""
        while b"data:" not in heard:
            heard += listener.recv(4096)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert "Traceback" not in said
    assert process.returncode in ((0,) if number is signal.SIGINT else (0, -signal.SIGTERM))
    assert number is signal.SIGTERM or "The preview has stopped." in said


def test_an_issue_with_an_error_is_shown_with_it(tmp_path: Path) -> None:
    lay_out(tmp_path / "here", issue="---\nnewsletter: nobody\n---\n")
    process = start(tmp_path / "here")
    parts = urlsplit(address_of(process))
    try:
        running = Running(tmp_path / "here", parts.port or 0, parts.path.strip("/"))
        state = json.loads(running.ask(f"/{running.secret}/state").body)
        assert state["errors"][0]["line"] == 2
        assert running.ask(f"/{running.secret}/mail").status == 422
        assert running.send_test().status == 422
    finally:
        process.kill()
        process.communicate(timeout=10)
