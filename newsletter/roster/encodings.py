"""In which encoding a list is written, told from all of its bytes; most lists that are not UTF-8 do not say."""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from newsletter.errors import Finding, ReadersFileError

_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPED = re.compile("[\udc80-\udcff]")
#: a Chinese character with a Latin letter on either side is two accented letters read wrongly
_WITHIN_A_WORD = re.compile("(?<=[A-Za-z])[^\x00-\x7f]+(?=[A-Za-z])")
_SAMPLE = 20_000
_PLAUSIBLE = 0.7
_NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "gb18030": "GB18030",
    "cp1252": "Windows-1252",
}


@dataclass(frozen=True, slots=True)
class Writing:
    """How the bytes of a list are to be read, and what they are."""

    encoding: str
    #: of the bytes, in hexadecimal
    sha256: str
    #: about how many
    lines: int
    #: of otherwise sound text, some bytes are none: their rows are told
    has_strays: bool = False

    @property
    def name(self) -> str:
        return _NAMES.get(self.encoding, self.encoding)

    @property
    def errors(self) -> str:
        return "surrogateescape" if self.has_strays else "strict"


def writing_of(file: BinaryIO, path: str, *, encoding: str | None = None) -> Writing:
    """
    :param encoding: when somebody knows it
    :raises ReadersFileError: it is in none that we know
    """
    digest, lines, found = hashlib.sha256(), 0, _Utf8()
    for chunk in _chunks(file):
        digest.update(chunk)
        lines += chunk.count(b"\n") or chunk.count(b"\r")
        found.look(chunk)
    if encoding:
        return Writing(_insist_known(encoding), digest.hexdigest(), lines)
    head = next(_chunks(file), b"")
    told = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _wide_without_mark(head)
    if told is None:
        told = "utf-8" if found.is_likely else _told_by_its_letters(file, path)
    has_strays = told.startswith("utf-8") and found.strays > 0
    return Writing(told, digest.hexdigest(), lines, has_strays)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


class _Utf8:
    """How well bytes read as UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.letters = 0
        self.strays = 0

    def look(self, chunk: bytes) -> None:
        text = self._decoder.decode(chunk)
        if text.isascii():
            return
        strays = len(_ESCAPED.findall(text))
        self.strays += strays
        self.letters += sum(1 for mark in text if mark > "\x7f") - strays

    @property
    def is_likely(self) -> bool:
        """Bytes of another encoding form a letter of UTF-8 now and then, but mostly none."""
        return self.strays == 0 or self.letters > self.strays


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 whose byte order mark was lost: every other byte of an ASCII character is zero."""
    even, odd = head[::2], head[1::2]
    if len(head) < 4:
        return None
    if odd.count(0) > len(odd) // 3 and even.count(0) < len(even) // 10:
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > len(even) // 3 and odd.count(0) < len(odd) // 10 else None


def _told_by_its_letters(file: BinaryIO, path: str) -> str:
    if _reads(file, "gb18030") and _is_plausibly_chinese(file):
        return "gb18030"
    if _reads(file, "cp1252"):
        return "cp1252"
    raise ReadersFileError(
        Finding(
            message="is written in an encoding that we do not know",
            fix="save it as UTF-8 (in a spreadsheet: 'CSV UTF-8'), or name it with --encoding",
            path=path,
            rule="encoding",
        )
    )


def _reads(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_plausibly_chinese(file: BinaryIO) -> bool:
    """
    Accented letters of Windows-1252 read as GB18030, too, but as rare characters in the middle of words.

    What is in daily use stands in GB 2312.
    """
    decoder = codecs.getincrementaldecoder("gb18030")()
    seen = common = 0
    for chunk in _chunks(file):
        text = decoder.decode(chunk)
        odd = sum(map(len, _WITHIN_A_WORD.findall(text)))
        found = [mark for mark in text if mark > "\x7f"]
        seen += len(found)
        common += sum(1 for mark in found if _is_common(mark)) - odd
        if seen > _SAMPLE:
            break
    return common >= seen * _PLAUSIBLE


def _is_common(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _insist_known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        message = f"{encoding!r} is no encoding"
        fix = "write utf-8, utf-16, gb18030 or windows-1252"
        raise ReadersFileError(Finding(message=message, fix=fix, rule="encoding")) from None
