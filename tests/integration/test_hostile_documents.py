"""Files that were made to do harm: each ends in one clear line, within five seconds and 600 MiB."""

import gzip
import io
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable

import pytest

from tests.documents import NOTE_HTML, a_package, a_word_document, repacked

ROOM = 600 << 20
SECONDS = 5
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
#: reads its standard input through the door of its argument
READER = """
import sys
from datetime import date
from newsletter.errors import NewsletterError
from newsletter.importing import documents
from newsletter.importing.feeds import draft_from_feed
from newsletter.importing.sources import read_source
from newsletter.masthead import Masthead
masthead = Masthead(name="brief", title="Brief", zone="Asia/Singapore", list_id="brief.example.com")
name, content = sys.argv[1], sys.stdin.buffer.read()
try:
    if name.endswith(".rss"):
        draft_from_feed(content, since=date(2026, 6, 9), masthead=masthead, today=date(2026, 6, 10), path=name)
    else:
        read_source(content, path=name)
    print("read")
except NewsletterError as error:
    print(*error.findings, sep="\\n")
"""


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    # of the processor's time, so that a busy machine makes no difference
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _zeros(size: int) -> bytes:
    """A package whose one part says that it is as large; deflated a thousand times."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<x/>")
        with package.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(size >> 20):
                part.write(bytes(1 << 20))
    return packed.getvalue()


def _lying() -> bytes:
    """The same, but its directory says ten bytes."""
    content = bytearray(_zeros(64 << 20))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(content)


def _nested() -> bytes:
    inner = a_package({f"{n}.bin": bytes(4 << 20) for n in range(8)})
    for _ in range(4):
        inner = a_package({f"{n}.zip": inner for n in range(8)})
    return inner


def _with(change: Callable[[bytes], bytes]) -> bytes:
    return repacked(a_word_document(), word__document_dot_xml=change)


def _before_root(words: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(b"<w:document", words + b"<w:document", 1)


def _in_body(words: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(b"<w:body>", b"<w:body>" + words, 1)


def _multiparts(depth: int) -> bytes:
    rows = [b"Subject: x", b"MIME-Version: 1.0"]
    for n in range(depth):
        rows += [b"Content-Type: multipart/mixed; boundary=b%d" % n, b"", b"--b%d" % n]
    return b"\n".join([*rows, b"Content-Type: text/plain", b"", b"words"])


def _feed(content: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?>%s<rss version="2.0"><channel><item><title>&j;</title></item></channel></rss>' % content
    )


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("flat.docx", lambda: _zeros(1 << 30), "unpacks to more than 50 MiB"),
    ("lying.docx", _lying, "is cut off or damaged"),
    ("nested.docx", _nested, "is a packed file, and no Word document"),
    (
        "entity.docx",
        lambda: _with(_before_root(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>')),
        "declares entities",
    ),
    ("laughs.docx", lambda: _with(_before_root(LAUGHS.encode())), "declares entities"),
    ("deep.docx", lambda: _with(_in_body(b"<w:smartTag>" * 5_000 + b"</w:smartTag>" * 5_000)), "is nested deeper"),
    ("paragraphs.docx", lambda: _with(_in_body(b"<w:p/>" * 1_000_000)), "is packed more than 100 times"),
    ("cut.docx", lambda: a_word_document()[:-2_000], "is cut off or damaged"),
    ("picture.docx", lambda: b"\x89PNG\r\n\x1a\n" + bytes(1_000), "is a picture"),
    ("print.docx", lambda: b"%PDF-1.7\n" + bytes(1_000), "is a PDF"),
    ("old.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1_000), "Word"),
    ("large.docx", lambda: a_word_document() + bytes(100 << 20), "is larger than 20 MiB"),
    ("large.html", lambda: b"<p>" + b"x" * (100 << 20), "is larger than 20 MiB"),
    ("large.eml", lambda: b"Subject: x\n\n" + b"x" * (100 << 20), "is larger than 20 MiB"),
    ("line.html", lambda: b"<html><p>" + b"x" * (20 << 20) + b"</p>", "is larger than"),
    ("divs.html", lambda: b"<html>" + b"<div>" * 200_000 + b"x", "holds more than 100,000 marks"),
    ("attributes.html", lambda: b"<p " + b" ".join(b"a%d" % n for n in range(700_000)) + b">", "holds no words"),
    ("pictures.html", lambda: b"<p>" + b"<img alt=x>" * 90_000, "holds no words"),
    ("comment.html", lambda: b"<html><!--" + b"<!--" * 90_000, "holds no words"),
    ("multiparts.eml", lambda: _multiparts(10_000), "is nested in a way that no mail is"),
    ("header.eml", lambda: b"Subject: " + b"=?utf-8?q?" * 500_000 + b"\n\nwords", "has headers of more than 256 KiB"),
    ("empty.eml", lambda: b"Subject: x\n\n", "holds no text"),
    ("laughs.rss", lambda: _feed(LAUGHS.encode()), "declares entities"),
    ("laughs-16.rss", lambda: _feed(LAUGHS.encode()).decode().encode("utf-16"), "declares entities"),
    ("external.rss", lambda: _feed(b'<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'), "declares entities"),
    ("marks.rss", lambda: b"<rss>" + b"<item>" * 700_000, "holds more marks"),
    (
        "attributes.rss",
        lambda: b"<rss " + b" ".join(b'a%d="1"' % n for n in range(300_000)) + b"/>",
        "holds more marks",
    ),
    ("large.rss", lambda: b"<rss>" + bytes(6 << 20), "is larger than 5 MiB"),
    ("packed.rss", lambda: gzip.compress(b"<rss>"), "is no"),
]
#: what looks odd, but is a note
HARMLESS: list[tuple[str, Callable[[], bytes]]] = [
    ("macros.docm", lambda: repacked(a_word_document(), word__vbaProject_dot_bin=bytes(10_000))),
    ("word.html", a_word_document),
    ("page.docm.txt", lambda: NOTE_HTML.encode()),
    (
        "runs.docx",
        lambda: _with(_in_body(b"<w:p>" + b"<w:r><w:rPr><w:b/></w:rPr><w:t>a b c</w:t></w:r>" * 9_000 + b"</w:p>")),
    ),
    ("lists.html", lambda: b"<html>" + b"<ul><li>" * 45_000 + b"x"),
    ("stars.html", lambda: b"<html>" + (b"<p>" + b"<b>[*a_</b>](" * 90) * 500),
]


def _read(name: str, content: bytes) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READER, name],
        input=content,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=_limited,
    )
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    assert len(said.splitlines()) == 1, said
    return said


@pytest.mark.parametrize(("name", "content", "said"), HOSTILE, ids=[name for name, *_ in HOSTILE])
def test_a_hostile_file_ends_in_one_clear_line(name: str, content: Callable[[], bytes], said: str) -> None:
    line = _read(name, content())
    assert line.startswith(f"{name}: ")
    assert said in line
    assert len(line) < 300


@pytest.mark.parametrize(("name", "content"), HARMLESS, ids=[name for name, _ in HARMLESS])
def test_what_is_only_odd_is_read_within_the_same_limits(name: str, content: Callable[[], bytes]) -> None:
    assert _read(name, content()) == "read\n"
