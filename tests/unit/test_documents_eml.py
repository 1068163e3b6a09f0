"""Mails as files: the part that people read, and word of everything else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.importing.documents import read_docx, read_eml, read_html
from tests.documents import NOTE_HTML, a_mail, a_word_document


def test_the_html_part_is_the_mail_and_the_subject_its_title() -> None:
    source = read_eml(a_mail(text="less", html=NOTE_HTML), path="note.eml")
    assert source.lines == read_html(NOTE_HTML.encode(), path="note.eml").lines
    assert (source.title, source.date) == ("What the port rules ask", date(2026, 6, 10))
    assert source.remarks == ()


def test_a_mail_of_text_is_read_as_text() -> None:
    source = read_eml(a_mail(text="Dear all,\n\n- One *star*\n- 二\n"), path="note.eml")
    assert [line.text for line in source.lines if line.text] == ["Dear all,", r"One \*star\*", "二"]
    assert source.plain


def test_a_word_document_alone_is_the_note() -> None:
    source = read_eml(a_mail(text="  \n", attachments={"note.docx": a_word_document()}), path="note.eml")
    assert source.lines == read_docx(a_word_document(), path="note.eml").lines
    assert "its attachment “note.docx” was imported" in str(source.remarks[0])


def test_other_attachments_are_named() -> None:
    source = read_eml(a_mail(text="See below.", attachments={"规则.pdf": b"x", "note.docx": b"y"}), path="note.eml")
    said = [remark.message for remark in source.remarks]
    assert said == ["the attachment “规则.pdf” was left out", "the attachment “note.docx” was left out"]


@pytest.mark.parametrize("form", ["text", "html"])
def test_the_head_of_a_forwarded_mail_goes_into_the_report(form: str) -> None:
    head = ["-----Original Message-----", "From: Mei Lin", "Sent: Monday", "To: all", "Subject: Rules"]
    body = "\n".join(head) + "\n\nThe rules are out.\n" if form == "text" else None
    page = (
        "<p>" + "<br>".join(f"<b>{row.replace(': ', ':</b> ')}" for row in head[1:]) + "</p><p>The rules are out.</p>"
    )
    source = read_eml(a_mail(text=body, html=page if form == "html" else None), path="note.eml")
    assert [line.text for line in source.lines if line.text] == ["The rules are out."]
    [remark] = source.remarks
    assert remark.message.startswith("the head of a forwarded mail was left out")
    assert all(row in remark.message for row in head[1:])


def test_a_line_that_only_begins_like_a_head_stays() -> None:
    source = read_eml(a_mail(text="To: everybody who ships.\n\nMore.\n"), path="note.eml")
    assert [line.text for line in source.lines if line.text] == ["To: everybody who ships.", "More."]


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: FW: 转发：Rules", "Rules"),
        ("=?utf-8?B?5rWL6K+V?=", "测试"),
        ("=?nocharset?Q?abc?=", "=?nocharset?Q?abc?="),
        ("=?utf-8?B?!!!?=", "=?utf-8?B?!!!?="),
    ],
)
def test_a_subject_is_decoded_and_its_prefixes_dropped(subject: str, title: str) -> None:
    content = f"Subject: {subject}\nMIME-Version: 1.0\n\nWords.\n".encode()
    assert read_eml(content, path="note.eml").title == title


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: x\nContent-Type: text/plain; charset=gb2312\n\n" + "中文".encode("gb18030"),
        b"Subject: x\nContent-Type: text/plain; charset=nonsense\n\n" + "中文".encode(),
        b"Subject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"5Lit5paH",
    ],
)
def test_a_charset_is_what_fits(content: bytes) -> None:
    assert read_eml(content, path="note.eml").lines[0].text == "中文"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"only words", "is no mail"),
        (b"Subject: x\n\n", "holds no text that can be read"),
        (b"Subject: x\nX-Long: " + b"a" * (300 << 10) + b"\n\nwords", "has headers of more than 256 KiB"),
        (a_mail(attachments={"a.docx": b"x", "b.docx": b"y"}), "holds several Word documents"),
    ],
)
def test_what_is_no_mail_ends_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_eml(content, path="note.eml")
    [finding] = caught.value.findings
    assert str(finding).startswith(f"note.eml: {said}")


pieces = st.sampled_from(
    [
        *(
            "Subject: x",
            "Content-Type: multipart/mixed; boundary=b",
            "Content-Type: multipart/alternative; boundary=",
            "--b",
        ),
        *(
            "--b--",
            "",
            "words",
            "Content-Type: text/html; charset=\x00",
            "<p>x",
            "Content-Transfer-Encoding: base64",
            "=?x?q?",
        ),
        *(
            "Content-Type: message/rfc822",
            "Content-Disposition: attachment; filename*=x''%",
            "Date: 99 Foo 0",
            " \t",
            "é",
        ),
    ]
)


@given(st.lists(pieces, max_size=14))
def test_malformed_mime_ends_in_lines_or_in_one_finding(rows: list[str]) -> None:
    try:
        source = read_eml("\n".join(["Subject: x", *rows]).encode(), path="note.eml")
    except InputError as error:
        findings = error.findings
    else:
        findings = ()
        assert source.lines
    assert len(findings) <= 1
