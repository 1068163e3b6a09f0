"""A connection in the making, which takes a second or fails after thirty, while the others go on."""

import smtplib
import threading
from queue import Empty, SimpleQueue

from newsletter.providers.smtp.connection import Server, connect, hang_up


class Dial:
    """smtplib waits, so that it does so in a thread of its own. It ends with the process."""

    def __init__(self, server: Server, our_domain: str) -> None:
        self._found: SimpleQueue[smtplib.SMTP | Exception] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_wanted = True
        threading.Thread(target=self._run, args=(server, our_domain), name="smtp-dial", daemon=True).start()

    def result(self, wait: float) -> smtplib.SMTP | None:
        """
        The connection, or none within so many seconds.

        :raises TransportError: there will be none
        """
        try:
            found = self._found.get(timeout=wait) if wait else self._found.get_nowait()
        except Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def abandon(self) -> None:
        """Whatever comes of it is closed."""
        with self._lock:
            self._is_wanted = False
        try:
            found = self._found.get_nowait()
        except Empty:
            return
        if isinstance(found, smtplib.SMTP):
            hang_up(found, politely=False)

    def _run(self, server: Server, our_domain: str) -> None:
        try:
            client = connect(server, our_domain)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._found.put(error)
            return
        with self._lock:
            if self._is_wanted:
                self._found.put(client)
                return
        hang_up(client, politely=False)
