"""How fast letters go to SendGrid, beside a bare loop of its client that posts ready-made dictionaries."""

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from sendgrid import SendGridAPIClient

from benchmarks.measuring import Row, in_turns, show
from benchmarks.render import case_of
from newsletter.delivery import Outcome
from newsletter.message import Letter
from newsletter.providers.sendgrid import SendGridTransport
from newsletter.providers.sendgrid.request import Gathering, Group
from tests.fakes.sendgrid import fake_sendgrid

KEY = "SG.bench"
READERS = 1_000
REQUESTS = 5


def measure() -> list[Row]:
    case = case_of("English")
    letters = [Letter(case.edition, recipient) for recipient in case.recipients()]
    ready = json.loads(_body(letters))
    with serving() as url:
        client = SendGridAPIClient(KEY, host=url).client
        tasks = {
            "sendgrid client, ready-made dictionaries of 1,000": lambda: _bare(client, ready),
            "ours, letters, 1,000 a request": lambda: _ours(url, letters, READERS),
            "ours, letters, 200 a request": lambda: _ours(url, letters, 200),
        }
        # The time on the clock, for the server's answer is part of it.
        taken = in_turns(tasks, clock=time.perf_counter)
    rates = {name: READERS * REQUESTS / seconds for name, seconds in taken.items()}
    bare, large, small = rates.values()
    return [
        *(Row(name, rate, "readers/s") for name, rate in rates.items()),
        Row("1,000 a request, compared with the client", large / bare, "times", least=0.4),
        Row("200 a request, compared with the client's 1,000", small / bare, "times"),
    ]


@contextmanager
def serving() -> Iterator[str]:
    """A fake that takes everything, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join()


def _serve(pipe: Connection) -> None:
    with fake_sendgrid(KEY) as fake:
        fake.is_hasty = True
        pipe.send(fake.url)
        pipe.recv()


def _body(letters: Sequence[Letter]) -> bytes:
    gathering = Gathering(most=READERS)
    (group,) = [found for letter in letters for found in gathering.add(letter) if isinstance(found, Group)]
    return group.sheet.body(group.copies)


def _bare(client: object, ready: dict[str, object]) -> None:
    for _ in range(REQUESTS):
        # It raises when the answer is a no.
        client.mail.send.post(request_body=ready)  # type: ignore[attr-defined]


def _ours(url: str, letters: Sequence[Letter], batch: int) -> None:
    with SendGridTransport(KEY, url=url, batch=batch) as transport:
        receipts = transport.send(iter([*letters] * REQUESTS), lambda _: None)
        if sum(receipt.outcome is Outcome.ACCEPTED for some in receipts for receipt in some) != READERS * REQUESTS:
            raise SystemExit("not everybody was taken")


if __name__ == "__main__":
    show("Letters to SendGrid", measure())
