"""Where mails are read from: a Maildir, an mbox, one mail in a file, or what a mail server pipes to us."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import Finding, InputError
from newsletter.ingest.parts import LONGEST

#: what stands before each mail of an mbox (RFC 4155)
_FROM = b"From "
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Mail:
    #: by which a person finds it
    name: str
    #: cut where it is longer than anybody has to be heard out; empty when it cannot be read
    raw: bytes
    #: of a Maildir, where it lies unread
    unread: Path | None = None


def mails_in(source: Path) -> Iterator[Mail]:
    """
    :raises InputError: there is no such thing, or it is none of these
    """
    if source.is_dir():
        if not (source / "new").is_dir() or not (source / "cur").is_dir():
            _refuse(source, "is a folder, but no Maildir", "name the folder that holds new and cur")
        yield from _maildir(source)
        return
    try:
        with source.open("rb") as stream:
            yield from mails_of(stream, str(source))
    except OSError as error:
        _refuse(source, f"cannot be read ({error.strerror})", "name a Maildir, an mbox, or a file that holds a mail")


def mails_of(stream: BinaryIO, name: str) -> Iterator[Mail]:
    """One mail; or several, when it begins as an mbox does."""
    first = stream.readline(_LONGEST_LINE)
    if first.startswith(_FROM):
        yield from _mbox(stream, name)
        return
    raw = first + stream.read(LONGEST)
    if raw.strip():
        yield Mail(name, raw[:LONGEST])
    while stream.read(_LONGEST_LINE):
        pass  # whoever pipes it to us must not be cut off


def _mbox(stream: BinaryIO, name: str) -> Iterator[Mail]:
    lines, length, number, after_blank = list[bytes](), 0, 1, False
    while line := stream.readline(_LONGEST_LINE):
        if after_blank and line.startswith(_FROM):
            yield Mail(f"{name}, mail {number}", b"".join(lines)[:LONGEST])
            lines, length, number = [], 0, number + 1
        elif length < LONGEST:
            lines.append(line)
            length += len(line)
        after_blank = line in (b"\n", b"\r\n")
    yield Mail(f"{name}, mail {number}", b"".join(lines)[:LONGEST])


def _maildir(folder: Path) -> Iterator[Mail]:
    """What nobody has read first."""
    for name in ("new", "cur"):
        for path in sorted((folder / name).iterdir()):
            if not path.name.startswith("."):
                raw = _content(path)
                yield Mail(str(path), raw, path if name == "new" and raw else None)


def _content(path: Path) -> bytes:
    """Nothing but a file that lies there itself: whoever may write there must not have us read another."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return os.read(descriptor, LONGEST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def mark_read(mail: Mail) -> None:
    """In a Maildir a mail that was read lies in `cur`, with an S at the end of its name; elsewhere nothing is moved."""
    if mail.unread is None:
        return
    target = mail.unread.parent.parent / "cur" / f"{mail.unread.name.partition(':')[0]}:2,S"
    try:
        if not target.exists():
            mail.unread.rename(target)
    except OSError:
        return  # it is read again the next time, and known by then


def _refuse(source: Path, message: str, fix: str) -> None:
    raise InputError(Finding(message=message, fix=fix, path=str(source)))
