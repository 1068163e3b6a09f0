"""Word documents: the same as their HTML, and nothing lost in silence."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from docx.oxml import OxmlElement

from newsletter.errors import InputError
from newsletter.importing.documents import read_docx, read_html
from newsletter.importing.lines import Role
from tests.documents import NOTE_HTML, a_package, a_word_document, repacked

DOCUMENT = "word__document_dot_xml"


def test_a_word_document_and_its_html_are_the_same_source() -> None:
    word = read_docx(a_word_document(), path="note")
    page = read_html(NOTE_HTML.encode(), path="note")
    assert word == page
    texts = [line.text for line in word.lines if line.text]
    assert texts[2] == (
        "The “rules” were published on *Monday*, see [the text](https://example.com/rules?a=1&b=2).\n"
        "They fill nine pages. 港口须提前一天申报。"
    )
    assert texts[3] == "**Reports come earlier.** A ship reports a day before."


def test_without_a_title_the_first_heading_is_the_first_level() -> None:
    def untitle(document: Any) -> None:
        first = document.paragraphs[0]._p
        first.getparent().remove(first)

    lines = read_docx(a_word_document(untitle), path="note.docx").lines
    assert (lines[0].role, lines[0].level, lines[0].text) == (Role.HEADING, 1, "In short")


def _header(document: Any) -> None:
    document.sections[0].header.paragraphs[0].text = "Confidential draft"


def _comment(document: Any) -> None:
    document.add_comment(document.paragraphs[2].runs, text="Check this figure.", author="M")


def _table(document: Any) -> None:
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Fee", "2 percent"


def _unknown(document: Any) -> None:
    odd = OxmlElement("w:bdo")
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "in an element that mammoth does not know"
    run.append(text)
    odd.append(run)
    document.paragraphs[-1]._p.append(odd)


def _hidden(document: Any) -> None:
    document.paragraphs[-1].runs[0].font.hidden = True


def _tracked(document: Any) -> None:
    deleted = OxmlElement("w:del")
    deleted.set("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}id", "1")
    document.paragraphs[-1]._p.append(deleted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_header, "the page header was left out: “Confidential draft”"),
        (_comment, "note.docx:3: the comment was left out: “Check this figure.”"),
        (_table, "note.docx:11: a table was written row by row"),
        (_unknown, "part of this paragraph was left out: “China Teamin an element that mammoth does not know”"),
        (_hidden, "holds hidden words, which were kept"),
        (_tracked, "holds tracked changes"),
    ],
)
def test_what_a_line_cannot_hold_is_said(change: Callable[[Any], None], said: str) -> None:
    remarks = read_docx(a_word_document(change), path="note.docx").remarks
    assert [said in str(remark) for remark in remarks] == [True]


def test_a_footnote_is_said_with_its_words_and_its_paragraph() -> None:
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:footnote w:id="7"><w:p><w:r><w:t>Counted by the ministry.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    reference = b'<w:r><w:footnoteReference w:id="7"/></w:r></w:p>'

    def refer(content: bytes) -> bytes:
        head, tail = content.rsplit(b"</w:p>", 1)
        return head + reference + tail

    content = repacked(repacked(a_word_document(), **{DOCUMENT: refer}), word__footnotes_dot_xml=notes.encode())
    source = read_docx(content, path="note.docx")
    assert [str(remark).split(";")[0] for remark in source.remarks] == [
        "note.docx:10: the footnote was left out: “Counted by the ministry.”"
    ]
    assert source.lines == read_docx(a_word_document(), path="note.docx").lines


def test_macros_are_left_out_and_said() -> None:
    content = repacked(a_word_document(), word__vbaProject_dot_bin=b"\xd0\xcf\x11\xe0 macro")
    assert [remark.message for remark in read_docx(content, path="note.docm").remarks] == ["macros were left out"]


def _with_dtd(content: bytes) -> bytes:
    start = content.index(b"<w:document")
    return content[:start] + b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + content[start:]


LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)


def _laughing(content: bytes) -> bytes:
    start = content.index(b"<w:document")
    return content[:start] + LAUGHS + content[start:].replace(b"China Team", b"&j;")


def _deep(content: bytes) -> bytes:
    return content.replace(b"<w:body>", b"<w:body>" + b"<w:smartTag>" * 200 + b"</w:smartTag>" * 200)


def _many(content: bytes) -> bytes:
    return content.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 4_001)


def _encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le")


def _locked_zip() -> bytes:
    content = bytearray(a_word_document())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(mark, place + 4)
    return bytes(content)


def _twice() -> bytes:
    packed = io.BytesIO(a_word_document())
    with zipfile.ZipFile(packed, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("word/document.xml", b"<x/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: b"", "is empty"),
        (lambda: a_word_document()[:-500], "is cut off or damaged; save it once more"),
        (lambda: a_word_document()[:5_000], "is cut off or damaged"),
        (lambda: b"PK\x03\x04 and nothing", "is cut off or damaged"),
        (lambda: b"\x89PNG\r\n", "is a picture"),
        (lambda: b"%PDF-1.7", "is a PDF; open it in Word"),
        (lambda: b"<html><p>x", "is not a Word document"),
        (
            lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old",
            "is a document of an old Word; open it in Word and save it as .docx",
        ),
        (_encrypted, "is locked with a password; save it without one"),
        (_locked_zip, "is locked with a password"),
        (_twice, "holds files with names that Word does not give"),
        (lambda: a_package({"xl/workbook.xml": b"<x/>"}), "is an Excel workbook"),
        (lambda: a_package({"a.txt": b"x"}), "is a packed file, and no Word document"),
        (lambda: repacked(a_word_document(), **{"..__up_dot_xml": b"<x/>"}), "holds files with names"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: _with_dtd}), "declares entities"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: _laughing}), "declares entities"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: _deep}), "is nested deeper than 100 marks"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: _many}), "holds more than 4,000 paragraphs"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: b"<w:document"}), "is cut off or damaged"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: b"<other/>"}), "is damaged inside"),
        (lambda: repacked(a_word_document(), **{DOCUMENT: None}), "is damaged inside"),
        (lambda: repacked(a_word_document(), word__zeros_dot_bin=bytes(2 << 20)), "is packed more than 100 times"),
        (lambda: repacked(a_word_document(), word__zeros_dot_bin=bytes(51 << 20)), "unpacks to more than 50 MiB"),
        (lambda: a_package({f"word/{n}.xml": b"<x/>" for n in range(2_001)}), "holds"),
        (
            lambda: a_package({"[Content_Types].xml": b""} | {f"word/{n}": b"" for n in range(5_000)}),
            "holds more than 2,000 files",
        ),
    ],
)
def test_what_is_no_harmless_word_document_ends_in_one_line(content: Callable[[], bytes], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_docx(content(), path="note.docx")
    [finding] = caught.value.findings
    assert str(finding).startswith(f"note.docx: {said}")


def test_links_of_a_document_to_other_files_are_not_opened(tmp_path: Any) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<x>never read</x>")

    def attach(content: bytes) -> bytes:
        kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
        link = b'<Relationship Id="rX" Type="%s" Target="%s" TargetMode="External"/>' % (kind, str(secret).encode())
        return content.replace(b"</Relationships>", link + b"</Relationships>")

    content = repacked(a_word_document(), word___rels__document_dot_xml_dot_rels=attach)
    assert "never read" not in str(read_docx(content, path="note.docx"))
