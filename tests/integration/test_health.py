"""Is the web face under BASE_URL ours? Asked of real servers on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from newsletter.health import answers_for, fingerprint
from tests.smtpd import free_port

OURS = {"store": fingerprint("our-store")}


class _Page(BaseHTTPRequestHandler):
    def __init__(self, status: int, content: bytes, headers: dict[str, str], *args: Any) -> None:
        self.status, self.content, self.extra = status, content, headers
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health" else 404)
        for name, value in self.extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@contextmanager
def page(content: Any, status: int = 200, **headers: str) -> Iterator[str]:
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, status, written, headers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_web_face_on_our_store_is_fine() -> None:
    with page(OURS) as url:
        assert answers_for(url, "our-store") is None
        assert answers_for(url + "/", "our-store") is None


def test_the_fingerprint_does_not_hold_the_id() -> None:
    assert len(OURS["store"]) == 32
    assert "our-store" not in OURS["store"]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ({"store": fingerprint("another")}, 200, "not for this database"),
        ({"store": "our-store"}, 200, "not for this database"),
        ({}, 200, "not for this database"),
        ([OURS], 200, "not for this database"),
        (b"<html>parked</html>", 200, "not for this database"),
        (b"[" * 50_000, 200, "not for this database"),
        (b"\xff\xfe", 200, "not for this database"),
        (json.dumps(OURS).encode() + b" " * 65_536, 200, "not for this database"),
        (OURS, 404, "/health answers 404"),
        (OURS, 500, "/health answers 500"),
    ],
)
def test_anything_else_is_named(content: Any, status: int, said: str) -> None:
    with page(content, status) as url:
        found = answers_for(url, "our-store")
    assert found is not None
    assert said in found.message
    assert "newsletter serve" in found.fix


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with page(OURS) as ours, page(b"", status, Location=f"{ours}/health") as url:
        found = answers_for(url, "our-store")
    assert found is not None
    assert f"leads elsewhere ({status})" in found.message


def test_a_server_that_is_down_is_named() -> None:
    found = answers_for(f"http://127.0.0.1:{free_port()}", "our-store")
    assert found is not None
    assert "does not answer (Connection refused)" in found.message


def test_a_server_that_hangs_is_not_waited_for_long() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = answers_for(f"http://127.0.0.1:{listening.getsockname()[1]}", "our-store", timeout=0.1)
    assert found is not None
    assert "does not answer (timed out)" in found.message


@pytest.mark.parametrize("url", ["", "ftp://example.com", "file:///etc/passwd", "example.com", "http://127.0.0.1:x"])
def test_what_is_no_web_address_is_not_fetched(url: str) -> None:
    found = answers_for(url, "our-store")
    assert found is not None
    assert "web address" in found.message or "does not answer" in found.message
