"""Files that hold addresses: only their owner may read them, and under their name they are whole or not there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def scratch_file(place: Path, *, mark: bool) -> IO[str]:
    """
    A new file beside the one whose place it is to take; the caller moves or deletes it.

    :param mark: begin with a byte order mark, so that a spreadsheet does not guess
    """
    return tempfile.NamedTemporaryFile(
        "w", encoding="utf-8-sig" if mark else "utf-8", errors="surrogateescape", newline="", dir=place.parent,
        prefix=f".{place.name}.", delete=False,
    )  # fmt: skip


@contextmanager
def private_file(place: Path, *, mark: bool = False) -> Iterator[IO[str]]:
    """:raises OSError: it cannot be written; then what was there stays"""
    file = scratch_file(place, mark=mark)
    scratch = Path(file.name)
    try:
        with file:
            yield file
        scratch.replace(place)
    finally:
        scratch.unlink(missing_ok=True)
