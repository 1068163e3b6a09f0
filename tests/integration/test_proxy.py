"""The stretch of network that other tests cut: what it adds, what it holds back, and what it loses."""

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.store import open_store
from tests import postgres
from tests.builders import NOW
from tests.proxy import Proxy, a_proxy
from tests.stores import NEWSLETTER, an_entry

Line = socket.socket


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says everything back, and that no more will come when it is told so."""

    def answer(line: Line) -> None:
        with line:
            while received := line.recv(1 << 18):
                line.sendall(received)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, answer), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: Line, answer: Callable[[Line], None]) -> None:
    while True:
        try:
            line, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_quietly, args=(answer, line), daemon=True).start()


def _quietly(answer: Callable[[Line], None], line: Line) -> None:
    try:
        answer(line)
    except OSError:
        return


@contextmanager
def connected(port: int, *, patience: float = 10.0) -> Iterator[Line]:
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield line


def say(line: Line, word: bytes) -> bytes:
    line.sendall(word)
    return exactly(line, len(word))


def exactly(line: Line, length: int) -> bytes:
    received = b""
    while len(received) < length and (more := line.recv(1 << 18)):
        received += more
    return received


def seconds_of(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def is_silent(line: Line, *, seconds: float = 0.3) -> bool:
    line.settimeout(seconds)
    try:
        line.recv(1)
    except TimeoutError:
        return True
    finally:
        line.settimeout(10)
    return False


def test_twice_the_delay_is_twice_the_way_there_and_back(echo: int) -> None:
    with a_proxy(echo, delay=0.02) as near, a_proxy(echo, delay=0.04) as far:
        with connected(echo) as direct, connected(near.port) as short, connected(far.port) as long:
            took: dict[Line, list[float]] = {direct: [], short: [], long: []}
            for _ in range(11):
                for line, seconds in took.items():
                    seconds.append(seconds_of(lambda line=line: say(line, b"hello")))  # type: ignore[misc]
        here, there, farther = (statistics.median(seconds[1:]) for seconds in took.values())
    assert there - here >= 2 * 0.02
    assert 1.7 < (farther - here) / (there - here) < 2.3


def test_much_at_once_comes_no_later_than_little(echo: int) -> None:
    with a_proxy(echo, delay=0.05) as proxy, connected(proxy.port) as line:
        say(line, b"hello")
        sent = bytes(range(256)) * (8 << 12)
        got: list[bytes] = []

        def there_and_back() -> None:
            reading = threading.Thread(target=lambda: got.append(exactly(line, len(sent))))
            reading.start()
            line.sendall(sent)
            reading.join()

        took = seconds_of(there_and_back)
        assert got == [sent]
    # To wait for each of at least 32 pieces would take 3 seconds.
    assert took < 1.5


def test_nothing_passes_a_cut_and_nothing_is_closed_or_lost(echo: int) -> None:
    with a_proxy(echo, delay=0.01) as proxy, connected(proxy.port) as line:
        say(line, b"before")
        line.sendall(b"on the way, ")
        proxy.cut()
        line.sendall(b"and after it")
        assert is_silent(line)
        proxy.heal()
        assert exactly(line, 24) == b"on the way, and after it"


def test_whoever_connects_to_a_cut_net_waits_until_it_is_healed(echo: int) -> None:
    with a_proxy(echo) as proxy:
        proxy.cut()
        with connected(proxy.port) as line:
            line.sendall(b"anybody there?")
            assert is_silent(line)
            proxy.heal()
            assert exactly(line, 14) == b"anybody there?"


def test_whoever_dies_behind_a_cut_is_not_missed_until_it_is_healed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, a_proxy(server.getsockname()[1]) as proxy:
        with connected(proxy.port) as line:
            line.sendall(b"x")
            there, _ = server.accept()
            assert there.recv(1) == b"x"
            proxy.cut()
        with there:
            assert is_silent(there)
            proxy.heal()
            assert there.recv(1) == b""


def test_a_reset_breaks_off_both_sides_and_others_may_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, a_proxy(server.getsockname()[1]) as proxy:
        with connected(proxy.port) as line:
            there, _ = server.accept()
            with there:
                proxy.reset()
                for side in (line, there):
                    side.settimeout(10)
                    with pytest.raises(ConnectionResetError):
                        side.recv(1)
        with connected(proxy.port) as line:
            there, _ = server.accept()
            with there:
                there.sendall(b"x")
                assert line.recv(1) == b"x"


def test_that_no_more_will_come_is_told_each_way_by_itself(echo: int) -> None:
    with a_proxy(echo, delay=0.01) as proxy, connected(proxy.port) as line:
        line.sendall(b"the last word")
        line.shutdown(socket.SHUT_WR)
        assert exactly(line, 100) == b"the last word"


def test_where_nobody_listens_the_connection_is_broken_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with a_proxy(port) as proxy, connected(proxy.port) as line, pytest.raises(ConnectionResetError):
        line.recv(1)


def test_a_store_on_a_server_is_reached_through_it(tmp_path: Path) -> None:
    url = postgres.empty_for(tmp_path)
    try:
        with a_proxy(postgres.socket_of(url)) as proxy:
            _keep_one(proxy, url)
    finally:
        postgres.drop_for(tmp_path)


def _keep_one(proxy: Proxy, url: str) -> None:
    with open_store(postgres.by_way_of(proxy.port, url)) as store:
        store.readers.take_in(NEWSLETTER, [an_entry(1)], update=False, actor="mei", now=NOW)
        proxy.reset()
        # The pool notices, and connects anew.
        assert store.readers.count(NEWSLETTER) == 1
