"""Ctrl-C while mail leaves."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.cli import show


@contextmanager
def polite_interrupt() -> Iterator[list[bool]]:
    """The first Ctrl-C asks to stop between two batches, so that nobody becomes unsure; a second one stops at once."""
    asked = [False]

    def ask(*_: object) -> None:
        if asked[0]:
            raise KeyboardInterrupt
        asked[0] = True
        show.note("Stopping after this batch (press Ctrl-C again to stop at once) …")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
