"""What the pages leave to be done behind their answers: mails to those who signed up, and the file written anew."""

import threading
import time
from types import TracebackType
from typing import Self

from newsletter.errors import NewsletterError
from newsletter.joining.answering import Answering
from newsletter.web.face.visits import House

#: seconds between two looks. Not at once: how soon the database is busy again must say nothing of an address.
_BETWEEN = 1.0
#: seconds between two times that the file is written anew
_BETWEEN_REWRITES = 3_600.0


class Errands:
    """A thread of its own, for as long as the pages are served."""

    def __init__(self, house: House, answering: Answering) -> None:
        self._house, self._answering = house, answering
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
        self._rewritten_at = float("-inf")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        # What it holds is in the database: nothing is lost when a provider keeps it waiting.
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._ended.wait(_BETWEEN):
            try:
                self._answering.look()
                self._rewrite()
            except NewsletterError:
                # The database is busy, or a setting is wrong: what waits is in the queue, and is tried again.
                self._house.figures.mailed.labels("put-off").inc()

    def _rewrite(self) -> None:
        """Of whoever was forgotten by a page, no byte is to stay in the file."""
        is_due = time.monotonic() - self._rewritten_at >= _BETWEEN_REWRITES
        if self._house.traces.is_set() and is_due:
            self._rewritten_at = time.monotonic()
            if self._house.store.forgetting.rewrite():
                self._house.traces.clear()
