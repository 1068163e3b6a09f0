"""Documents as people have them, made in memory: the same note as .docx, .html and .eml, and packages that do harm."""

import io
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

WORD_TYPE = ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document")

NOTE_HTML = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>p { margin: 0 }</style></head><body>
<h1>What the port rules ask</h1>
<h2>In short</h2>
<p>The “rules” were published on <em>Monday</em>, see <a href="https://example.com/rules?a=1&amp;b=2">the
text</a>.<br>They fill nine pages. 港口须提前一天申报。</p>
<ul><li><strong>Reports come earlier.</strong> A ship reports a day before.</li>
<li>Fees rise by 2 * 3 percent.</li></ul>
<p></p>
<ul><li><strong>Coastal lines</strong> are exempt.</li></ul>
<ol><li>First</li><li>Second</li></ol>
<p>Kind regards,</p>
<p>China Team</p>
</body></html>"""


def a_word_document(change: Callable[[Any], None] | None = None) -> bytes:
    """The note of NOTE_HTML, as Word has it."""
    document = docx.Document()
    document.add_heading("What the port rules ask", 0)
    document.add_heading("In short", 1)
    first = document.add_paragraph("The “rules” were published on ")
    first.add_run("Monday").italic = True
    first.add_run(", see ")
    add_link(first, "https://example.com/rules?a=1&b=2", "the text")
    first.add_run(".").add_break()
    first.add_run("They fill nine pages. 港口须提前一天申报。")
    _point(document, "Reports come earlier.", " A ship reports a day before.")
    document.add_paragraph("Fees rise by 2 * 3 percent.", style="List Bullet")
    document.add_paragraph()
    _point(document, "Coastal lines", " are exempt.")
    for words in ("First", "Second"):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("Kind regards,")
    document.add_paragraph("China Team")
    if change:
        change(document)
    return saved(document)


def _point(document: Any, lead: str, rest: str) -> None:
    point = document.add_paragraph(style="List Bullet")
    point.add_run(lead).bold = True
    point.add_run(rest)


def add_link(paragraph: Any, url: str, words: str) -> None:
    """As Word writes a link: the address is in the part's relations."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = words
    run.append(text)
    link.append(run)
    paragraph._p.append(link)


def saved(document: Any) -> bytes:
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def repacked(content: bytes, **parts: bytes | Callable[[bytes], bytes] | None) -> bytes:
    """A package with parts added, changed or taken away; `__` stands for a slash and `_dot_` for a dot."""
    changes = {name.replace("__", "/").replace("_dot_", "."): change for name, change in parts.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = changes.pop(name, old.read(name))
            if change is not None:
                new.writestr(name, change(old.read(name)) if callable(change) else change)
        for name, added in changes.items():
            assert isinstance(added, bytes)
            new.writestr(name, added)
    return packed.getvalue()


def a_package(entries: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name, content)
    return packed.getvalue()


def a_mail(
    *,
    text: str | None = None,
    html: str | None = None,
    attachments: Mapping[str, bytes] | None = None,
    subject: str = "Fwd: What the port rules ask",
) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = "Mei Lin <mei.lin@example.com>"
    mail["To"] = "team@example.com"
    mail["Date"] = "Wed, 10 Jun 2026 08:30:00 +0800"
    if text is not None:
        mail.set_content(text)
    if html is not None:
        mail.add_alternative(html, subtype="html") if text is not None else mail.set_content(html, subtype="html")
    for name, content in (attachments or {}).items():
        kind = WORD_TYPE if name.endswith(".docx") else ("application", "octet-stream")
        mail.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    return mail.as_bytes()
