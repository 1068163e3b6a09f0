"""Beside the pages: what was stored takes effect in a thread of its own, and whoever reports is answered at once."""

import threading
from collections.abc import Callable
from types import TracebackType

from newsletter.errors import NewsletterError

#: seconds between two looks when nobody calls: another process may have stored something, or have died at it
_LOOK = 5.0
#: seconds in which those that arrive together come together
_GATHER = 0.1


class Background:
    """At work between `with` and its end; `wake` it when there is something to do."""

    def __init__(self, apply: Callable[[Callable[[], bool]], object], tell: Callable[[str], None]) -> None:
        """
        :param apply: asked again and again; it is given what says whether to stop
        :param tell: what went wrong; it is tried again
        """
        self._apply = apply
        self._tell = tell
        self._called = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)

    def wake(self) -> None:
        self._called.set()

    def __enter__(self) -> "Background":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._called.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.is_set():
            self._called.clear()
            try:
                self._apply(self._over.is_set)
            except NewsletterError as error:
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001 - the pages go on, and so does this; words could name a reader
                self._tell(f"error: events wait to take effect ({type(error).__name__}); please report this")
            self._called.wait(_LOOK)
            self._over.wait(_GATHER)
