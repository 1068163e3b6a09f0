"""Which addresses are fetched: the public web's, and nothing of the network that we stand in."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.errors import InputError
from newsletter.fetching import fetch, is_public, resolve_host

SPELLINGS = [
    # this machine, in every spelling that some program understands
    *(
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
    ),
    *("http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://0x7f.1/", "http://127.000.000.001/"),
    *("http://0/", "http://0.0.0.0/", "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://[::1]/"),
    *("http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    *(
        "http://[::127.0.0.1]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://１２７.0.0.1/",
        "http://ⓛocalhost/",
    ),
    # the network around it
    *(
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.168.1.1/",
        "http://169.254.169.254/",
    ),
    *("http://0xa9fea9fe/", "http://2852039166/", "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.0.8/"),
    *("http://[fe80::1]/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[fec0::1]/"),
    # ways into it
    *("http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2001:0:1::1]/"),
    # nobody's
    *("http://224.0.0.1/", "http://[ff02::1]/", "http://240.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/"),
    *("http://[2001:db8::1]/", "http://192.88.99.1/", "http://[3fff::1]/"),
    # not an address of the web
    *("ftp://192.168.1.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "javascript:x", "http://"),
    *(
        "http:///x",
        "http://user:hunter2@93.184.216.34/",
        "http://93.184.216.34@127.0.0.1/",
        "http://127.0.0.1#@93.184.216.34/",
    ),
    *(
        "http://127.0.0.1\\@93.184.216.34/",
        "http://93.184.216.34:22/",
        "http://93.184.216.34:0/",
        "http://a b/",
        "http://a\r\nb/",
    ),
    *(
        "http://93.184.216.34:99999/",
        "http://[::1",
        "http://-a-.example/",
        "http://%31%32%37.0.0.1/",
        "http://[fe80::1%25eth0]/",
    ),
]


def numbers_only(host: str) -> list[str]:
    """As the system resolves numbers and this machine's names, without asking anybody."""
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(entry[4][0]) for entry in found]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was connected to; nothing is."""
    made: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> socket.socket:
        made.append(address)
        raise OSError("refused by the test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return made


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_to_a_closed_address(url: str, connections: list[object]) -> None:
    with pytest.raises(InputError) as caught:
        fetch(url, resolve=numbers_only)
    assert connections == []
    assert len(caught.value.findings) == 1
    assert "hunter2" not in str(caught.value)


def test_a_public_address_is_connected_to(connections: list[object]) -> None:
    with pytest.raises(InputError, match="refused by the test"):
        fetch("https://news.example.com/feed", resolve=lambda _: ["93.184.216.34"])
    assert connections == [("93.184.216.34", 443)]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "fd00::1", "not an address"])
def test_one_closed_address_among_open_ones_is_enough_to_refuse(address: str, connections: list[object]) -> None:
    with pytest.raises(InputError, match="private network"):
        fetch("https://news.example.com/feed", resolve=lambda _: ["93.184.216.34", address])
    assert connections == []


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2400:cb00::1"])
def test_the_public_web_is_open(address: str) -> None:
    assert is_public(address)


ZEROS = gzip.compress(bytes(50 << 20))


class _Pages(BaseHTTPRequestHandler):
    """Pages by path; each host that was asked for is written down."""

    hosts: list[str]

    def do_GET(self) -> None:
        self.hosts.append(str(self.headers["Host"]))
        name, _, rest = self.path.strip("/").partition("/")
        getattr(self, f"give_{name}")(rest)

    def give(self, content: bytes, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def give_plain(self, _: str) -> None:
        self.give(b"a feed")

    def give_packed(self, _: str) -> None:
        self.give(gzip.compress(b"a packed feed"), Content_Encoding="gzip")

    def give_bomb(self, _: str) -> None:
        self.give(ZEROS, Content_Encoding="gzip")

    def give_large(self, _: str) -> None:
        self.give(bytes(2 << 20))

    def give_gone(self, _: str) -> None:
        self.give(b"", 404)

    def give_on(self, rest: str) -> None:
        left = int(rest)
        self.give(b"", 302, Location=f"/on/{left - 1}" if left > 1 else "/plain")

    def give_away(self, rest: str) -> None:
        self.give(b"", 301, Location=f"http://{rest}/")

    def give_slow(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        for _again in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Nothing to the screen."""


@pytest.fixture
def pages() -> Iterator[tuple[str, type[_Pages]]]:
    kind = type("_Own", (_Pages,), {"hosts": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://pages.example:{server.server_port}", kind
    server.shutdown()
    thread.join()
    server.server_close()


def get(url: str, **limits: float) -> bytes:
    return fetch(url, resolve=lambda _: ["127.0.0.1"], allow_private=True, **limits)  # type: ignore[arg-type]


def test_a_page_is_fetched_under_its_name_from_the_address_that_was_checked(pages: tuple[str, type[_Pages]]) -> None:
    url, kind = pages
    assert get(f"{url}/plain") == b"a feed"
    assert get(f"{url}/packed") == b"a packed feed"
    assert {host.split(":")[0] for host in kind.hosts} == {"pages.example"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("bomb", "answers more than 5 MiB"),
        ("large", "answers more than 1 MiB"),
        ("gone", "answers 404"),
        ("on/6", "leads on more than 5 times"),
        ("slow", "takes too long"),
    ],
)
def test_what_is_no_feed_of_a_fit_size_ends_in_one_line(page: str, said: str, pages: tuple[str, type[_Pages]]) -> None:
    limits: dict[str, dict[str, float]] = {"large": {"limit": 1 << 20}, "slow": {"timeout": 0.5}}
    started = time.monotonic()
    with pytest.raises(InputError, match=said):
        get(f"{pages[0]}/{page}", **limits.get(page, {}))
    assert time.monotonic() - started < 5


def test_a_packed_bomb_is_never_unpacked_whole(pages: tuple[str, type[_Pages]]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="answers more than 1 MiB"):
            get(f"{pages[0]}/bomb", limit=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_five_redirects_are_followed(pages: tuple[str, type[_Pages]]) -> None:
    assert get(f"{pages[0]}/on/5") == b"a feed"


def test_each_redirect_is_checked_again(pages: tuple[str, type[_Pages]]) -> None:
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        if host == "inside.example":
            raise OSError("nobody may ask for this")
        return ["127.0.0.1"]

    with pytest.raises(InputError, match="no such host"):
        fetch(f"{pages[0]}/away/inside.example", resolve=resolve, allow_private=True)
    assert asked == ["pages.example", "inside.example"]


def test_this_machines_name_resolves_to_closed_addresses() -> None:
    assert not any(map(is_public, resolve_host("localhost")))
