"""How much a document may hold, and what it is when it is not what its name says; checked before a library reads it."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from newsletter.errors import Finding, InputError

#: of any document, as it lies on the disk
SIZE_LIMIT = 20 << 20
#: of an HTML text: pictures within it are cut out before
HTML_LIMIT = 8 << 20
#: of the words in a document
TEXT_LIMIT = 1 << 20
#: a Word document of a hundred pages has a thousand
PARAGRAPH_LIMIT = 4_000
#: of an HTML text; Word writes some five hundred on a page
TAG_LIMIT = 100_000

_ENTRY_LIMIT = 2_000
_UNPACKED_LIMIT = 50 << 20
_PART_LIMIT = 16 << 20
_RATIO_LIMIT = 100
#: what unpacks to less is harmless, however well it was packed
_RATIO_FROM = 1 << 20
_ELEMENT_LIMIT = 80_000
_DEPTH_LIMIT = 100
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENTRY_MARK = b"PK\x01\x02"
_PARAGRAPH = "p"

_AS_DOCX = "open it in the program that made it and save it as .docx"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
#: how a file begins that is none of ours
_OTHERS = (
    (b"%PDF", "is a PDF", "open it in Word and save it as .docx, or import its text: newsletter import -"),
    (b"\x89PNG", "is a picture", "import the document that it is from"),
    (b"\xff\xd8\xff", "is a picture", "import the document that it is from"),
    (b"GIF8", "is a picture", "import the document that it is from"),
    (b"{\\rtf", "is an RTF document", _AS_DOCX),
    (b"\x1f\x8b", "is a packed file", "unpack it first"),
    (b"SQLite format 3", "is a database", "name the document"),
)
_OTHER_PACKAGES = (
    ("xl/", "is an Excel workbook"),
    ("ppt/", "is a PowerPoint presentation"),
    ("Index/", "is a document of Apple Pages"),
    ("content.xml", "is an OpenDocument file"),
)


def refusal(path: str, message: str, fix: str, *, rule: str) -> InputError:
    return InputError(Finding(message=message, fix=fix, path=path, rule=rule))


def insist_size(content: bytes, *, path: str, limit: int = SIZE_LIMIT) -> None:
    """
    :raises InputError: it is empty, or larger than a note can be
    """
    if len(content) > limit:
        raise refusal(path, f"is larger than {limit >> 20} MiB", "save it without pictures, or split it", rule="size")
    if not content.strip(b"\0 \r\n\t"):
        raise refusal(path, "is empty", "name another file", rule="empty")


def insist_no_other(content: bytes, *, path: str) -> None:
    """
    :raises InputError: it is plainly something that no door reads, whatever its name says
    """
    if content.startswith(_OLE):
        if _LOCKED in content:
            raise refusal(path, "is locked with a password", "save it without one", rule="locked")
        raise refusal(path, "is a document of an old Word", "open it in Word and save it as .docx", rule="old-word")
    for mark, message, fix in _OTHERS:
        if content.startswith(mark):
            raise refusal(path, message, fix, rule="kind")


def word_parts(content: bytes, *, path: str) -> dict[str, bytes]:
    """
    The XML parts of a Word document by name, each harmless; pictures and macros are not among them.

    :raises InputError: it is not one, is damaged or locked, or would take more room than a note can need
    """
    insist_size(content, path=path)
    insist_no_other(content, path=path)
    if not content.startswith(b"PK"):
        raise refusal(path, "is not a Word document", "name it by what it is, or save it as .docx", rule="kind")
    # Before the directory is read: zipfile makes an entry for each of these marks, whatever the directory's count says.
    if content.count(_ENTRY_MARK) > 2 * _ENTRY_LIMIT:
        raise _bomb(path, f"holds more than {_ENTRY_LIMIT:,} files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            _insist_harmless(entries, path)
            _insist_word([entry.filename for entry in entries], path)
            parts = {entry.filename: package.read(entry) for entry in entries if _is_xml(entry)}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise _damaged(path) from error
    _insist_plain_xml(parts, path)
    return parts


def entry_names(content: bytes) -> list[str]:
    """What a package holds; nothing when it is none. For remarks about what was left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return package.namelist()
    except zipfile.BadZipFile:
        return []


def _is_xml(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith((".xml", ".rels"))


def _damaged(path: str) -> InputError:
    return refusal(path, "is cut off or damaged", "save it once more, or ask for it again", rule="damaged")


def _insist_harmless(entries: list[zipfile.ZipInfo], path: str) -> None:
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or any(_is_odd(name) for name in names):
        raise refusal(path, "holds files with names that Word does not give", _AS_DOCX, rule="odd-names")
    if any(entry.flag_bits & 1 for entry in entries):
        raise refusal(path, "is locked with a password", "save it without one", rule="locked")
    if any(entry.compress_type not in _PACKED for entry in entries):
        raise refusal(path, "is packed in a way that Word does not use", _AS_DOCX, rule="packed")
    _insist_room(entries, path)


def _insist_room(entries: list[zipfile.ZipInfo], path: str) -> None:
    if len(entries) > _ENTRY_LIMIT:
        raise _bomb(path, f"holds more than {_ENTRY_LIMIT:,} files")
    if sum(entry.file_size for entry in entries) > _UNPACKED_LIMIT:
        raise _bomb(path, f"unpacks to more than {_UNPACKED_LIMIT >> 20} MiB")
    if sum(entry.file_size for entry in entries if _is_xml(entry)) > _PART_LIMIT:
        raise _bomb(path, f"holds more than {_PART_LIMIT >> 20} MiB of text and marks")
    for entry in entries:
        if entry.file_size > max(_RATIO_FROM, _RATIO_LIMIT * entry.compress_size):
            raise _bomb(path, f"is packed more than {_RATIO_LIMIT} times")


def _bomb(path: str, message: str) -> InputError:
    return refusal(path, message, "no note needs that; paste its text into a new document", rule="too-much")


def _is_odd(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or not name.isprintable()


def _insist_word(names: list[str], path: str) -> None:
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return
    other = next((said for mark, said in _OTHER_PACKAGES if any(name.startswith(mark) for name in names)), None)
    message = other or "is a packed file, and no Word document"
    raise refusal(path, message, "open it and save its text as .docx" if other else "unpack it first", rule="kind")


def _insist_plain_xml(parts: dict[str, bytes], path: str) -> None:
    counts = {"elements": 0, "paragraphs": 0}
    for content in parts.values():
        try:
            _count(content, counts, path)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise _damaged(path) from error


def _count(content: bytes, counts: dict[str, int], path: str) -> None:
    """Go through a part without keeping anything, and stop where it becomes too much."""
    depth = 0

    def start(name: str, _: Any) -> None:
        nonlocal depth
        depth += 1
        counts["elements"] += 1
        counts["paragraphs"] += name.rpartition(":")[2] == _PARAGRAPH
        if depth > _DEPTH_LIMIT:
            raise _bomb(path, f"is nested deeper than {_DEPTH_LIMIT} marks")
        if counts["elements"] > _ELEMENT_LIMIT:
            raise _bomb(path, f"holds more than {_ELEMENT_LIMIT:,} marks")
        if counts["paragraphs"] > PARAGRAPH_LIMIT:
            raise _bomb(path, f"holds more than {PARAGRAPH_LIMIT:,} paragraphs")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    _parser(path, start, end).Parse(content, True)


def _parser(path: str, start: Callable[[str, Any], None], end: Callable[[str], None]) -> expat.XMLParserType:
    def refuse(*_: Any) -> None:
        # Without a DTD there are no entities: nothing to fetch, nothing to blow up.
        raise refusal(path, "declares entities, which no Word document does", _AS_DOCX, rule="entities")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    return parser


def paragraph_texts(content: bytes, *, path: str) -> Iterator[str]:
    """The words of each paragraph of a checked part, in the order in which the paragraphs end."""
    opened: list[list[str]] = []
    found: list[str] = []
    #: moved away from here: the words stand elsewhere as well
    state = {"away": 0, "text": False}

    def start(name: str, _: Any) -> None:
        local = name.rpartition(":")[2]
        state["away"] += local == "moveFrom"
        state["text"] = local == "t" and not state["away"]
        if local == _PARAGRAPH:
            opened.append([])

    def end(name: str) -> None:
        local = name.rpartition(":")[2]
        state["away"] -= local == "moveFrom"
        state["text"] = False
        if local == _PARAGRAPH and opened:
            found.append("".join(opened.pop()))

    def words(text: str) -> None:
        if state["text"] and opened:
            opened[-1].append(text)

    parser = _parser(path, start, end)
    parser.CharacterDataHandler = words
    parser.Parse(content, True)
    yield from found
