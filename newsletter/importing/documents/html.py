"""HTML: a saved page, a mail's part, what Word and Outlook write."""

import codecs
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from newsletter.errors import InputError
from newsletter.importing.documents.limits import HTML_LIMIT, TAG_LIMIT, insist_no_other, insist_size, refusal
from newsletter.importing.documents.remarks import LeftOut
from newsletter.importing.documents.walking import Walk
from newsletter.importing.lines import Source

#: pictures within the text, cut out before anything else looks at it
_INNER_PICTURE = re.compile(rb"data:[\w/+.;=-]{0,80};base64,[A-Za-z0-9+/=%\s]*", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_WORD = re.compile(r"<meta[^>]{0,80}\bcontent\s*=\s*[\"']?(?:Microsoft Word|Word\.Document)", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: what browsers read for these names
_MEANT = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8",
    "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8", "unicode": "utf-8",
}  # fmt: skip
_HEAD = 4_096
_ANY_TAG = re.compile(r"<(?:!doctype|!--|/?[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)


def read_html(content: bytes, *, path: str, charset: str | None = None) -> Source:
    """
    The lines of an HTML text. `charset` is what the envelope says, for a text without a word about it.

    :raises InputError: it is no HTML, in no known charset, or larger than a note can be
    """
    insist_size(content, path=path)
    insist_no_other(content, path=path)
    if content.startswith(b"PK\x03\x04"):
        raise refusal(path, "is no HTML, but a Word document or a packed file", "name it .docx", rule="kind")
    content = _INNER_PICTURE.sub(b"data:,", content)
    insist_size(content, path=path, limit=HTML_LIMIT)
    text = decoded_html(content, path=path, charset=charset)
    if not _ANY_TAG.search(text):
        raise refusal(path, "is no HTML", "name it .txt if it is plain text", rule="kind")
    return source_of_html(text, LeftOut(path), path=path)


def source_of_html(text: str, left_out: LeftOut, *, path: str) -> Source:
    """The lines of HTML that was decoded already."""
    walk = _walked(text, left_out, path)
    # Word puts the first words of the first version there, and they stay when the file becomes another note.
    title = None if _WORD.search(text, 0, _HEAD) else walk.title or None
    if not walk.lines:
        raise refusal(path, "holds no words", "look whether it is the right file", rule="empty")
    return Source(path=path, lines=tuple(walk.lines), title=title, remarks=left_out.findings)


def decoded_html(content: bytes, *, path: str, charset: str | None = None) -> str:
    """
    :raises InputError: it is not text in the charset that it names, nor UTF-8
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], [name], path)
    declared = _CHARSET.search(content, 0, _HEAD)
    names = [declared[1].decode("ascii") if declared else None, charset, "utf-8"]
    return _decoded(content, [name for name in names if name], path)


def _decoded(content: bytes, names: list[str], path: str) -> str:
    for name in names:
        try:
            return content.decode(_MEANT.get(name.lower(), name)).replace("\0", "")
        except (LookupError, ValueError):
            continue
    message = f"is not text in {' or '.join(dict.fromkeys(name.upper() for name in names))}"
    raise refusal(path, message, "save it as UTF-8", rule="encoding")


def _walked(text: str, left_out: LeftOut, path: str) -> Walk:
    from lxml import etree

    if text.count("<") > TAG_LIMIT:
        message = f"holds more than {TAG_LIMIT:,} marks"
        raise refusal(path, message, "no note needs that; paste its text into a new document", rule="too-much")
    walk = Walk(left_out, path=path)
    # Without a comment or pi of its own, a target gets none.
    target: Any = SimpleNamespace(start=walk.start, end=walk.end, data=walk.words, close=walk.close)
    # Events and no tree: libxml2 ends a tree at 256 levels, and takes quadratic time for an element's attributes.
    parser = etree.HTMLParser(target=target, encoding="utf-8", no_network=True, huge_tree=False)
    try:
        for piece in _pieces(text):
            parser.feed(piece)
        parser.close()
    except etree.LxmlError as error:
        raise _unreadable(path) from error
    if any(entry.level_name == "FATAL" for entry in parser.error_log):
        raise _unreadable(path)
    return walk


def _pieces(text: str) -> Iterator[bytes]:
    content = text.encode("utf-8", "ignore")
    for start in range(0, len(content), 1 << 16):
        yield content[start : start + (1 << 16)]


def _unreadable(path: str) -> InputError:
    return refusal(path, "cannot be read as HTML to its end", "paste its text: newsletter import -", rule="damaged")
