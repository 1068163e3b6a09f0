"""Which door a source comes in by: its content says, and only then its name."""

import codecs
import re

from newsletter.errors import Finding, InputError
from newsletter.importing.lines import PART_FIX, Source
from newsletter.importing.text import read_text

FILE_LIMIT = 20 << 20
TEXT_LIMIT = 1 << 20

_ZIP = b"PK\x03\x04"
_AS_DOCX = "open it there and save it as .docx"
#: how files begin that only another program can read: what they are
_FOREIGN = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a file of an old Word or Outlook",
    b"%PDF-": "a PDF, whose lines have lost their order",
    b"{\\rtf": "Rich Text",
}
_FOREIGN_NAMES = {
    ".doc": "an old Word file",
    ".pdf": "a PDF",
    ".pages": "a file of Pages",
    ".odt": "an OpenDocument",
    ".rtf": "Rich Text",
}
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}\r?\n")
_OF_MAIL = re.compile(rb"^(?:message-id|mime-version|received|return-path|delivered-to):", re.IGNORECASE | re.MULTILINE)


def read_source(content: bytes, *, path: str) -> Source:
    """
    The lines of a text, a Word document, a page or a mail.

    :raises InputError: it is none of these, or too large
    """
    if len(content) > FILE_LIMIT:
        raise too_large(path, FILE_LIMIT)
    suffix = path[path.rfind(".") :].lower() if "." in path.rsplit("/", 1)[-1] else ""
    _refuse_foreign(content, suffix, path)
    if content.startswith(_ZIP) or suffix in (".docx", ".docm"):
        from newsletter.importing.documents import read_docx

        return read_docx(content, path=path)
    if suffix in (".html", ".htm") or _HTML.match(content[:4_000]):
        from newsletter.importing.documents import read_html

        return read_html(content, path=path)
    if suffix == ".eml" or _is_mail(content[:65_536]):
        from newsletter.importing.documents import read_eml

        return read_eml(content, path=path)
    if len(content) > TEXT_LIMIT:
        raise too_large(path, TEXT_LIMIT)
    return read_text(_decoded(content, path), path=path)


def too_large(path: str, limit: int) -> InputError:
    message = f"is larger than {limit >> 20} MiB"
    return InputError(Finding(message=message, fix=PART_FIX, path=path, rule="size"))


def _refuse_foreign(content: bytes, suffix: str, path: str) -> None:
    what = next((what for start, what in _FOREIGN.items() if content.startswith(start)), None)
    what = what or (_FOREIGN_NAMES.get(suffix) if suffix != ".rtf" else None)
    if what:
        raise InputError(Finding(message=f"is {what}", fix=_AS_DOCX, path=path, rule="form"))


def _is_mail(start: bytes) -> bool:
    head = _HEADER.match(start.replace(b"\r\n", b"\n"))
    return bool(head and _OF_MAIL.search(head[0]))


def _decoded(content: bytes, path: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
        if b"\0" in content[:4_096]:
            fix = "import plain text, Markdown, .docx, .html or .eml"
            raise InputError(Finding(message="is no text", fix=fix, path=path, rule="form"))
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 text (byte 0x{content[error.start]:02X})"
        finding = Finding(message=message, fix="save it as UTF-8", path=path, line=line, rule="encoding")
        raise InputError(finding) from error
