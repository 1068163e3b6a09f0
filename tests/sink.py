"""
A fast SMTP sink that keeps the truth: who got what is written to a file before the answer leaves.

Run as `python -m tests.sink FILE [NAME=RATE…]`; prints its port. With rates it has faults, drawn with a fixed seed:
`silent` (takes a message and hangs up without a word), `soft` and `hard` (450 and 550 for a reader), `closing` (421),
`cut` (hangs up in the middle of a message). It offers PIPELINING, and answers as fast as it can.
"""

import random
import selectors
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_EHLO = b"250-sink.example.com\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250 8BITMIME\r\n"
_END = b"\r\n.\r\n"
_CHUNK = 1 << 18


class HangUpError(Exception):
    """This connection is over; its text is the last word, after the answers that are due."""

    def __init__(self, last_word: bytes = b"") -> None:
        super().__init__()
        self.last_word = last_word


@dataclass(slots=True)
class Talk:
    """One connection."""

    line: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    reader: bytes = b""
    is_in_data: bool = False
    #: how far the end of the message has been looked for
    seen: int = 0


@dataclass(slots=True)
class Sink:
    truth: BinaryIO
    rates: Mapping[str, float]
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def take(self, talk: Talk, received: bytes) -> bytes:
        """What to answer. RFC 2920: commands may come in one piece."""
        talk.buffer += received
        answers: list[bytes] = []
        try:
            while self._step(talk, answers):
                pass
        except HangUpError as error:
            talk.line.sendall(b"".join([*answers, error.last_word]))
            raise
        return b"".join(answers)

    def _step(self, talk: Talk, answers: list[bytes]) -> bool:
        if talk.is_in_data:
            return self._message(talk, answers)
        end = talk.buffer.find(b"\r\n")
        if end < 0:
            return False
        command = bytes(talk.buffer[:end])
        del talk.buffer[: end + 2]
        answers.append(self._answer(talk, command))
        return True

    def _answer(self, talk: Talk, command: bytes) -> bytes:
        verb = command[:4].upper()
        if verb == b"RCPT":
            return self._reader(talk, command)
        if verb == b"DATA":
            if not talk.reader:
                return b"503 5.5.1 nobody to send it to\r\n"
            talk.is_in_data, talk.seen = True, 0
            # the line before the message counts for its end, too
            talk.buffer[:0] = b"\r\n"
            return b"354 go on\r\n"
        if verb == b"QUIT":
            raise HangUpError(b"221 2.0.0 bye\r\n")
        if verb in (b"MAIL", b"RSET"):
            talk.reader = b""
        return _EHLO if verb == b"EHLO" else b"250 2.0.0 ok\r\n"

    def _reader(self, talk: Talk, command: bytes) -> bytes:
        if self._is("closing"):
            raise HangUpError(b"421 4.3.2 closing\r\n")
        if self._is("soft"):
            return b"450 4.2.1 not now\r\n"
        if self._is("hard"):
            return b"550 5.2.0 not here\r\n"
        talk.reader = command[command.index(b"<") + 1 : command.index(b">")]
        return b"250 2.1.5 ok\r\n"

    def _message(self, talk: Talk, answers: list[bytes]) -> bool:
        if self.rates and talk.seen == 0 and len(talk.buffer) > 4096 and self._is("cut"):
            raise HangUpError
        end = talk.buffer.find(_END, max(0, talk.seen - len(_END)))
        if end < 0:
            talk.seen = len(talk.buffer)
            return False
        del talk.buffer[: end + len(_END)]
        talk.is_in_data = False
        self.truth.write(talk.reader + b"\n")
        if self._is("silent"):
            raise HangUpError
        answers.append(b"250 2.0.0 queued as 1234567\r\n")
        return True

    def _is(self, fault: str) -> bool:
        return fault in self.rates and self.chance.random() < self.rates[fault]


def main() -> None:
    path, *faults = sys.argv[1:]
    rates = {name: float(rate) for name, rate in (fault.split("=") for fault in faults)}
    # not buffered: what is answered has been written, whoever is killed
    with Path(path).open("ab", buffering=0) as truth, socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        print(server.getsockname()[1], flush=True)
        _serve(server, Sink(truth, rates))


def _serve(server: socket.socket, sink: Sink) -> None:
    waiting = selectors.DefaultSelector()
    waiting.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.data is None:
                line, _ = server.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.sendall(b"220 sink.example.com\r\n")
                waiting.register(line, selectors.EVENT_READ, Talk(line))
                continue
            try:
                received = key.data.line.recv(_CHUNK)
                answers = sink.take(key.data, received) if received else None
                if answers is None:
                    raise HangUpError
                if answers:
                    key.data.line.sendall(answers)
            except (OSError, HangUpError):
                waiting.unregister(key.data.line)
                key.data.line.close()


if __name__ == "__main__":
    main()
