"""An SMTP server of raw sockets that does what a test tells it at any step, and remembers what it took."""

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: what may happen instead of an answer
DROP, RESET, HANG = "drop", "reset", "hang"
#: the steps at which something may happen, as they come
CONNECT, EHLO, MAIL, RCPT, DATA, DOT = "connect", "EHLO", "MAIL", "RCPT", "DATA", "."

_ANSWERS = {CONNECT: "220 ready", DATA: "354 go on", DOT: "250 2.0.0 Ok: queued as 4F1A", "QUIT": "221 bye"}
#: seconds; nothing here takes longer
_AT_MOST = 20.0


@dataclass(frozen=True, slots=True)
class Moment:
    connection: int
    step: str
    #: which of its kind on this connection, from one
    count: int


Play = Callable[[Moment], str | None]


def as_usual(_: Moment) -> None:
    return None


@dataclass(slots=True)
class Script:
    """`play` may give another answer than the usual one, or DROP, RESET or HANG; a 421 closes the connection."""

    play: Play = as_usual
    pipelining: bool = False
    #: bytes of an answer that leave at once
    piece: int = 1_000_000
    #: bytes of a mail that are read at once, and the seconds before each
    gulp: int = 65_536
    rest: float = 0
    #: bytes of a mail after which it hangs up
    enough: int = 1 << 40
    #: encrypted from the first byte
    context: ssl.SSLContext | None = None
    #: hangs up on whoever has been silent since the last message for so long
    idle: float = _AT_MOST
    #: what hanging up looks like then
    farewell: str = DROP
    #: all messages that came to their final dot, and those of them that got a yes: reader and content
    arrived: list[tuple[str, bytes]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    #: steps of each connection
    steps: dict[int, Counter[str]] = field(default_factory=dict)
    #: connections that came to their end
    ended: threading.Event = field(default_factory=threading.Event)


class _Over(Exception):  # noqa: N818 - it is no error
    pass


class _Talk:
    def __init__(self, script: Script, line: socket.socket, number: int) -> None:
        self.script, self.line, self.number = script, line, number
        self.buffer = b""
        self.reader = ""
        self.steps = script.steps[number] = Counter()

    def run(self) -> None:
        self._at(CONNECT)
        while True:
            word = self._line().split(b" ")[0].upper()
            self._at(word.decode())

    def _at(self, step: str) -> None:
        self.steps[step] += 1
        if step == DOT:
            content = self._message()
            if self.reader:
                self.script.arrived.append((self.reader, content))
        said = self.script.play(Moment(self.number, step, self.steps[step])) or self._usual(step)
        if step == RCPT and not said.startswith("2"):
            self.reader = ""
        if step == DOT and said.startswith("250"):
            self.script.taken.append(self.reader)
        self._do(said)
        if step == DATA and said.startswith("354"):
            self._at(DOT)

    def _usual(self, step: str) -> str:
        if step == EHLO:
            return "250-script.example.com\r\n250-PIPELINING\r\n250 OK" if self.script.pipelining else "250 OK"
        if step == DOT and not self.reader:
            # It asked for the message all the same, as RFC 2920 section 3.1 allows.
            return "554 5.5.1 no valid recipients"
        return _ANSWERS.get(step, "250 OK")

    def _do(self, said: str) -> None:
        if said == HANG:
            # Until the other side has had enough.
            while self.line.recv(65_536):
                pass
            raise _Over
        if said == RESET:
            reset(self.line)
        if said in {DROP, RESET}:
            raise _Over
        answer = f"{said}\r\n".encode()
        for start in range(0, len(answer), self.script.piece):
            self.line.sendall(answer[start : start + self.script.piece])
        if said.startswith(("421", "221")):
            raise _Over

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._read(65_536)
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        if line[:4].upper() == b"RCPT":
            self.reader = line.partition(b"<")[2].partition(b">")[0].decode()
        return line

    def _message(self) -> bytes:
        end = b"\r\n.\r\n"
        came = bytearray(b"\r\n" + self.buffer)
        seen = 0
        while (found := came.find(end, seen)) < 0:
            seen = max(0, len(came) - len(end))
            self.buffer = b""
            time.sleep(self.script.rest)
            self._read(self.script.gulp)
            came += self.buffer
            if len(came) > self.script.enough:
                raise _Over
        self.buffer = bytes(came[found + len(end) :])
        return bytes(came[2:found] + b"\r\n").replace(b"\r\n..", b"\r\n.")

    def _read(self, count: int) -> None:
        self.line.settimeout(self.script.idle if self.script.arrived else _AT_MOST)
        try:
            received = self.line.recv(count)
        except TimeoutError:
            self._do(self.script.farewell)
            raise _Over from None
        if not received:
            raise _Over
        self.buffer += received


def reset(line: socket.socket) -> None:
    """Makes closing it a reset, after which nothing more can be read on the other side."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def scripted_server(script: Script) -> Iterator[int]:
    """Plays it and gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if script.gulp < 65_536:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, script.gulp)
        threads: list[threading.Thread] = []
        accepting = threading.Thread(target=_accept, args=(script, listening, threads))
        accepting.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            for thread in [accepting, *threads]:
                thread.join(_AT_MOST)
                assert not thread.is_alive()


def _accept(script: Script, listening: socket.socket, threads: list[threading.Thread]) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=_serve, args=(script, line, len(threads) + 1))
        threads.append(thread)
        thread.start()


def _serve(script: Script, plain: socket.socket, number: int) -> None:
    line = plain
    with suppress(_Over, OSError):
        plain.settimeout(_AT_MOST)
        if script.context:
            line = script.context.wrap_socket(plain, server_side=True)
        _Talk(script, line, number).run()
    line.close()
    script.ended.set()
