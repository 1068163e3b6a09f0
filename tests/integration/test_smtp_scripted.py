"""The SMTP transport against a server that misbehaves at one chosen step: every letter is accounted for, once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.delivery import Outcome
from newsletter.edition import Edition
from newsletter.errors import TransientError, TransportError
from newsletter.message import Letter, prebuild
from newsletter.providers.smtp import Security, SmtpTransport
from tests.builders import a_recipient, an_edition
from tests.scripted_smtpd import (
    CONNECT,
    DATA,
    DOT,
    DROP,
    EHLO,
    HANG,
    MAIL,
    RCPT,
    RESET,
    Moment,
    Play,
    Script,
    scripted_server,
)
from tests.smtpd import make_certificate, read_sink, sink_folder, smtp_sink

CLOSING = "421 4.3.2 closing down"
ACCEPTED, DEFERRED, UNKNOWN = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.UNKNOWN
BOTH_WAYS = pytest.mark.parametrize("pipelining", [False, True], ids=["step by step", "pipelined"])


@dataclass(slots=True)
class Account:
    """What one handing over came to."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    at_risk: list[int] = field(default_factory=list)
    error: TransportError | None = None

    @property
    def counts(self) -> dict[Outcome, int]:
        return dict(Counter(self.outcomes.values()))


def transport(port: int, **options: Any) -> SmtpTransport:
    chosen: dict[str, Any] = {"security": Security.NONE, "timeout": 5, "connections": 1, **options}
    return SmtpTransport("127.0.0.1", port, **chosen)


def hand_over(smtp: SmtpTransport, numbers: Sequence[int], edition: Edition | None = None) -> Account:
    account = Account()
    one = edition or an_edition()
    letters = iter([Letter(one, a_recipient(number)) for number in numbers])
    try:
        for receipts in smtp.send(letters, account.at_risk.extend):
            for receipt in receipts:
                assert receipt.delivery_id not in account.outcomes
                account.outcomes[receipt.delivery_id] = receipt.outcome
    except TransportError as error:
        account.error = error
    if not account.error:
        assert account.outcomes.keys() == set(numbers)
    return account


def play_against(script: Script, count: int, **options: Any) -> Account:
    with scripted_server(script) as port, transport(port, **options) as smtp:
        account = hand_over(smtp, range(1, count + 1))
    insist(account, script)
    return account


def insist(account: Account, script: Script) -> None:
    """Nobody got it twice; accepted are those who were taken; and whoever was handed over was known to be at risk."""
    arrived = Counter(_number(reader) for reader, _ in script.arrived)
    taken = {_number(reader) for reader in script.taken}
    assert set(arrived.values()) <= {1}
    assert {number for number, outcome in account.outcomes.items() if outcome is ACCEPTED} <= taken
    assert {account.outcomes.get(number) for number in taken} <= {ACCEPTED, UNKNOWN}
    assert arrived.keys() <= set(account.at_risk)
    assert arrived.keys() <= account.outcomes.keys()


def _number(reader: str) -> int:
    return int(reader.removeprefix("reader").partition("@")[0])


def once(step: str, said: str, *, count: int = 3) -> Play:
    """At this step of the third message on the first connection."""
    return lambda moment: said if moment == Moment(1, step, count) else None


def always(step: str, said: str) -> Play:
    return lambda moment: said if moment.step == step else None


ONCE: list[tuple[str, str, dict[Outcome, int]]] = [
    *[(step, said, {ACCEPTED: 8}) for step in (MAIL, RCPT, DATA) for said in (CLOSING, DROP, RESET, "no reply at all")],
    (DOT, CLOSING, {ACCEPTED: 7, DEFERRED: 1}),
    *[(DOT, said, {ACCEPTED: 7, UNKNOWN: 1}) for said in (DROP, RESET, "no reply at all", "354 go on")],
    (RCPT, "451 4.2.1 busy", {ACCEPTED: 7, DEFERRED: 1}),
    (RCPT, "550 5.1.1 nobody", {ACCEPTED: 7, Outcome.REFUSED: 1}),
    (DATA, "451 4.3.0 busy", {ACCEPTED: 7, DEFERRED: 1}),
    (DATA, "554 5.7.1 no", {ACCEPTED: 7, Outcome.REFUSED: 1}),
    (DOT, "554 5.7.1 no", {ACCEPTED: 7, Outcome.REFUSED: 1}),
]


@BOTH_WAYS
@pytest.mark.parametrize(("step", "said", "expected"), ONCE, ids=[f"{said} at {step}" for step, said, _ in ONCE])
def test_a_fault_in_the_midst_costs_at_most_its_own_reader(
    step: str, said: str, expected: dict[Outcome, int], pipelining: bool
) -> None:
    script = Script(once(step, said), pipelining=pipelining)
    account = play_against(script, 8)

    assert account.error is None
    assert account.counts == expected
    is_about_the_reader = said[:1] in "45" and said != CLOSING
    assert len(script.steps) == (1 if is_about_the_reader else 2)


@BOTH_WAYS
@pytest.mark.parametrize("step", [MAIL, RCPT, DATA])
@pytest.mark.parametrize("said", [CLOSING, DROP])
def test_a_fault_at_the_very_first_message_costs_nobody(step: str, said: str, pipelining: bool) -> None:
    account = play_against(Script(once(step, said, count=1), pipelining=pipelining), 5)

    assert account.error is None
    assert account.counts == {ACCEPTED: 5}


@BOTH_WAYS
@pytest.mark.parametrize("step", [CONNECT, EHLO, MAIL, RCPT, DATA])
@pytest.mark.parametrize("said", [CLOSING, DROP])
def test_a_fault_on_every_connection_stops_the_sending_with_nobody_mailed(
    step: str, said: str, pipelining: bool
) -> None:
    script = Script(always(step, said), pipelining=pipelining)
    account = play_against(script, 5)

    assert isinstance(account.error, TransientError)
    assert script.arrived == []
    assert len(script.steps) <= 3


@BOTH_WAYS
@pytest.mark.parametrize("said", [CLOSING, DROP])
def test_who_was_handed_over_on_connections_that_break_each_time_has_a_receipt(said: str, pipelining: bool) -> None:
    account = play_against(Script(always(DOT, said), pipelining=pipelining), 5)

    assert account.counts.keys() == {DEFERRED if said == CLOSING else UNKNOWN}


@BOTH_WAYS
@pytest.mark.parametrize("piece", [1, 3])
def test_answers_that_come_in_pieces_are_put_together(piece: int, pipelining: bool) -> None:
    account = play_against(Script(pipelining=pipelining, piece=piece), 8)

    assert account.counts == {ACCEPTED: 8}


HUNG = [*[(step, {ACCEPTED: 6}) for step in (MAIL, RCPT, DATA)], (DOT, {ACCEPTED: 5, UNKNOWN: 1})]


@BOTH_WAYS
@pytest.mark.parametrize(("step", "expected"), HUNG, ids=[step for step, _ in HUNG])
def test_a_server_that_falls_silent_is_left(step: str, expected: dict[Outcome, int], pipelining: bool) -> None:
    account = play_against(Script(once(step, HANG), pipelining=pipelining), 6, timeout=0.3)

    assert account.error is None
    assert account.counts == expected


@pytest.mark.parametrize("step", [CONNECT, EHLO])
def test_a_server_that_is_silent_from_the_start_took_nothing(step: str) -> None:
    account = play_against(Script(always(step, HANG)), 3, timeout=0.3)

    assert isinstance(account.error, TransientError)
    assert account.outcomes == {}


@BOTH_WAYS
@pytest.mark.parametrize("step", [CONNECT, EHLO])
@pytest.mark.parametrize("said", [CLOSING, DROP])
def test_a_server_that_allows_one_connection_gets_one(step: str, said: str, pipelining: bool) -> None:
    def play(moment: Moment) -> str | None:
        return said if moment.connection > 1 and moment.step == step else None

    script = Script(play, pipelining=pipelining, rest=0.002)
    account = play_against(script, 60, connections=4)

    assert account.error is None
    assert account.counts == {ACCEPTED: 60}
    assert len(script.steps) == 2


@BOTH_WAYS
@pytest.mark.parametrize("farewell", [DROP, RESET, CLOSING])
def test_a_kept_connection_that_died_meanwhile_costs_nobody(farewell: str, pipelining: bool) -> None:
    script = Script(pipelining=pipelining, idle=0.1, farewell=farewell)
    with scripted_server(script) as port, transport(port) as smtp:
        first = hand_over(smtp, [1, 2, 3])
        assert script.ended.wait(5)
        second = hand_over(smtp, [4, 5, 6])

    assert first.counts == second.counts == {ACCEPTED: 3}
    assert sorted(map(_number, script.taken)) == [1, 2, 3, 4, 5, 6]
    assert len(script.steps) == 2


@BOTH_WAYS
def test_a_connection_is_left_after_so_many_messages(pipelining: bool) -> None:
    script = Script(pipelining=pipelining)
    account = play_against(script, 10, messages_each=3)

    assert account.counts == {ACCEPTED: 10}
    assert [steps[MAIL] for steps in script.steps.values()] == [3, 3, 3, 1]
    assert [steps["QUIT"] for steps in script.steps.values()] == [1, 1, 1, 1]


@BOTH_WAYS
def test_a_connection_is_left_after_so_many_seconds(pipelining: bool) -> None:
    script = Script(pipelining=pipelining, rest=0.05)
    account = play_against(script, 10, seconds_each=0.12)

    assert account.counts == {ACCEPTED: 10}
    assert len(script.steps) >= 3
    assert all(steps["QUIT"] == 1 for steps in script.steps.values())


@pytest.fixture(params=[Security.NONE, Security.TLS])
def slow(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Reads a mail in small pieces, so that no send can take all of it."""
    certificate, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return Script(context=context if request.param is Security.TLS else None, gulp=32_768, rest=0.000_5)


def security_of(script: Script) -> Security:
    return Security.TLS if script.context else Security.NONE


def a_long_edition() -> Edition:
    """Longer than what the kernel holds for a reader that is slow."""
    plain = an_edition()
    return replace(plain, html=plain.html + "<p>Harbour City funds a computing grid.</p>\n.dot\n" * 300_000)


@BOTH_WAYS
def test_a_slow_reader_gets_every_byte(slow: Script, pipelining: bool) -> None:
    edition = a_long_edition()
    slow.pipelining = pipelining
    with scripted_server(slow) as port, transport(port, security=security_of(slow)) as smtp:
        account = hand_over(smtp, [1, 2], edition)
    insist(account, slow)

    assert account.counts == {ACCEPTED: 2}
    for reader, content in slow.arrived:
        assert content == prebuild(edition).fill(a_recipient(_number(reader)))


@BOTH_WAYS
def test_a_slow_reader_who_hangs_up_in_the_midst_has_no_message(slow: Script, pipelining: bool) -> None:
    """No final dot left us, so that it may be tried again."""
    slow.pipelining, slow.enough = pipelining, 200_000
    with scripted_server(slow) as port, transport(port, security=security_of(slow)) as smtp:
        account = hand_over(smtp, [1], a_long_edition())
    insist(account, slow)

    assert account.counts == {DEFERRED: 1}
    assert account.at_risk == [1]


SINK: list[tuple[str, str, Callable[[Account], bool]]] = [
    *[
        (option, command, lambda account: isinstance(account.error, TransientError) and not account.outcomes)
        for option in ("-q", "-Q")
        for command in ("EHLO", "MAIL", "RCPT", "DATA")
    ],
    ("-Q", ".", lambda account: account.counts.keys() == {DEFERRED}),
    ("-q", ".", lambda account: account.counts.keys() == {UNKNOWN}),
    ("-w", "1", lambda account: account.counts == {ACCEPTED: 3}),
]


@pytest.mark.parametrize(
    ("option", "command", "holds"), SINK, ids=[f"{option} {command}" for option, command, _ in SINK]
)
def test_smtp_sink_that_misbehaves_is_believed(option: str, command: str, holds: Callable[[Account], bool]) -> None:
    with sink_folder() as folder:
        with smtp_sink(option, command, taken=folder) as port, transport(port) as smtp:
            account = hand_over(smtp, [1, 2, 3])
        taken = [one.recipient for one in read_sink(folder)] if option == "-w" else []

    assert holds(account), account
    assert len(set(taken)) == len(taken) == account.counts.get(ACCEPTED, 0)
