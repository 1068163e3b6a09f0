"""
The connection by which mail/send requests leave.

The sendgrid client opens a new connection for every request, encodes ready-made JSON once more, and does not say when
the first byte leaves. So it keeps the small calls, and the mail goes by the standard library's `http.client`.
"""

import http.client
import select
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from socket import SHUT_RDWR
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from newsletter.providers.sendgrid.answers import Answer, silence, unreachable

#: seconds after which a kept connection is not trusted any more: its server may be closing it at this moment, and a
#: request that meets that is one whose fate nobody knows
_TRUSTED = 2.0
_LONGEST_ANSWER = 1_000_000
_PATH = "/v3/mail/send"


class Line:
    """One connection, and at most one request on its way."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        # Otherwise a body could be sent down a connection of its own.
        connection.auto_open = 0
        self._used_at = time.monotonic()

    def begin(self, path: str, headers: Mapping[str, str], size: int) -> None:
        """All of the request that stands before its body, which alone is nothing that SendGrid could take."""
        self._connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in headers.items():
            self._connection.putheader(name, value)
        self._connection.putheader("Content-Length", str(size))
        self._connection.endheaders()

    def exchange(self, body: bytes) -> Answer:
        """The body, and what is answered to it."""
        try:
            try:
                self._connection.send(body)
            except OSError as error:
                return self._hasty_answer(error)
            return self._answer()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return silence(error)

    def is_fresh(self) -> bool:
        """True when it has just been used, and the other side has not said anything since, such as that it leaves."""
        socket = self._connection.sock
        return (
            socket is not None
            and time.monotonic() - self._used_at < _TRUSTED
            and not select.select([socket], [], [], 0)[0]
        )

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()

    def abandon(self) -> None:
        """Close it under the hands of whoever waits for an answer."""
        socket = self._connection.sock
        if socket is not None:
            with suppress(OSError):
                socket.shutdown(SHUT_RDWR)

    def _hasty_answer(self, error: OSError) -> Answer:
        """The body did not get through; a server that refuses it unread may have said so before it hung up."""
        answer = self._answer()
        self.close()
        return answer if 400 <= answer.status < 500 else silence(error)

    def _answer(self) -> Answer:
        response = self._connection.getresponse()
        content = response.read(_LONGEST_ANSWER)
        if not response.isclosed():
            self.close()
        self._used_at = time.monotonic()
        return Answer(response.status, response.headers, content)


class Wire:
    """Lines to one server, of which the last is kept for the next request."""

    def __init__(self, url: str, headers: Mapping[str, str], *, timeout: float) -> None:
        self._url = urlsplit(url)
        self._path = self._url.path + _PATH
        self._headers = {**headers, "Content-Type": "application/json"}
        self._timeout = timeout
        self._kept: Line | None = None

    def begin(self, size: int) -> Line:
        """
        A line on which everything has been said but the body, of so many bytes.

        :raises TransientError: there is none; nothing that SendGrid could take has been written
        """
        line, self._kept = self._kept, None
        try:
            if line and line.is_fresh():
                with suppress(OSError, http.client.HTTPException):
                    line.begin(self._path, self._headers, size)
                    return line
            if line:
                line.close()
            line = Line(self._connected())
            line.begin(self._path, self._headers, size)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(error) from error
        return line

    def keep(self, line: Line) -> None:
        self._kept = line

    def close(self) -> None:
        line, self._kept = self._kept, None
        if line:
            line.close()

    def _connected(self) -> http.client.HTTPConnection:
        connection = self._unconnected()
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _unconnected(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        proxy = _proxy()
        if not proxy.hostname or proxy_bypass(host):
            return http.client.HTTPSConnection(host, port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=self._timeout)
        connection.set_tunnel(host, port, headers=_login(proxy))
        return connection


def _proxy() -> SplitResult:
    """What the environment names, as the sendgrid client would use it."""
    named = getproxies().get("https", "")
    return urlsplit(named if "//" in named else f"//{named}")


def _login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
