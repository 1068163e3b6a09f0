"""
SendGrid's v3 API as its documents describe it: what it refuses, how it answers, what each reader would get and when.

Sources: twilio/sendgrid-oai tsg_mail_v3.yaml and tsg_scheduled_sends_v3.yaml; SendGrid's pages on limitations, errors,
rate limits and cancelling scheduled sends. It shares no code with our transport.
"""

import json
import re
import secrets
import socket
import ssl
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: what the server may do with a request instead of answering
HANG, RESET_BEFORE_TAKING, RESET_AFTER_TAKING, DROP_IN_THE_MIDDLE = "hang", "reset", "reset after", "drop"
#: without reading the body; without taking it; and taking it only when nobody listens any more
RESET_UNREAD, HANG_UNTAKEN, TAKE_LATE = "reset unread", "hang untaken", "late"

FORBIDDEN_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
LIMIT = 10_000
#: seconds before `send_at` until which a cancellation is honoured; seconds that a mail may be held; cancelled batches
MARGIN, LONGEST, SLOTS = 600, 72 * 3_600, 10
SCOPES = [
    "mail.send", "mail.batch.create", "mail.batch.read", "user.scheduled_sends.create", "user.scheduled_sends.read",
    "user.scheduled_sends.delete",
]  # fmt: skip
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
    #: the request is taken all the same
    is_taken: bool = False


@dataclass(slots=True)
class FakeSendGrid:
    """A server, what it was told to do with the next requests, and what came of all."""

    key: str
    url: str = ""
    #: for the next requests that send mail, in their order; None: as it should be
    scripts: deque[Script | str | None] = field(default_factory=deque)
    #: likewise for those that ask for a batch id, and those that cancel a batch
    batch_scripts: deque[Script | str | None] = field(default_factory=deque)
    cancel_scripts: deque[Script | str | None] = field(default_factory=deque)
    #: for benchmarks: takes whatever comes, and keeps nothing of it but for how many readers it was
    is_hasty: bool = False
    hasty_readers: int = 0
    largest_request: int = 30_000_000
    requests: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    #: (batch, when it is due, the mail)
    held: list[tuple[str, int, Delivered]] = field(default_factory=list)
    batches: set[str] = field(default_factory=set)
    #: when each was cancelled
    cancelled: dict[str, float] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    #: seconds by which its clock is ahead of the machine's
    ahead: float = 0.0
    connections: int = 0
    server: Any = None
    #: set at the end, so that no request hangs longer than its test
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> float:
        return time.time() + self.ahead

    @property
    def inboxes(self) -> Counter[str]:
        """Who really got how many mails."""
        return Counter(mail.address for mail in self.delivered)

    def pass_time(self, seconds: float) -> None:
        """Mail that has become due leaves, or is discarded when its batch was cancelled early enough."""
        self.ahead += seconds
        with self.lock:
            due = [entry for entry in self.held if entry[1] <= self.now]
            self.held = [entry for entry in self.held if entry[1] > self.now]
            self.delivered += [
                mail
                for batch, send_at, mail in due
                if batch not in self.cancelled or self.cancelled[batch] > send_at - MARGIN
            ]

    def secure(self, context: ssl.SSLContext) -> None:
        """From now on it is spoken to with TLS."""
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)

    def complaints(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """(field, message) for each rule that the request breaks."""
        return [*_about_the_whole(body), *_about_readers(body), *self._about_time(body)]

    def _about_time(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        if "batch_id" in body and body["batch_id"] not in self.batches:
            yield "batch_id", "The batch id is not a valid one"
        if body.get("send_at", 0) > self.now + LONGEST:
            yield "send_at", "Scheduling more than 72 hours in advance is forbidden"

    def take(self, body: dict[str, Any]) -> str:
        with self.lock:
            message_id = f"fake-{len(self.requests)}"
            mails = [_rendered(body, to, message_id) for to in body["personalizations"]]
            if body.get("send_at", 0) > self.now:
                self.held += [(body.get("batch_id", ""), body["send_at"], mail) for mail in mails]
            else:
                self.delivered += mails
        return message_id

    def cancel(self, batch: str) -> str:
        """Why not, when it cannot be."""
        if batch not in self.batches:
            return "invalid batch id"
        if batch in self.cancelled:
            return "a status update already exists for this batch id"
        if len(self.cancelled) >= SLOTS:
            return "too many scheduled sends are cancelled or paused"
        self.cancelled[batch] = self.now
        return ""


@contextmanager
def fake_sendgrid(key: str = "SG.right", port: int = 0) -> Iterator[FakeSendGrid]:
    fake = FakeSendGrid(key)
    server = _Server(("127.0.0.1", port), partial(_Handler, fake))
    fake.server = server
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        server.hang_up()
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


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever was killed hears no answer; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """So that no thread waits for the next request of a connection that is kept."""
        for request in list(self.open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, fake: FakeSendGrid, *args: Any) -> None:
        self.fake = fake
        super().__init__(*args)

    def setup(self) -> None:
        super().setup()
        self.fake.connections += 1

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.fake.now, usegmt=True)

    def do_GET(self) -> None:
        if self._is_stranger():
            return None
        if self.path == "/v3/scopes":
            return self._answer(200, {"scopes": self.fake.scopes})
        batch = self.path.removeprefix("/v3/user/scheduled_sends/")
        if batch != self.path:
            found = [{"batch_id": batch, "status": "cancel"}] if batch in self.fake.cancelled else []
            return self._answer(200, found)
        return self._answer(404, _error("not found"))

    def do_DELETE(self) -> None:
        if self._is_stranger():
            return None
        known = self.fake.cancelled.pop(self.path.removeprefix("/v3/user/scheduled_sends/"), None)
        return self._answer(404 if known is None else 204, None)

    def do_POST(self) -> None:
        doors = {
            "/v3/mail/send": (self.fake.scripts, self._mail),
            "/v3/mail/batch": (self.fake.batch_scripts, self._batch),
            "/v3/user/scheduled_sends": (self.fake.cancel_scripts, self._cancellation),
        }
        scripts, take = doors.get(self.path, (None, None))
        script = scripts.popleft() if scripts else None
        content = b"" if script == RESET_UNREAD else self.rfile.read(length := int(self.headers["Content-Length"]))
        # Whoever sends less than they said was killed meanwhile.
        if script == RESET_UNREAD or len(content) < length:
            return self._reset()
        if take is None:
            return self._answer(404, _error("not found"))
        if isinstance(script, str):
            return self._misbehave(script, take, content)
        if script:
            if script.is_taken:
                take(content)
            return self._answer(script.status, _error(script.message, script.place), script.headers)
        if self.fake.is_hasty:
            with self.fake.lock:
                self.fake.hasty_readers += content.count(b'"to":')
            return self._answer(202, None, {"X-Message-Id": "hasty"})
        if self._is_stranger():
            return None
        return self._answer(*take(content))

    def _is_stranger(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {self.fake.key}":
            return False
        self._answer(401, _error("The provided authorization grant is invalid, expired, or revoked"))
        return True

    def _mail(self, content: bytes) -> tuple[int, Any, dict[str, str]]:
        if self.headers["Content-Type"] != "application/json":
            return 415, _error("Content-Type should be application/json."), {}
        if len(content) > self.fake.largest_request:
            return 413, _error("Payload too large"), {}
        body = json.loads(content)
        self.fake.requests.append(body)
        errors = [{"field": place, "message": said, "help": None} for place, said in self.fake.complaints(body)]
        if errors:
            return 400, {"errors": errors}, {}
        return 202, None, {"X-Message-Id": self.fake.take(body)}

    def _batch(self, content: bytes) -> tuple[int, Any, dict[str, str]]:
        batch = secrets.token_urlsafe(24)
        self.fake.batches.add(batch)
        return 201, {"batch_id": batch}, {}

    def _cancellation(self, content: bytes) -> tuple[int, Any, dict[str, str]]:
        wish = json.loads(content)
        problem = "unknown status" if wish["status"] != "cancel" else self.fake.cancel(wish["batch_id"])
        return (400, _error(problem), {}) if problem else (201, wish, {})

    def _misbehave(self, script: str, take: Any, content: bytes) -> None:
        if script not in {RESET_BEFORE_TAKING, HANG_UNTAKEN, TAKE_LATE}:
            take(content)
        if script == TAKE_LATE:
            # Until the other side has given up, and a little longer.
            self.connection.settimeout(10)
            try:
                while self.connection.recv(1_000):
                    pass
            except OSError:
                pass
            self.fake.over.wait(0.05)
            take(content)
        if script in {HANG, HANG_UNTAKEN}:
            self.fake.over.wait(10)
        if script == DROP_IN_THE_MIDDLE:
            self.wfile.write(b"HTTP/1.1 20")
            self.wfile.flush()
            self.close_connection = True
            return
        self._reset()

    def _reset(self) -> None:
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


def _error(message: str, place: str | None = None) -> dict[str, Any]:
    return {"errors": [{"message": message, "field": place, "help": None}]}
