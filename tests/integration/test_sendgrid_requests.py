"""How letters become requests: who shares one, when it leaves, when its readers are at risk, on which connection."""

import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from newsletter.delivery import Batch, Outcome, Receipt
from newsletter.edition import cut_edition
from newsletter.errors import PermanentError, SettingsError, TransientError
from newsletter.message import Letter
from newsletter.providers.sendgrid import SendGridTransport
from newsletter.providers.sendgrid.request import Gathering, Group
from tests.builders import a_compiled_issue, a_recipient, an_edition
from tests.fakes.sendgrid import HANG_UNTAKEN, RESET_UNREAD, FakeSendGrid, Script, fake_sendgrid
from tests.smtpd import free_port, make_certificate

KEY = "SG.right"
FULL, SHORT = an_edition(), cut_edition(a_compiled_issue(), ["grid"])


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with fake_sendgrid(KEY) as running:
        yield running


def transport_to(fake: FakeSendGrid, *, batch: int | None = None, timeout: float = 5) -> SendGridTransport:
    return SendGridTransport(KEY, url=fake.url, batch=batch, timeout=timeout)


def letters(*numbers: int) -> list[Letter | None]:
    """Letter 1, 2, …; 0 stands for none at the moment, and from 100 on they are of another edition."""
    return [Letter(SHORT if number >= 100 else FULL, a_recipient(number)) if number else None for number in numbers]


def ids(receipts: Sequence[Receipt]) -> list[int]:
    return [receipt.delivery_id for receipt in receipts]


def sizes(fake: FakeSendGrid) -> list[int]:
    return [len(request["personalizations"]) for request in fake.requests]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], [3]),
        ([1, 2, 3, 4, 5], [4, 1]),
        ([1, 2, 3, 4], [4]),
        ([1, 100, 101, 2], [1, 2, 1]),
        ([1, 2, 0, 3], [2, 1]),
        ([0, 0, 1, 2], [2]),
        ([0], []),
        ([], []),
    ],
)
def test_neighbours_of_one_edition_share_a_request(fake: FakeSendGrid, numbers: list[int], expected: list[int]) -> None:
    with transport_to(fake, batch=4) as transport:
        receipts = [receipt for some in transport.send(iter(letters(*numbers)), lambda _: None) for receipt in some]
    assert sizes(fake) == expected
    assert ids(receipts) == [number for number in numbers if number]
    assert {receipt.outcome for receipt in receipts} <= {Outcome.ACCEPTED}
    assert fake.inboxes == {f"reader{number}@example.com": 1 for number in numbers if number}


def test_each_edition_is_the_one_its_reader_gets(fake: FakeSendGrid) -> None:
    with transport_to(fake) as transport:
        list(transport.send(iter(letters(1, 100, 2)), lambda _: None))
    held = {mail.address: "芯片" in mail.text for mail in fake.delivered}
    assert held == {"reader1@example.com": True, "reader100@example.com": False, "reader2@example.com": True}


def test_a_request_leaves_before_the_next_letter_is_asked_for_when_there_is_none_for_the_moment(
    fake: FakeSendGrid,
) -> None:
    def slowly() -> Iterator[Letter | None]:
        yield from letters(1, 0)
        assert sizes(fake) == [1]
        yield from letters(2, 0)
        assert sizes(fake) == [1, 1]

    with transport_to(fake) as transport:
        assert sum(map(len, transport.send(slowly(), lambda _: None))) == 2


def test_a_request_stays_below_the_largest_that_sendgrid_takes() -> None:
    gathering = Gathering(most=1_000, largest=12_000)
    found = [group for letter in letters(*range(1, 31)) if letter for group in gathering.add(letter)]
    groups = [group for group in [*found, *gathering.close()] if isinstance(group, Group)]
    lengths = [len(group.sheet.body(group.copies)) for group in groups]
    assert sum(len(group.copies) for group in groups) == 30
    assert len(groups) > 2
    assert max(lengths) <= 12_000
    assert min(lengths[:-1]) > 10_000


def test_an_edition_that_cannot_go_out_does_not_keep_back_the_one_before_it(fake: FakeSendGrid) -> None:
    bad = Letter(replace(SHORT, subject="a\nBcc: b"), a_recipient(2))
    seen: list[int] = []
    with transport_to(fake) as transport:
        receipts = transport.send(iter([*letters(1), bad]), lambda _: None)
        with pytest.raises(PermanentError, match="subject"):
            seen.extend(number for some in receipts for number in ids(some))
    assert seen == [1]
    assert fake.inboxes == {"reader1@example.com": 1}


def test_readers_are_at_risk_from_the_bodys_first_byte_on() -> None:
    """The server has all that stands before the body when they are named, and nothing of the body."""
    seen: dict[tuple[int, ...], bytes] = {}

    def at_risk(numbers: Sequence[int]) -> None:
        # Whatever was sent is there at once on loopback.
        while select.select([line], [], [], 0.2)[0]:
            seen[tuple(numbers)] = seen.get(tuple(numbers), b"") + line.recv(100_000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport = SendGridTransport(KEY, url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=0.5)
        accepting: list[socket.socket] = []
        thread = threading.Thread(target=lambda: accepting.append(listening.accept()[0]))
        thread.start()

        class Late:
            """The server's side, as soon as there is one."""

            def __getattr__(self, name: str) -> object:
                thread.join()
                return getattr(accepting[0], name)

        line: socket.socket = Late()  # type: ignore[assignment]
        receipts = [receipt for some in transport.send(iter(letters(1, 2)), at_risk) for receipt in some]
        accepting[0].close()
    assert [receipt.outcome for receipt in receipts] == [Outcome.UNKNOWN] * 2
    assert list(seen) == [(1, 2)]
    assert seen[1, 2].startswith(b"POST /v3/mail/send HTTP/1.1\r\n")
    assert seen[1, 2].endswith(b"\r\n\r\n")


def test_nobody_is_at_risk_while_the_server_cannot_be_reached() -> None:
    named: list[int] = []
    transport = SendGridTransport(KEY, url=f"http://127.0.0.1:{free_port()}")
    with transport, pytest.raises(TransientError, match="cannot be reached"):
        list(transport.send(iter(letters(1)), named.extend))
    assert named == []


def test_one_request_at_a_time_is_at_risk(fake: FakeSendGrid) -> None:
    open_at_once: list[set[int]] = []
    unsure: set[int] = set()

    def at_risk(numbers: Sequence[int]) -> None:
        unsure.update(numbers)
        open_at_once.append(set(unsure))

    with transport_to(fake, batch=2) as transport:
        for some in transport.send(iter(letters(1, 2, 3, 4, 5)), at_risk):
            unsure -= set(ids(some))
    assert open_at_once == [{1, 2}, {3, 4}, {5}]


def test_while_sendgrid_thinks_there_is_a_sign_of_life_every_twentieth_second(fake: FakeSendGrid) -> None:
    fake.scripts.append(HANG_UNTAKEN)
    with transport_to(fake, timeout=0.6) as transport:
        times = [time.monotonic()]
        signs = []
        for some in transport.send(iter(letters(1)), lambda _: None):
            times.append(time.monotonic())
            signs.append(some)
    assert [len(some) for some in signs][-1] == 1
    assert len(signs) >= 10
    gaps = sorted(after - before for before, after in pairwise(times))
    assert gaps[len(gaps) // 2] <= 0.06


def test_whoever_stops_at_once_does_not_wait_for_the_answer(fake: FakeSendGrid) -> None:
    fake.scripts.append(HANG_UNTAKEN)
    named: list[int] = []
    with transport_to(fake, timeout=30) as transport:
        receipts = transport.send(iter(letters(1)), named.extend)
        while not named:
            next(receipts)
        started = time.monotonic()
        receipts.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 1


def test_requests_share_a_connection(fake: FakeSendGrid) -> None:
    with transport_to(fake, batch=1) as transport:
        list(transport.send(iter(letters(1, 2, 3, 4)), lambda _: None))
    assert (sizes(fake), fake.connections) == ([1] * 4, 1)


def test_a_connection_that_the_server_has_closed_meanwhile_makes_nobody_unsure(fake: FakeSendGrid) -> None:
    with transport_to(fake) as transport:
        list(transport.send(iter(letters(1)), lambda _: None))
        kept = transport._wire._kept
        assert kept
        assert kept.is_fresh()
        # What the server does when it restarts, or when its patience is over.
        kept._connection.sock.shutdown(socket.SHUT_RD)
        (receipt,) = [receipt for some in transport.send(iter(letters(2)), lambda _: None) for receipt in some]
    assert receipt.outcome is Outcome.ACCEPTED
    assert (sizes(fake), fake.connections) == ([1, 1], 2)


def test_a_connection_that_has_rested_is_not_trusted(fake: FakeSendGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    with transport_to(fake) as transport:
        list(transport.send(iter(letters(1)), lambda _: None))
        monkeypatch.setattr("newsletter.providers.sendgrid.wire._TRUSTED", 0.0)
        list(transport.send(iter(letters(2)), lambda _: None))
    assert fake.connections == 2


@pytest.mark.parametrize("script", [RESET_UNREAD, Script(500), Script(500, is_taken=True)])
def test_after_an_unknown_request_the_next_one_goes_out(fake: FakeSendGrid, script: Script | str) -> None:
    fake.scripts.append(script)
    with transport_to(fake, batch=1) as transport:
        receipts = [receipt for some in transport.send(iter(letters(1, 2)), lambda _: None) for receipt in some]
    assert [receipt.outcome for receipt in receipts] == [Outcome.UNKNOWN, Outcome.ACCEPTED]


def test_the_certificate_must_be_one_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, context = make_certificate(tmp_path)
    with fake_sendgrid(KEY) as fake:
        fake.secure(context)
        url = fake.url.replace("http:", "https:")
        with (
            SendGridTransport(KEY, url=url, timeout=5) as transport,
            pytest.raises(TransientError, match="certificate"),
        ):
            list(transport.send(iter(letters(1)), lambda _: None))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with SendGridTransport(KEY, url=url, batch=1, timeout=5) as transport:
            list(transport.send(iter(letters(1, 2)), lambda _: None))
    assert fake.inboxes == {"reader1@example.com": 1, "reader2@example.com": 1}
    assert fake.connections == 2


def test_a_proxy_that_the_environment_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bytes] = []

    def refuse() -> None:
        line, _ = listening.accept()
        with line:
            said.append(line.recv(10_000))
            line.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://us:p%40ss@127.0.0.1:{listening.getsockname()[1]}")
        with SendGridTransport(KEY) as transport, pytest.raises(TransientError, match="407"):
            list(transport.send(iter(letters(1)), lambda _: None))
        thread.join()
    assert said[0].startswith(b"CONNECT api.sendgrid.com:443 ")
    assert b"Proxy-Authorization: Basic dXM6cEBzcw==\r\n" in said[0]
    assert KEY.encode() not in said[0]


@pytest.mark.parametrize("options", [{"batch": 0}, {"batch": 1_001}, {"hold": 899}, {"hold": 72 * 3_600}])
def test_what_sendgrid_does_not_take_cannot_be_set(options: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="1 to 1,000"):
        SendGridTransport(KEY, **options)  # type: ignore[arg-type]


def test_so_many_are_claimed_at_once_as_fit_a_request() -> None:
    assert SendGridTransport(KEY).window == 200
    assert SendGridTransport(KEY, exact=True).window == 1_000
    assert SendGridTransport(KEY, exact=True, batch=50).window == 50


def test_whoever_sleeps_for_longer_than_a_batch_is_held_hands_nothing_over_under_it(fake: FakeSendGrid) -> None:
    """Others have taken it back and sent the mails themselves; what comes late would leave at once."""
    slept = [0.0]
    transport = SendGridTransport(KEY, url=fake.url, exact=True)
    transport.clock = lambda: time.time() + slept[0]

    def remember(batch: Batch, _: Sequence[int]) -> None:
        fake.cancel(batch.id)
        slept[0] = fake.ahead = 3_600.0

    transport.remember = remember
    at_risk: list[int] = []
    with transport, pytest.raises(TransientError, match="too long ago"):
        list(transport.send(iter(letters(1, 2)), at_risk.extend))
    assert (at_risk, fake.delivered) == ([], [])
