"""The transport of dry runs: each message becomes an .eml file in a folder."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.errors import PermanentError
from newsletter.message import Letter, RefusedValueError, prebuild
from newsletter.providers.words import refused

_UNSAFE = re.compile(r"[^A-Za-z0-9.@_+-]")
_LONGEST_NAME = 100
#: seconds
_NAP = 0.02


class OutboxTransport:
    """Nothing leaves this machine. The same delivery written again replaces its file."""

    name = "outbox"
    window = 256

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def send(
        self, letters: Iterator[Letter | None], at_risk: Callable[[Sequence[int]], None]
    ) -> Iterator[Sequence[Receipt]]:
        """A file and a receipt for each letter."""
        for letter in letters:
            if letter is None:
                yield []
                time.sleep(_NAP)
                continue
            try:
                message = prebuild(letter.edition).fill(letter.recipient)
            except RefusedValueError as error:
                yield [refused(letter.recipient, error)]
                continue
            at_risk([letter.delivery_id])
            self._write(letter.recipient, message)
            yield [Receipt(letter.delivery_id, Outcome.ACCEPTED, "written to the outbox")]

    def _write(self, recipient: Recipient, message: bytes) -> None:
        try:
            write_whole(self.folder / file_name(recipient), message)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> PermanentError:
        # Not the file's name, which holds an address.
        said = error.strerror or type(error).__name__
        return PermanentError(
            f"cannot write to the outbox {self.folder}: {said}", fix="make room there, or set NEWSLETTER_OUTBOX"
        )


def file_name(recipient: Recipient) -> str:
    """Sorted by delivery; the address only to be found by people, so it may be cut and altered."""
    shown = _UNSAFE.sub("_", recipient.address)[:_LONGEST_NAME]
    return f"{recipient.delivery_id:08d}-{shown}.eml"


def write_whole(path: Path, content: bytes) -> None:
    """Under its name the file is there with everything in it, or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
