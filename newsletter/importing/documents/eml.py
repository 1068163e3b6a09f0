"""Mails as files: the part that people read, and word of everything else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import errors, header, message_from_bytes, policy
from email.message import Message
from email.utils import parsedate_to_datetime

from newsletter.errors import InputError
from newsletter.importing.documents.docx import read_docx
from newsletter.importing.documents.html import read_html
from newsletter.importing.documents.limits import insist_no_other, insist_size, refusal
from newsletter.importing.documents.remarks import LeftOut
from newsletter.importing.lines import Line, Role, Source
from newsletter.importing.text import read_text
from newsletter.prose import prose_plain

_HEADER = re.compile(rb"(?:From |[!-9;-~]{1,80}:)")
#: the longest header block that mail servers take is far shorter
_HEAD_LIMIT = 256 << 10
_LONGEST_HEADER = 2_000
_PARTS_LIMIT = 500
_ANSWER = re.compile(r"^(?:\s*(?:re|aw|fw|fwd|wg|sv|答复|回复|转发)\s*(?:\[\d+\])?\s*[:：])+\s*", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"[\s*>]*(?:from|sent|date|to|cc|bcc|subject|reply-to|importance|发件人|发送时间|时间|日期|收件人|抄送|主题)\**\s*[:：]",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"-{2,}\s*(?:forwarded message|original message|转发邮件|原始邮件)\s*-{2,}|begin forwarded message:?",
    re.IGNORECASE,
)
_WORD = (".docx", ".docm")
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read_eml(content: bytes, *, path: str) -> Source:
    """
    The lines of a mail: its HTML part, else its text; of one that holds nothing but a Word document, that document.

    :raises InputError: it is no mail, or one that was built to do harm
    """
    insist_size(content, path=path)
    insist_no_other(content, path=path)
    message = _parsed(content, path)
    left_out = LeftOut(path)
    bodies, others = _sorted_parts(message)
    sources = [source for part in bodies if (source := _body(part, left_out, path))]
    if any(line.text for source in sources for line in source.lines):
        found = _joined(sources, path)
        documents: list[Message] = []
    else:
        documents = [part for part in others if _is_word(part)]
        found = _attached(documents, path)
    for part in others:
        if part not in documents:
            message_of = f"the attachment “{_name(part)}” was left out"
            left_out.say(message_of, "import it by itself if it is the note", rule="attachment")
    lines = _without_forwarding(found.lines, left_out)
    title = _ANSWER.sub("", _text_of(message, "Subject")).strip() or found.title
    remarks = tuple(dict.fromkeys((*found.remarks, *left_out.findings)))
    return replace(found, lines=lines, title=title, date=_sent_on(message), remarks=remarks)


def _parsed(content: bytes, path: str) -> Message:
    head = content[: _HEAD_LIMIT + 1].replace(b"\r\n", b"\n")
    if not _HEADER.match(head.lstrip()):
        raise refusal(path, "is no mail", "save the mail as .eml, or paste its text: newsletter import -", rule="kind")
    if b"\n\n" not in head and len(content) > _HEAD_LIMIT:
        message = f"has headers of more than {_HEAD_LIMIT >> 10} KiB"
        raise refusal(path, message, "paste its text: newsletter import -", rule="too-much")
    try:
        # The older of Python's two ways to read headers: what is malformed stays text, in linear time.
        return message_from_bytes(content.lstrip(), policy=policy.compat32)
    except (RecursionError, ValueError, LookupError, errors.MessageError) as error:
        raise _too_nested(path) from error


def _too_nested(path: str) -> InputError:
    message = "is nested in a way that no mail is"
    return refusal(path, message, "paste its text: newsletter import -", rule="too-much")


def _sorted_parts(message: Message) -> tuple[list[Message], list[Message]]:
    """What people read, in order, and everything else."""
    bodies: list[Message] = []
    others: list[Message] = []
    #: inner parts in reverse, so that a list serves as a stack
    stack = [message]
    count = 0
    while stack and count < _PARTS_LIMIT:
        part, count = stack.pop(), count + 1
        inner = part.get_payload() if part.is_multipart() else None
        if not isinstance(inner, list):
            (bodies if _is_body(part) else others).append(part)
        elif part.get_content_type() == "multipart/alternative":
            stack += [_preferred([one for one in inner if isinstance(one, Message)])] if inner else []
        elif part.get_content_type() == "message/rfc822" and bodies:
            others.append(part)
        else:
            stack += [one for one in reversed(inner) if isinstance(one, Message)]
    return bodies, others


def _preferred(parts: list[Message]) -> Message:
    """HTML before text, for its links and emphasis; a calendar or a picture only when there is nothing else."""

    def rank(part: Message) -> int:
        kinds = [part.get_content_type(), *(one.get_content_type() for one in _inner(part))]
        return 2 if "text/html" in kinds else 1 if "text/plain" in kinds else 0

    return max(parts, key=rank)


def _inner(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def _is_body(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_filename():
        return False
    return part.get_content_type() in ("text/plain", "text/html")


def _is_word(part: Message) -> bool:
    return part.get_content_type() == _WORD_TYPE or _name(part).lower().endswith(_WORD)


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or _text_of(part, "Subject") or part.get_content_type()
    except (ValueError, LookupError, TypeError):
        name = part.get_content_type()
    words = " ".join(_decoded_header(name).split())
    return "".join(mark for mark in words if mark.isprintable())[:120] or "without a name"


def _bytes(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        payload = None
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError):
        return None


def _body(part: Message, left_out: LeftOut, path: str) -> Source | None:
    content = _bytes(part)
    if not content.strip():
        return None
    if part.get_content_type() == "text/html":
        return read_html(content, path=path, charset=_charset(part))
    return read_text(_decoded(content, _charset(part), left_out), path=path)


def _decoded(content: bytes, charset: str | None, left_out: LeftOut) -> str:
    for name in (charset, "utf-8", "gb18030"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, ValueError):
            continue
    message = "is not text in the charset that it names"
    left_out.say(message, "look for odd marks where something could not be read", rule="encoding")
    return content.decode("utf-8", "replace")


def _joined(sources: list[Source], path: str) -> Source:
    """A body that came in several parts, as one."""
    first, *others = sources
    lines, remarks = list(first.lines), list(first.remarks)
    for source in others:
        start = lines[-1].number if lines else 0
        lines.append(Line(start, "", Role.BLANK))
        lines += [replace(line, number=line.number + start) for line in source.lines]
        remarks += source.remarks
    plain = first.plain if not others else None
    return Source(path=path, lines=tuple(lines), title=first.title, remarks=tuple(remarks), plain=plain)


def _attached(documents: list[Message], path: str) -> Source:
    if len(documents) != 1:
        message = "holds several Word documents" if documents else "holds no text that can be read"
        raise refusal(path, message, "save the attachment that you want, and import that", rule="attachment")
    source = read_docx(_bytes(documents[0]), path=path)
    left_out = LeftOut(path)
    left_out.say(f"the mail has no text; its attachment “{_name(documents[0])}” was imported", rule="attachment")
    return replace(source, remarks=(*left_out.findings, *source.remarks))


def _without_forwarding(lines: tuple[Line, ...], left_out: LeftOut) -> tuple[Line, ...]:
    """Blocks of From, Sent, To and Subject, which a mail program puts above what it forwards, go into the report."""
    kept: list[Line] = []
    block: list[Line] = []
    for line in (*lines, Line(0, "\0")):
        if _is_of_forwarding(line) or (block and line.role is Role.BLANK):
            block.append(line)
            continue
        kept += _reported(block, left_out)
        block = []
        kept.append(line)
    return tuple(kept[:-1])


def _is_of_forwarding(line: Line) -> bool:
    first = line.text.split("\n", 1)[0]
    return bool(_ADDRESSED.match(first) or _FORWARDED.fullmatch(prose_plain(first).strip())) and len(line.text) < 2_000


def _reported(block: list[Line], left_out: LeftOut) -> list[Line]:
    """Nothing of a block that is one; all of what only looks a little like it."""
    rows = [row for line in block for row in line.text.split("\n") if row.strip()]
    if sum(bool(_ADDRESSED.match(row)) for row in rows) < 3:
        return block
    words = "; ".join(prose_plain(row) for row in rows)
    left_out.words("the head of a forwarded mail", words, line=block[0].number, rule="forwarded")
    return []


def _text_of(message: Message, name: str) -> str:
    """A header as people read it."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    words = " ".join(_decoded_header(value[:_LONGEST_HEADER]).split())
    return "".join(mark for mark in words if mark.isprintable())


def _decoded_header(value: str) -> str:
    """Encoded words, or bytes that stand there as they are, as words."""
    content = value.encode("utf-8", "surrogateescape")
    for name in ("utf-8", "gb18030"):
        try:
            value = content.decode(name)
            break
        except UnicodeError:
            continue
    try:
        return str(header.make_header(header.decode_header(value))) or value
    except (ValueError, LookupError, TypeError, errors.MessageError):
        return value


def _sent_on(message: Message) -> date | None:
    """The day on which it was written, where it was written."""
    try:
        return parsedate_to_datetime(_text_of(message, "Date")).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
