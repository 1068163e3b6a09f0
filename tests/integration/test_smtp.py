"""The SMTP transport against servers that behave, misbehave and fall silent."""

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.errors import PermanentError, SettingsError, TransientError, TransportError
from newsletter.message import Letter, prebuild
from newsletter.providers.smtp import Security, SmtpTransport
from tests.builders import a_recipient, an_edition
from tests.smtpd import (
    HANG_UP,
    STAY_SILENT,
    Manners,
    free_port,
    make_certificate,
    only,
    read_sink,
    sink_folder,
    smtp_server,
    smtp_sink,
)

PASSWORD = "Open-Sesame-7"
BOTH_WAYS = pytest.mark.parametrize("pipelining", [False, True], ids=["step by step", "pipelined"])


def transport(port: int, **options: Any) -> SmtpTransport:
    chosen: dict[str, Any] = {"security": Security.NONE, "timeout": 5, **options}
    return SmtpTransport("127.0.0.1", port, **chosen)


def hand_over(smtp: SmtpTransport, *recipients: Recipient) -> list[Receipt]:
    """In the order of the recipients; fails when one got two receipts."""
    edition, at_risk = an_edition(), list[int]()
    letters = iter([Letter(edition, recipient) for recipient in recipients])
    receipts = [receipt for some in smtp.send(letters, at_risk.extend) for receipt in some]
    assert len({receipt.delivery_id for receipt in receipts}) == len(receipts)
    taken = {receipt.delivery_id for receipt in receipts if receipt.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}}
    assert taken <= set(at_risk)
    return sorted(receipts, key=lambda receipt: receipt.delivery_id)


def send(port: int, *recipients: Recipient, **options: Any) -> list[Receipt]:
    with transport(port, **options) as smtp:
        return hand_over(smtp, *recipients)


def outcomes(receipts: list[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate that nobody vouches for, and the server's side of it."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(shown: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The same certificate on a machine that trusts it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shown[0]))
    return shown[1]


@BOTH_WAYS
def test_what_the_server_took_is_accepted_with_its_queue_id(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining)
    with smtp_server(manners) as port:
        receipts = send(port, a_recipient(1), a_recipient(2))
    assert outcomes(receipts) == [Outcome.ACCEPTED] * 2
    assert receipts[0].provider_id == "4F1A2B3C"
    assert [arrived.recipient for arrived in manners.arrived] == ["reader1@example.com", "reader2@example.com"]
    assert manners.arrived[0].content == prebuild(an_edition()).fill(a_recipient(1))


@BOTH_WAYS
def test_one_connection_is_kept_and_tells_no_local_name(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining)
    with smtp_server(manners) as port, transport(port) as smtp:
        for number in range(1, 4):
            assert outcomes(hand_over(smtp, a_recipient(number))) == [Outcome.ACCEPTED]
    assert manners.greeted == ["example.com"]


def test_bounces_go_to_the_bounce_address() -> None:
    manners = Manners()
    with smtp_server(manners) as port:
        send(port, a_recipient(), bounce_address="bounces@example.net")
    assert manners.arrived[0].sender == "bounces@example.net"
    assert b"From: Harbour Advisers <brief@example.com>" in manners.arrived[0].content


@BOTH_WAYS
def test_each_delivery_has_a_bounce_address_of_its_own(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining)
    readers = [replace(a_recipient(number), bounce_token=f"token{number}") for number in (1, 2)]
    with smtp_server(manners) as port:
        send(port, *readers, a_recipient(3), bounce_address="bounces@example.net")
        send(port, replace(a_recipient(4), bounce_token="token4"))
    assert [mail.sender for mail in manners.arrived] == [
        "bounces+token1@example.net", "bounces+token2@example.net", "bounces@example.net", "brief@example.com",
    ]  # fmt: skip


@BOTH_WAYS
def test_a_refused_reader_does_not_keep_the_next_one_from_getting_theirs(pipelining: bool) -> None:
    said = "550 5.1.1 <reader1@example.com>: Recipient address rejected: User reader1 unknown"
    manners = Manners(pipelining=pipelining, to_recipient={"reader1@example.com": said})
    with smtp_server(manners) as port:
        first, second = send(port, a_recipient(1), a_recipient(2))
    assert first.outcome is Outcome.REFUSED
    assert first.detail == "550 5.1.1 <(address)>: Recipient address rejected: User (address) unknown"
    assert second.outcome is Outcome.ACCEPTED
    assert len(manners.greeted) == manners.resets == 1


@BOTH_WAYS
def test_not_now_is_deferred(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, to_recipient={"reader1@example.com": "451 4.7.1 greylisted, try later"})
    with smtp_server(manners) as port:
        receipts = send(port, a_recipient(1), a_recipient(2))
    assert outcomes(receipts) == [Outcome.DEFERRED, Outcome.ACCEPTED]
    assert receipts[0].detail == "451 4.7.1 greylisted, try later"


@BOTH_WAYS
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("554 5.7.1 spam", Outcome.REFUSED),
        ("452 4.3.1 disk full", Outcome.DEFERRED),
        (HANG_UP, Outcome.UNKNOWN),
        (STAY_SILENT, Outcome.UNKNOWN),
        ("hello", Outcome.UNKNOWN),
    ],
)
def test_after_the_final_dot_only_an_answer_is_certain(said: str, outcome: Outcome, pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, to_message={"reader1@example.com": said})
    with smtp_server(manners) as port:
        receipts = send(port, a_recipient(1), a_recipient(2), timeout=0.1 if said == STAY_SILENT else 5)
    assert outcomes(receipts) == [outcome, Outcome.ACCEPTED]
    assert "@" not in receipts[0].detail


@BOTH_WAYS
def test_a_message_with_an_unknown_outcome_is_handed_over_once(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, to_message={"reader2@example.com": HANG_UP})
    with smtp_server(manners) as port:
        send(port, a_recipient(1), a_recipient(2), a_recipient(3))
    assert [arrived.recipient[:7] for arrived in manners.arrived] == ["reader1", "reader2", "reader3"]


@BOTH_WAYS
def test_a_server_that_closes_between_messages_gets_a_new_connection(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, messages_a_connection=2)
    with smtp_server(manners) as port:
        receipts = send(port, *[a_recipient(number) for number in range(1, 6)])
    assert outcomes(receipts) == [Outcome.ACCEPTED] * 5
    assert len(manners.arrived) == 5
    assert len(manners.greeted) == 3


@BOTH_WAYS
def test_a_server_that_closes_on_every_connection_took_nothing(pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, to_recipient={"reader2@example.com": "421 4.3.2 shutting down"})
    with smtp_server(manners) as port, transport(port) as smtp:
        assert outcomes(hand_over(smtp, a_recipient(1))) == [Outcome.ACCEPTED]
        with pytest.raises(TransientError, match="broke off: 421"):
            hand_over(smtp, a_recipient(2))
    assert len(manners.arrived) == 1


@BOTH_WAYS
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("553 5.7.1 not your address", PermanentError),
        ("530 5.7.0 login first", PermanentError),
        ("451 4.3.0 later", TransientError),
        ("421 4.3.2 shutting down", TransientError),
    ],
)
def test_a_refused_sender_stops_the_batch(said: str, error: type[TransportError], pipelining: bool) -> None:
    manners = Manners(pipelining=pipelining, to_sender=said)
    with smtp_server(manners) as port, pytest.raises(error, match=said[:3]):
        send(port, a_recipient(1), a_recipient(2))
    assert manners.arrived == []


def test_an_address_beyond_ascii_goes_out_where_the_server_takes_it() -> None:
    manners = Manners()
    with smtp_server(manners, enable_SMTPUTF8=True) as port:
        receipts = send(port, a_recipient(1, address="用户@example.com"), a_recipient(2))
    assert outcomes(receipts) == [Outcome.ACCEPTED] * 2
    assert manners.arrived[0].recipient == "用户@example.com"


def test_an_address_beyond_ascii_is_refused_where_the_server_does_not_take_it() -> None:
    with smtp_server(enable_SMTPUTF8=False) as port:
        receipts = send(port, a_recipient(1, address="用户@example.com"), a_recipient(2))
    assert outcomes(receipts) == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert "SMTPUTF8" in receipts[0].detail


def secured(security: Security, context: ssl.SSLContext, password: str) -> dict[str, Any]:
    """Options of a server that wants a login, and encryption before it."""
    options = {"authenticator": only("harbour", password)}
    if security is Security.TLS:
        # aiosmtpd takes a connection for encrypted only after STARTTLS.
        return options | {"ssl_context": context, "auth_require_tls": False}
    return options | {"tls_context": context, "require_starttls": True, "auth_required": True}


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_login_over_an_encrypted_line_works(trusted: ssl.SSLContext, security: Security) -> None:
    with smtp_server(**secured(security, trusted, PASSWORD)) as port:
        receipts = send(port, a_recipient(), security=security, username="harbour", password=PASSWORD)
    assert outcomes(receipts) == [Outcome.ACCEPTED]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_wrong_password_is_told_in_one_line(trusted: ssl.SSLContext, security: Security) -> None:
    with smtp_server(**secured(security, trusted, "another")) as port, pytest.raises(PermanentError) as caught:
        send(port, a_recipient(), security=security, username="harbour", password=PASSWORD)
    assert str(caught.value) == (
        "the SMTP server refused the login (535); check NEWSLETTER_SMTP_USERNAME and NEWSLETTER_SMTP_PASSWORD"
    )


def test_a_login_where_none_is_offered_is_told_in_one_line(trusted: ssl.SSLContext) -> None:
    options: dict[str, Any] = {"ssl_context": trusted}
    with smtp_server(**options) as port, pytest.raises(PermanentError, match="AUTH extension not supported"):
        send(port, a_recipient(), security=Security.TLS, username="harbour", password=PASSWORD)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    shown: tuple[Path, ssl.SSLContext], security: Security
) -> None:
    manners = Manners()
    options: dict[str, Any] = {"ssl_context" if security is Security.TLS else "tls_context": shown[1]}
    with (
        smtp_server(manners, **options) as port,
        pytest.raises(PermanentError, match="certificate that is not trusted"),
    ):
        send(port, a_recipient(), security=security, username="harbour", password=PASSWORD)
    assert manners.arrived == []


def test_starttls_that_is_not_offered_is_not_done_without() -> None:
    manners = Manners()
    with smtp_server(manners) as port, pytest.raises(PermanentError, match="STARTTLS"):
        send(port, a_recipient(), security=Security.STARTTLS)
    assert manners.arrived == []


def test_tls_on_a_port_without_it_is_told_in_one_line() -> None:
    with smtp_server() as port, pytest.raises(PermanentError, match="does not speak TLS") as caught:
        send(port, a_recipient(), security=Security.TLS)
    assert "NEWSLETTER_SMTP_SECURITY" in str(caught.value)


def test_a_password_never_travels_readable_and_is_never_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        transport(25, username="harbour", password=PASSWORD)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(transport(25, security=Security.TLS, username="harbour", password=PASSWORD))


def test_a_server_that_is_down_took_nothing() -> None:
    with pytest.raises(TransientError, match="cannot be reached: Connection refused"):
        send(free_port(), a_recipient())


@pytest.fixture
def mute() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("security", Security)
def test_a_server_that_says_nothing_is_not_waited_for_long(mute: int, security: Security) -> None:
    with pytest.raises(TransientError, match="timed out"):
        send(mute, a_recipient(), timeout=0.1, security=security)


def test_a_line_that_breaks_in_the_middle_of_the_message_means_not_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_break_in_the_middle, args=(listening,))
        server.start()
        recipient = a_recipient(values=dict.fromkeys(a_recipient().values, "x" * 3_000_000) | _LINKS)
        (receipt,) = send(listening.getsockname()[1], recipient)
        server.join()
    assert receipt.outcome is Outcome.DEFERRED
    assert "in the middle of the message" in receipt.detail


_LINKS = {name: value for name, value in a_recipient().values.items() if name in {"unsubscribe", "mailto"}}


def _break_in_the_middle(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb") as talk:
        for said in (b"220 x", b"250 x", b"250 x", b"250 x", b"354 x"):
            talk.write(said + b"\r\n")
            talk.flush()
            talk.readline()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def test_fifty_readers_arrive_at_smtp_sink_once_each_with_their_own_headers() -> None:
    recipients = [a_recipient(number) for number in range(1, 51)]
    with sink_folder() as folder:
        with smtp_sink(taken=folder) as port:
            receipts = send(port, *recipients)
        arrived = {found.recipient: found for found in read_sink(folder)}
        assert len(list(folder.iterdir())) == 50
    assert outcomes(receipts) == [Outcome.ACCEPTED] * 50
    prebuilt = prebuild(an_edition())
    for recipient in recipients:
        # The dump ends with the empty line of the program's own.
        written = arrived[recipient.address].content.replace(b"\n", b"\r\n")
        assert written.rstrip() == prebuilt.fill(recipient).rstrip()
    one = email.message_from_bytes(arrived["reader7@example.com"].content, policy=email.policy.default)
    assert one["List-Unsubscribe"].startswith("<https://news.example.com/u/token7>, <mailto:")
    assert one["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one["Message-ID"] == "<id7@example.com>"


def test_smtp_sink_that_hangs_up_at_the_end_leaves_every_reader_unknown() -> None:
    with smtp_sink("-q", ".") as port:
        receipts = send(port, a_recipient(1), a_recipient(2), a_recipient(3))
    assert outcomes(receipts) == [Outcome.UNKNOWN] * 3


@pytest.mark.parametrize(("option", "outcome"), [("-r", Outcome.DEFERRED), ("-f", Outcome.REFUSED)])
@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
def test_smtp_sink_that_says_no_is_believed(option: str, command: str, outcome: Outcome) -> None:
    with smtp_sink(option, command) as port:
        assert outcomes(send(port, a_recipient(1), a_recipient(2))) == [outcome] * 2


def test_whoever_is_killed_at_any_instant_is_unsure_of_one_message_per_connection() -> None:
    """What was put at risk and has not been told of; the bound holds whenever something more is put at risk."""
    recipients = [a_recipient(number) for number in range(600)]
    unsure: set[int] = set()
    most = 0

    def at_risk(delivery_ids: Sequence[int]) -> None:
        nonlocal most
        unsure.update(delivery_ids)
        most = max(most, len(unsure))

    with smtp_sink() as port, transport(port, connections=4) as smtp:
        edition = an_edition()
        for receipts in smtp.send((Letter(edition, recipient) for recipient in recipients), at_risk):
            unsure.difference_update(receipt.delivery_id for receipt in receipts)
    assert not unsure
    assert 1 < most <= 4
