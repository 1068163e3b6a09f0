"""
SendGrid's v3 mail/send as its documents describe it: what it refuses, how it answers, what each reader would get.

Sources: twilio/sendgrid-oai tsg_mail_v3.yaml; SendGrid's pages on limitations, errors and rate limits. It shares no
code with our transport.
"""

import json
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: what the server may do with a request instead of answering
HANG, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, DROP_IN_THE_MIDDLE = "hang", "reset", "reset after", "drop"

FORBIDDEN_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
LIMIT = 10_000
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail as its reader would see it."""

    address: str
    name: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    custom_args: dict[str, str]
    message_id: str


@dataclass(frozen=True, slots=True)
class Script:
    """An answer that is given whatever the request holds."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "as told"
    #: a field that the error names
    place: str | None = None


@dataclass(slots=True)
class FakeSendGrid:
    """A server, what it was told to do with the next requests, and what came of all."""

    key: str
    url: str = ""
    #: for the next requests, in their order
    scripts: deque[Script | str] = field(default_factory=deque)
    largest_request: int = 30_000_000
    requests: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    #: set at the end, so that no request hangs longer than its test
    over: threading.Event = field(default_factory=threading.Event)

    def complaints(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """(field, message) for each rule that the request breaks."""
        return [*_about_the_whole(body), *_about_readers(body)]

    def take(self, body: dict[str, Any]) -> str:
        message_id = f"fake-{len(self.requests)}"
        self.delivered += [_rendered(body, to, message_id) for to in body["personalizations"]]
        return message_id


@contextmanager
def fake_sendgrid(key: str = "SG.right") -> Iterator[FakeSendGrid]:
    fake = FakeSendGrid(key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, fake))
    server.daemon_threads = False
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _about_the_whole(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("personalizations", "from", "subject", "content"):
        if not body.get(name):
            yield name, "is required"
    people = body.get("personalizations", [])
    if len(people) > 1000:
        yield "personalizations", "There is a limit of 1000 personalizations"
    addresses = [to["email"].lower() for person in people for to in person.get("to", [])]
    if len(set(addresses)) < len(addresses):
        yield "personalizations", "Each email address in the personalization block should be unique"
    kinds = [part.get("type") for part in body.get("content", [])]
    if kinds != sorted(kinds, key=lambda kind: {"text/plain": 0, "text/html": 1}.get(kind or "", 2)):
        yield "content", "If present, text/plain must be first, followed by text/html"
    yield from _about_headers(body, "headers")


def _about_readers(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for number, person in enumerate(body.get("personalizations", [])):
        place = f"personalizations.{number}"
        if not person.get("to"):
            yield f"{place}.to", "The to array is required"
        for index, to in enumerate(person.get("to", [])):
            if not (_ADDRESS.fullmatch(to["email"]) and to["email"].isascii()):
                yield f"{place}.to.{index}.email", "Does not contain a valid address."
        for name in ("substitutions", "custom_args"):
            if _size(person.get(name, {})) > LIMIT:
                yield f"{place}.{name}", f"The {name} may not exceed {LIMIT} bytes"
            if not all(isinstance(value, str) for value in person.get(name, {}).values()):
                yield f"{place}.{name}", "values must be strings"
        yield from _about_headers(person, f"{place}.headers")


def _about_headers(holder: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, value in holder.get("headers", {}).items():
        if name.lower() in FORBIDDEN_HEADERS:
            yield f"{place}.{name}", "This header may not be set"
        if not value.isascii() or "\n" in value or "\r" in value:
            yield f"{place}.{name}", "Header values must be ASCII in one line"


def _size(values: dict[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in values.items())


def _rendered(body: dict[str, Any], person: dict[str, Any], message_id: str) -> Delivered:
    content = {part["type"]: part["value"] for part in body["content"]}
    (to,) = person["to"]
    return Delivered(
        to["email"],
        to.get("name", ""),
        _substituted(body["subject"], person),
        _substituted(content["text/plain"], person),
        _substituted(content["text/html"], person),
        body.get("headers", {}) | person.get("headers", {}),
        person.get("custom_args", {}),
        message_id,
    )


def _substituted(text: str, person: dict[str, Any]) -> str:
    """Twice, since no document promises that a value is not looked at again."""
    for _ in range(2):
        for token, value in person.get("substitutions", {}).items():
            text = text.replace(token, value)
    return text


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, fake: FakeSendGrid, *args: Any) -> None:
        self.fake = fake
        super().__init__(*args)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        script = self.fake.scripts.popleft() if self.fake.scripts else None
        if isinstance(script, str):
            self._misbehave(script, content)
        elif script:
            error = {"message": script.message, "field": script.place, "help": None}
            self._answer(script.status, {"errors": [error]}, script.headers)
        else:
            self._judge(content)

    def _judge(self, content: bytes) -> None:
        if self.path != "/v3/mail/send":
            return self._answer(404, {"errors": [{"message": "not found", "field": None}]})
        if self.headers["Authorization"] != f"Bearer {self.fake.key}":
            message = "The provided authorization grant is invalid, expired, or revoked"
            return self._answer(401, {"errors": [{"message": message, "field": None, "help": None}]})
        if self.headers["Content-Type"] != "application/json":
            return self._answer(415, {"errors": [{"message": "Content-Type should be application/json."}]})
        if len(content) > self.fake.largest_request:
            return self._answer(413, {"errors": [{"message": "Payload too large", "field": None}]})
        body = json.loads(content)
        self.fake.requests.append(body)
        errors = [{"field": place, "message": said, "help": None} for place, said in self.fake.complaints(body)]
        if errors:
            return self._answer(400, {"errors": errors})
        return self._answer(202, None, {"X-Message-Id": self.fake.take(body)})

    def _misbehave(self, script: str, content: bytes) -> None:
        if script != RESET_BEFORE_TAKING:
            body = json.loads(content)
            self.fake.requests.append(body)
            self.fake.take(body)
        if script == HANG:
            self.fake.over.wait(10)
        if script == DROP_IN_THE_MIDDLE:
            self.wfile.write(b"HTTP/1.1 20")
            self.wfile.flush()
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""
