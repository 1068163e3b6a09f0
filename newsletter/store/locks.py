"""One sender per mailing: a lock that the kernel lifts when its holder dies, however it dies."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.errors import RefusedError, StoreError


@contextmanager
def file_lock(path: Path, *, otherwise: RefusedError) -> Iterator[None]:
    """
    Hold the file, or raise `otherwise` at once. Not for network file systems, which may not tell the truth.

    :raises RefusedError: while somebody else holds it
    """
    held = _hold(path, otherwise)
    try:
        yield
    finally:
        # Taken away while it is still held: whoever opened it meanwhile sees that it is not the file of that name.
        path.unlink(missing_ok=True)
        os.close(held)


def _hold(path: Path, otherwise: RefusedError) -> int:
    while True:
        try:
            held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{path}: the lock cannot be made ({error.strerror})", fix="allow writing to the database's folder"
            ) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise otherwise from None
        if _is_still(path, held):
            return held
        os.close(held)


def _is_still(path: Path, held: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(held))
    except FileNotFoundError:
        return False


class ProcessLocks:
    """The same for a database in memory, which no other process can see."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._guard = threading.Lock()

    @contextmanager
    def lock(self, number: int, *, otherwise: RefusedError) -> Iterator[None]:
        with self._guard:
            if number in self._held:
                raise otherwise
            self._held.add(number)
        try:
            yield
        finally:
            with self._guard:
                self._held.discard(number)
