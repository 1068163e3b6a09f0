"""How fast messages go over SMTP, beside Postfix's smtp-source: python -m benchmarks.smtp_wire [messages] [rounds]."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from newsletter.edition import Edition, Piece, cut_edition
from newsletter.message import Letter
from newsletter.providers.smtp import SmtpTransport
from tests.builders import a_compiled_issue, a_recipient
from tests.smtpd import smtp_sink

_CONNECTIONS = 8
_LINE = "%.2f x: %.0f/s, smtp-source %.0f/s; CPU a message %.0f us, smtp-source %.0f us"


def main() -> None:
    messages, rounds = (int(argument) for argument in [*sys.argv[1:], "10000", "5"][:2])
    figures = []
    with smtp_sink() as port:
        for _ in range(rounds):
            took, their_cpu = _source(port, messages)
            theirs = messages / took
            took, cpu = _ours(port, messages)
            ours = messages / took
            figures.append((ours / theirs, ours, theirs, cpu / messages * 1e6, their_cpu / messages * 1e6))
            print(_LINE % figures[-1])
    print("median", _LINE % tuple(map(median, zip(*figures, strict=True))))


def _edition() -> Edition:
    compiled = a_compiled_issue()
    long = Piece(
        "".join(f'<p style="margin:0">The city commits two billion yuan, number {n}.</p>\n' for n in range(400))
    )
    return cut_edition(a_compiled_issue(html=(*compiled.html, long)), ["grid", "chips", "rules"])


def _ours(port: int, messages: int) -> tuple[float, float]:
    edition, recipient = _edition(), a_recipient()
    letters: Iterator[Letter] = (Letter(edition, recipient) for _ in range(messages))
    with SmtpTransport("127.0.0.1", port, security="none", connections=_CONNECTIONS) as transport:
        used = _cpu()
        started = time.perf_counter()
        taken = sum(len(receipts) for receipts in transport.send(letters, lambda _: None))
        took = time.perf_counter() - started
    if taken != messages:
        raise SystemExit(f"{messages} messages, {taken} receipts")
    return took, _cpu() - used


def _source(port: int, messages: int) -> tuple[float, float]:
    used = _cpu(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = ["smtp-source", "-d", "-s", str(_CONNECTIONS), "-l", "30500", "-m", str(messages)]
    subprocess.run([*command, "-f", "a@example.com", "-t", "b@example.com", f"127.0.0.1:{port}"], check=True)
    return time.perf_counter() - started, _cpu(resource.RUSAGE_CHILDREN) - used


def _cpu(who: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
