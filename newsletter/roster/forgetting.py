"""Forget a person: in the store, in the outbox, and in the files of rejected rows. What else names them is told."""

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter.errors import InputError
from newsletter.roster.addresses import mail_address
from newsletter.roster.rejects import SUFFIX
from newsletter.roster.writing import private_file
from newsletter.store import Store
from newsletter.store.people import email_key

#: folders that hold no file of ours
_ELSEWHERE = {".git", ".venv", "node_modules", "__pycache__"}
_LONGEST = 200 << 20
_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    #: what they read
    newsletters: tuple[str, ...]
    #: mails of the outbox that were deleted
    mails: int
    #: rows that were taken out of files of rejects
    rejected_rows: int
    #: files that name them still and are not ours to change
    named_in: tuple[Path, ...]
    #: False when another program kept the database from being written anew
    is_rewritten: bool
    #: they were forgotten before; only traces were looked for
    again: bool


def forget_person(
    store: Store, email: str, *, workspace: Path, outbox: Path, actor: str, now: datetime, rewrite: bool = True
) -> Forgotten:
    """
    :param rewrite: write the database file anew, at once
    :raises InputError: nobody is known by that address, nor was
    :raises RefusedError: mail to them is on its way this moment
    """
    gone = store.forgetting.forget(email, actor=actor, now=now)
    if gone is None and store.forgetting.kept_away(email) is None:
        raise InputError(f"nobody is known by the address {email}", fix="newsletter subscribers list shows readers")
    is_rewritten = rewrite and store.forgetting.rewrite()
    spelling = _Spelling.of(email)
    mails = _empty_outbox(outbox, gone.delivery_ids if gone else (), spelling)
    files = [path for path in _files(workspace) if not store.forgetting.is_ours(path)]
    rows = sum(_mend_rejects(path, spelling) for path in files if path.name.endswith(SUFFIX))
    return Forgotten(
        newsletters=gone.newsletters if gone else (),
        mails=mails,
        rejected_rows=rows,
        named_in=tuple(path.relative_to(workspace) for path in files if path.is_file() and spelling.is_in(path)),
        is_rewritten=is_rewritten,
        again=gone is None,
    )


@dataclass(frozen=True, slots=True)
class _Spelling:
    """An address as it may stand in a file: in any case, its domain in either form, and not as a part of another."""

    pattern: re.Pattern[str]
    in_bytes: re.Pattern[bytes]

    @classmethod
    def of(cls, email: str) -> "_Spelling":
        spellings = {email.strip(), email_key(email)}
        with suppress(ValueError):
            spellings.add(mail_address(email.strip()))
        words = "|".join(re.escape(spelling) for spelling in sorted(spellings))
        said = rf"(?<![\w.%+-])(?:{words})(?![\w-]|\.\w)"
        wide = b"|".join(re.escape(it.encode(name)) for it in sorted(spellings) for name in ("utf-16-le", "utf-16-be"))
        either = said.encode() + b"|" + wide
        return cls(re.compile(said, re.IGNORECASE), re.compile(either, re.IGNORECASE))

    def is_in(self, path: Path) -> bool:
        try:
            return path.stat().st_size <= _LONGEST and bool(self.in_bytes.search(path.read_bytes()))
        except OSError:
            return False


def _empty_outbox(outbox: Path, delivery_ids: tuple[int, ...], spelling: _Spelling) -> int:
    numbers = {f"{number:0{_DIGITS}d}" for number in delivery_ids}
    count = 0
    for path in outbox.glob("*.eml") if outbox.is_dir() else ():
        if path.name.partition("-")[0] in numbers or spelling.is_in(path):
            path.unlink(missing_ok=True)
            count += 1
    return count


def _mend_rejects(path: Path, spelling: _Spelling) -> int:
    """Take their rows out; a file of which nothing is left goes."""
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    if not spelling.pattern.search(text):
        return 0
    delimiter = max(",;\t|", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    kept = [row for row in rows if not any(spelling.pattern.search(cell) for cell in row)]
    if len(kept) <= 1:
        path.unlink()
    else:
        with private_file(path, mark=True) as file:
            csv.writer(file, delimiter=delimiter).writerows(kept)
    return len(rows) - len(kept)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _ELSEWHERE]
        for name in names:
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path
