"""
A stretch of network on this machine: it takes its time, can be cut, and can be healed.

Run as `python -m tests.proxy TARGET [--delay SECONDS] [--port PORT]`, where TARGET is a port of this machine or the
path of a socket; prints the port that it listens on. Whatever goes through it arrives so much later, each way, and as
much at once as was sent: pieces wait with their due times, nothing is held back for the next. A connection takes one
and a half times of there and back to be made, as TCP's handshake does. epoll's clock counts milliseconds: a piece may
be one late.

A line on its standard input tells it what happens, and is repeated when that is done: `cut` (nothing passes, nothing is
closed, whoever connects waits), `heal` (what waited goes on), `reset` (all connections are broken off). It ends with
its standard input.
"""

import argparse
import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

#: what may wait for its time on one way: with 20 ms, 1.6 GB a second pass
_MOST_WAITING = 1 << 25
#: in place of a piece: no more will come; broken off
_END, _BREAK = b"", None


@dataclass(slots=True, eq=False)
class Net:
    """All connections, and whether anything passes."""

    target: str
    delay: float
    ends: "set[End]" = field(default_factory=set)
    is_whole: asyncio.Event = field(default_factory=asyncio.Event)
    _making: "set[asyncio.Task[None]]" = field(default_factory=set)

    def accept(self) -> "End":
        """An end for somebody who connects; the other end is made when the handshake would be over."""
        end = End(self)
        far = End(self, end)
        end.other = far
        task = asyncio.get_running_loop().create_task(self._reach(far))
        self._making.add(task)
        task.add_done_callback(self._making.discard)
        return end

    async def _reach(self, far: "End") -> None:
        await asyncio.sleep(3 * self.delay)
        await self.is_whole.wait()
        loop = asyncio.get_running_loop()
        try:
            if "/" in self.target:
                await loop.create_unix_connection(lambda: far, self.target)
            else:
                await loop.create_connection(lambda: far, "127.0.0.1", int(self.target))
        except OSError:
            far.peer.break_off()

    def cut(self) -> None:
        self.is_whole.clear()
        self._settle()

    def heal(self) -> None:
        self.is_whole.set()
        self._settle()

    def reset(self) -> None:
        for task in self._making:
            task.cancel()
        for end in list(self.ends):
            end.break_off()

    def _settle(self) -> None:
        for end in list(self.ends):
            end.choose_reading()
            end.flush()


@dataclass(slots=True, eq=False)
class End(asyncio.Protocol):
    """One side of a connection, and what waits to leave by it."""

    net: Net
    other: "End | None" = None
    transport: Any = None
    waiting: deque[tuple[float, bytes | None]] = field(default_factory=deque)
    size: int = 0
    is_full: bool = False
    is_over: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> "End":
        if self.other is None:
            raise RuntimeError("an end without another")
        return self.other

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(high=0)
        self.net.ends.add(self)
        self.choose_reading()
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.peer.later(data)
        self.choose_reading()

    def eof_received(self) -> bool:
        self.peer.later(_END)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.net.ends.discard(self)
        if exc is not None:
            self.peer.later(_BREAK)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self.flush()

    def later(self, piece: bytes | None) -> None:
        """Let it leave when its time has come."""
        self.waiting.append((asyncio.get_running_loop().time() + self.net.delay, piece))
        self.size += len(piece or b"")
        if self.timer is None:
            self.flush()

    def flush(self) -> None:
        """Whatever is due."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
        loop = asyncio.get_running_loop()
        while self._may_write():
            due, piece = self.waiting[0]
            if due > loop.time():
                self.timer = loop.call_at(due, self.flush)
                break
            self.waiting.popleft()
            self._write(piece)
        self.peer.choose_reading()

    def _may_write(self) -> bool:
        return bool(self.waiting) and self.transport is not None and self.net.is_whole.is_set() and not self.is_full

    def _write(self, piece: bytes | None) -> None:
        if piece is _BREAK:
            self.break_off()
        elif piece:
            self.size -= len(piece)
            self.transport.write(piece)
        else:
            self._end()

    def _end(self) -> None:
        # Whoever is gone cannot be told that no more will come.
        with contextlib.suppress(OSError):
            self.transport.write_eof()
        self.is_over = True
        if self.peer.is_over:
            self.transport.close()
            self.peer.transport.close()

    def choose_reading(self) -> None:
        """Nobody reads what cannot go on: then its sender notices, as of a network."""
        if self.transport is None:
            return
        if self.net.is_whole.is_set() and self.peer.size < _MOST_WAITING:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def break_off(self) -> None:
        if self.transport is None:
            return
        line = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


@dataclass(slots=True)
class Proxy:
    """A running one."""

    port: int
    process: "subprocess.Popen[str]"

    def cut(self) -> None:
        self._tell("cut")

    def heal(self) -> None:
        self._tell("heal")

    def reset(self) -> None:
        self._tell("reset")

    def _tell(self, word: str) -> None:
        told, says = self.process.stdin, self.process.stdout
        if told is None or says is None:
            raise RuntimeError("the proxy cannot be told anything")
        print(word, file=told, flush=True)
        if says.readline().strip() != word:
            raise RuntimeError(f"the proxy does not {word}")


@contextmanager
def a_proxy(target: object, *, delay: float = 0.0) -> Iterator[Proxy]:
    """
    Run one before a port or a socket.

    The tests' PostgreSQL listens on a socket only, and needs nothing else: `a_proxy(postgres.socket_of(url))`.
    """
    command = [sys.executable, "-m", "tests.proxy", str(target), "--delay", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Proxy(int(process.stdout.readline() if process.stdout else 0), process)
        finally:
            process.terminate()


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.proxy")
    asked.add_argument("target", help="a port of this machine, or the path of a socket")
    asked.add_argument("--delay", type=float, default=0.0, help="seconds, each way")
    asked.add_argument("--port", type=int, default=0, help="to listen on; else any that is free")
    words = asked.parse_args()
    asyncio.run(_serve(words.target, words.delay, words.port))


async def _serve(target: str, delay: float, port: int) -> None:
    loop = asyncio.get_running_loop()
    net = Net(target, delay)
    net.heal()
    server = await loop.create_server(net.accept, "127.0.0.1", port, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    happenings = {"cut": net.cut, "heal": net.heal, "reset": net.reset}
    while line := await lines.readline():
        word = line.decode().strip()
        if word in happenings:
            happenings[word]()
            print(word, flush=True)


if __name__ == "__main__":
    main()
