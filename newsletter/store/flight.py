"""
What a sender had in the air when it was killed: a small file beside the ledger, written through memory.

The ledger commits in groups, because a commit takes as long as a message. In between, one word of this file says of
each delivery on the wire how far it came. The kernel keeps the pages of a process that dies, so a kill loses nothing
of it; a crash of the machine does, and then the file says so (it names the boot) and nobody relies on it.
"""

import fcntl
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, Self

from newsletter.delivery import Outcome
from newsletter.errors import StoreError

_MAGIC = b"newsletter flight 1\n"
#: bytes of the header: magic, run, boot
_HEADER = 128
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_WORD = 8


class Stage(IntEnum):
    #: its last byte may have reached the provider
    AT_RISK = 1
    ACCEPTED = 2
    REFUSED = 3
    DEFERRED = 4
    UNKNOWN = 5


_STAGES = {outcome: Stage[outcome.name] for outcome in Outcome}


class Flight:
    """
    The words of one run. A delivery without a word was never at risk.

    A word is the delivery's number and its stage, stored by one machine instruction, so no kill finds half of one. It
    is taken back only after the ledger knows the outcome.
    """

    def __init__(self, path: Path, run_id: int, size: int) -> None:
        """
        :param size: deliveries that may be in the air or unsettled at once
        :raises StoreError: there is no room for the file
        """
        self._path = path
        self._lock, self._map = _mapped(path, _header(run_id), size)
        self._words = memoryview(self._map)[_HEADER:].cast("Q")
        self._free = list(range(size))
        self._places: dict[int, int] = {}

    def at_risk(self, delivery_ids: Iterable[int]) -> None:
        """To be told before the first byte that could complete a message leaves."""
        for delivery_id in delivery_ids:
            # The same delivery again means that the try before came to nothing.
            place = self._places.get(delivery_id)
            if place is None:
                place = self._places[delivery_id] = self._free.pop()
            self._words[place] = delivery_id << 8 | Stage.AT_RISK

    def answered(self, delivery_id: int, outcome: Outcome) -> None:
        place = self._places.get(delivery_id)
        if place is not None:
            self._words[place] = delivery_id << 8 | _STAGES[outcome]

    def settled(self, delivery_ids: Iterable[int]) -> None:
        """The ledger knows; their words are free."""
        for delivery_id in delivery_ids:
            place = self._places.pop(delivery_id, None)
            if place is not None:
                self._words[place] = 0
                self._free.append(place)

    def close(self) -> None:
        """The run ended in order, so the file has nothing to tell."""
        self._path.unlink(missing_ok=True)
        self.let_go()

    def let_go(self) -> None:
        """As when the process dies: the file stays, and whoever reads it can tell that nobody writes in it any more."""
        self._words.release()
        self._map.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        # After an error the next sender may need it: what was claimed is settled by it.
        if kind is None:
            self.close()
        else:
            self.let_go()


class NoFlight:
    """For a database in memory, which does not outlive its process anyway."""

    def let_go(self) -> None:
        """Nothing is held."""

    def at_risk(self, delivery_ids: Iterable[int]) -> None:
        """Nothing to write."""

    def answered(self, delivery_id: int, outcome: Outcome) -> None:
        """Nothing to write."""

    def settled(self, delivery_ids: Iterable[int]) -> None:
        """Nothing to write."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def read_flight(path: Path, run_id: int) -> dict[int, Stage] | None:
    """How far each delivery of that run came; None when the file does not say, or cannot be relied on."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if content[:_HEADER] != _header(run_id) or not _boot():
        return None
    words = memoryview(content)[_HEADER : len(content) - len(content) % _WORD].cast("Q")
    with suppress(ValueError):
        return {word >> 8: Stage(word & 0xFF) for word in words if word}
    return None


class Gone(NamedTuple):
    """A run whose process is certainly not at work any more."""

    #: how far its deliveries came; None when nothing can be relied on
    stages: dict[int, Stage] | None


def look_at_flight(path: Path, run_id: int) -> Gone | None:
    """
    Whether the run that writes there is gone, by the lock that the kernel lifts when a process dies.

    :return: None when it is alive; or when there is no such file, for then it may be at work on another machine
    """
    try:
        opened = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Gone(read_flight(path, run_id))
    except OSError:
        # It is held; or the file system cannot tell.
        return None
    finally:
        os.close(opened)


def _header(run_id: int) -> bytes:
    return (_MAGIC + b"run %d\nboot %s\n" % (run_id, _boot())).ljust(_HEADER, b"\0")


def _boot() -> bytes:
    """Changes with every start of the machine; empty where it cannot be known."""
    try:
        return _BOOT.read_bytes().strip()
    except OSError:
        return b""


def _mapped(path: Path, header: bytes, size: int) -> tuple[int, mmap.mmap]:
    """The file, locked for as long as it is open, and its bytes in memory."""
    length = _HEADER + size * _WORD
    try:
        # A new file: what an older run left under this name has been read, and settled.
        path.unlink(missing_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            # Real room: a page that the disk cannot hold would kill the process at a store.
            os.posix_fallocate(opened, 0, length)
            found = mmap.mmap(opened, length)
        except OSError:
            os.close(opened)
            raise
    except OSError as error:
        raise StoreError(
            f"{path}: the flight recorder cannot be made ({error.strerror})",
            fix="make room beside the database, and allow writing there",
        ) from error
    found[:_HEADER] = header
    return opened, found
