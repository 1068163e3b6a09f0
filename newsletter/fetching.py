"""Get one page from the web, or see whether it is there; never anything from the network that we stand in."""

import http.client
import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from newsletter import __version__
from newsletter.errors import InputError

#: a host's addresses, as text
Resolve = Callable[[str], Sequence[str]]
Answer = TypeVar("Answer")
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SIZE_LIMIT = 5 << 20
_REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\\s]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
#: what browsers take for a number, and so for an address in disguise
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
#: IANA's special-purpose registry: private, loopback, link-local, shared, documentation, multicast, reserved
_CLOSED_4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
#: of IPv6 only what is handed out counts; so mapped, NAT64, unique-local and link-local addresses are out already
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
#: Teredo and other protocols, documentation, 6to4, documentation
_CLOSED_6 = [ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]


class NoPageError(InputError):
    """There is no page to be had; `reason` says why, after the address."""

    way_out = ""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{_shown(url)}: {reason}", fix=self.way_out)
        self.reason = reason


class NotVisitedError(NoPageError):
    way_out = "give the feed's public address, as https://example.com/feed, or save the feed and name the file"


class NoAnswerError(NoPageError):
    way_out = "look at it in a browser and try again, or save it and name the file"


def resolve_host(host: str) -> list[str]:
    """Every address that a name has."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


def fetch(
    url: str,
    *,
    timeout: float = 10,
    limit: int = SIZE_LIMIT,
    resolve: Resolve = resolve_host,
    allow_private: bool = False,
) -> bytes:
    """
    What is at a web address, following up to five redirects. `allow_private` is for tests.

    A name is looked up once and the connection goes to the address that was checked, so that a second answer of the
    name server cannot lead elsewhere.

    :raises InputError: it is no address of the public web, does not answer in time, or answers too much
    """
    ends_at = time.monotonic() + timeout
    check = partial(_checked, resolve=resolve, allow_private=allow_private)
    return _followed(url, check, lambda target: _get(target, ends_at, limit))


def visit(url: str, *, timeout: float = 10, resolve: Resolve = resolve_host, allow_private: bool = False) -> None:
    """
    See whether a page is there, without reading it: by HEAD, or by GET where that is turned away.

    :raises NotVisitedError: it leads, perhaps after redirects, where this program does not go
    :raises NoAnswerError: an error, no answer in time, or a circle
    """
    ends_at = time.monotonic() + timeout
    check = partial(_checked, resolve=resolve, allow_private=allow_private)
    try:
        _followed(url, check, lambda target: _status(target, ends_at, "HEAD"))
    except NoAnswerError:
        _followed(url, check, lambda target: _status(target, ends_at, "GET"))


def _followed(
    url: str, check: "Callable[[str], _Target]", ask: "Callable[[_Target], tuple[Answer, str | None]]"
) -> Answer:
    """What is answered at the end of the redirects, each of which is checked like the first address."""
    asked = url
    for _ in range(_REDIRECTS + 1):
        target = check(asked)
        try:
            answer, leads_to = ask(target)
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            raise NoAnswerError(url, _reason(error)) from error
        if leads_to is None:
            return answer
        asked = urljoin(asked, leads_to)
    raise NoAnswerError(url, f"leads on more than {_REDIRECTS} times")


def _status(target: "_Target", ends_at: float, method: str) -> tuple[int, str | None]:
    """The answer's number, and where it leads to."""
    with closing(_Pinned(target, ends_at)) as connection, closing(_asked(connection, target, method)) as answer:
        if answer.status >= 400:
            raise ValueError(f"answers {answer.status}")
        return answer.status, _next(answer)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to connect to, and what to ask for there."""

    url: str
    parts: SplitResult
    #: the name in ASCII, without the dot at its end
    host: str
    port: int
    addresses: tuple[str, ...]


def _checked(url: str, *, resolve: Resolve, allow_private: bool) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotVisitedError(url, "is not a web address") from error
    if _ODD.search(url) or parts.scheme not in _PORTS or not parts.hostname or len(url) > 2_000:
        raise NotVisitedError(url, "is not a web address")
    if "@" in parts.netloc:
        raise NotVisitedError(url, "holds a name or a password")
    if port not in (None, 80, 443, 8080, 8443) and not allow_private:
        raise NotVisitedError(url, f"names the port {port}, where no pages are")
    host = _ascii_host(parts.hostname, url)
    try:
        addresses = tuple(resolve(host))
    except (OSError, UnicodeError) as error:
        raise NoAnswerError(url, "there is no such host") from error
    if not addresses or not (allow_private or all(map(is_public, addresses))):
        raise (
            NotVisitedError(url, "leads into a private network")
            if addresses
            else NoAnswerError(url, "there is no such host")
        )
    return _Target(url, parts, host, port or _PORTS[parts.scheme], addresses)


def is_public(address: str) -> bool:
    """Whether an address is one of the public web, and no way into the network that we stand in."""
    try:
        found: IPAddress = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not any(found in network for network in _CLOSED_4)
    return found in _OPEN_6 and found.is_global and not any(found in network for network in _CLOSED_6)


def _ascii_host(host: str, url: str) -> str:
    """The host as a name server knows it; an address only in its one plain spelling."""
    host = host.removesuffix(".")
    if ":" in host:
        return host
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NotVisitedError(url, "is not a web address") from error
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise NotVisitedError(url, "is not a web address")
    if _NUMERIC.fullmatch(labels[-1]) and not _is_plain_address(host):
        raise NotVisitedError(url, "hides an address in numbers")
    return name.lower()


def _is_plain_address(host: str) -> bool:
    try:
        return host.isascii() and str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def _get(target: _Target, ends_at: float, limit: int) -> tuple[bytes, str | None]:
    """The page, or where it leads to."""
    with closing(_Pinned(target, ends_at)) as connection, closing(_asked(connection, target, "GET")) as answer:
        if leads_to := _next(answer):
            return b"", leads_to
        if answer.status != 200:
            raise ValueError(f"answers {answer.status}")
        return _content(connection, answer, ends_at, limit), None


def _asked(connection: "_Pinned", target: _Target, method: str) -> http.client.HTTPResponse:
    path = target.parts.path or "/"
    asked = f"{path}?{target.parts.query}" if target.parts.query else path
    headers = {"User-Agent": f"newsletter/{__version__}", "Accept-Encoding": "gzip", "Accept": "*/*"}
    connection.request(method, _ascii_path(asked), headers=headers)
    return connection.getresponse()


def _next(answer: http.client.HTTPResponse) -> str | None:
    return answer.getheader("Location") if answer.status in _REDIRECTED else None


def _ascii_path(path: str) -> str:
    return "".join(mark if mark.isascii() else "".join(f"%{byte:02X}" for byte in mark.encode()) for mark in path)


def _content(connection: "_Pinned", answer: http.client.HTTPResponse, ends_at: float, limit: int) -> bytes:
    is_packed = (answer.getheader("Content-Encoding") or "").strip().lower() in ("gzip", "x-gzip")
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if is_packed else None
    content = b""
    while len(content) <= limit:
        connection.hurry(ends_at)
        more = answer.read1(1 << 16)
        if not more:
            return content
        # one byte over the limit is enough to know
        content += unpack.decompress(more, limit + 1 - len(content)) if unpack else more
    raise ValueError(f"answers more than {limit >> 20} MiB")


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name that was asked for."""

    def __init__(self, target: _Target, ends_at: float) -> None:
        super().__init__(target.host, target.port)
        self._target, self._ends_at = target, ends_at
        #: kept, because `sock` is gone as soon as the answer's headers are there
        self._wire: socket.socket | None = None

    def connect(self) -> None:
        """To the first address that answers; encrypted, with the name verified, where the scheme says so."""
        self.sock = self._opened()
        if self._target.parts.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._target.host)
        self._wire = self.sock

    def hurry(self, ends_at: float) -> None:
        """Nothing waits longer than the time that is left for everything."""
        left = _left(ends_at)
        if self._wire:
            self._wire.settimeout(left)

    def _opened(self) -> socket.socket:
        problem: OSError = OSError("no address answers")
        for address in self._target.addresses[:4]:
            try:
                return socket.create_connection((address, self._target.port), timeout=_left(self._ends_at))
            except OSError as error:
                problem = error
        raise problem


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("takes too long")
    return left


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "takes too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not fit ({error.verify_message})"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())[:200]


def _shown(url: str) -> str:
    """Without what may be a secret, and on one line."""
    bare = re.sub(r"//[^/@]*@", "//…@", url[:200])
    return "".join(mark if mark.isprintable() else "?" for mark in bare)
