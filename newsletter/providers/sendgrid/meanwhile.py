"""Waiting without going deaf."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from threading import Event, Thread
from typing import TypeVar

from newsletter.delivery import Receipt

#: seconds between two signs of life
POLL = 0.04
_T = TypeVar("_T")


def awaited(work: Callable[[], _T], *, patience: float) -> Generator[list[Receipt], None, _T]:
    """
    Do something that may take long in a thread; yields an empty list every now and then, until there is a result.

    :param patience: seconds after which the thread is left to itself
    :raises TimeoutError: then
    """
    box: Future[_T] = Future()
    done = Event()

    def run() -> None:
        try:
            box.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is wanted
            box.set_exception(error)
        done.set()

    # A daemon: whoever ends us at once does not wait for SendGrid.
    Thread(target=run, daemon=True).start()
    give_up_at = time.monotonic() + patience
    while not done.wait(POLL):
        if time.monotonic() > give_up_at:
            raise TimeoutError("no end in sight")
        yield []
    return box.result()
