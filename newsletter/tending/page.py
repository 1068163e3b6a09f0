"""The vocabulary's file while it is being changed: read once, replaced whole, and put back if it must be."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import InputError
from newsletter.tags import Vocabulary, read_vocabulary


@dataclass(frozen=True, slots=True)
class VocabularyPage:
    """`shown` is how the file is named to people."""

    path: Path
    shown: str
    content: bytes

    @classmethod
    def read(cls, path: Path, shown: str) -> "VocabularyPage":
        """
        :raises InputError: it cannot be read
        """
        return cls(path, shown, _content(path, shown))

    @property
    def text(self) -> str:
        """With the line ends of Unix.

        :raises InputError: it is no UTF-8
        """
        try:
            return self.content.decode().replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.shown}: is not UTF-8", fix="save it as UTF-8") from error

    def vocabulary(self) -> Vocabulary:
        """
        :raises VocabularyError: with every fault
        """
        return read_vocabulary(self.text, path=self.shown)

    def write(self, text: str) -> None:
        """
        Put another text in its place, with its own line ends: whole and on the disk, or not at all.

        :raises InputError: it cannot be written, or is no longer what was read
        """
        if _content(self.path, self.shown) != self.content:
            raise InputError(f"{self.shown}: was changed by somebody else meanwhile", fix="run the command again")
        self._replace((text.replace("\n", "\r\n") if b"\r\n" in self.content else text).encode())

    def put_back(self) -> None:
        """As it was read."""
        self._replace(self.content)

    def _replace(self, content: bytes) -> None:
        target = self.path.resolve()  # a link stays one
        scratch: Path | None = None
        try:
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
                scratch = Path(file.name)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(target, scratch)
            scratch.replace(target)
            _flush_folder(target.parent)
        except OSError as error:
            if scratch is not None:
                scratch.unlink(missing_ok=True)
            fix = "make room, or allow writing to it and to its folder; nothing was changed"
            raise InputError(f"{self.shown}: cannot be written ({error.strerror})", fix=fix) from error


def _content(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "it must be a file that you may read; nothing was changed"
        raise InputError(f"{shown}: cannot be read ({error.strerror})", fix=fix) from error


def _flush_folder(folder: Path) -> None:
    """The new name is on the disk before anything that relies on it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
