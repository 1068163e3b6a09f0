"""Three parsers that share no code with what wrote them read our mails alike: Python's, mailparser and postal-mime."""

import base64
import email
import email.policy
import html
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery import Recipient
from newsletter.edition import Edition, Field, Part, slot
from newsletter.message import prebuild, unsubscribe_headers
from tests.builders import SOURCE, a_recipient, an_edition

# One process of Node reads the mails of all these.
pytestmark = pytest.mark.xdist_group("foreign")

FOREIGN = Path(__file__).parents[1] / "foreign"
#: by what it makes of a part
FILLERS = {"quoted-printable": "plain words\n", "base64": "九款芯片通过审查\n"}


@dataclass(frozen=True)
class Seen:
    """What a parser makes of a mail."""

    subject: str
    sender: list[tuple[str, str]]
    to: list[tuple[str, str]]
    message_id: str
    #: as they stand there, without folds; names in small letters
    headers: list[tuple[str, str]]
    #: without the line breaks at the end, of which parsers add some
    text: str
    html: str
    attachments: int = 0


Parsers = Callable[[bytes], dict[str, Seen]]


@pytest.fixture(scope="module")
def parsers() -> Iterator[Parsers]:
    lacking = "" if shutil.which("node") else "node is missing: install it"
    if not lacking and not (FOREIGN / "node_modules").is_dir():
        lacking = "the npm packages are missing: make programs"
    if lacking and os.environ.get("CI") == "true":
        pytest.fail(lacking)
    if lacking:
        pytest.skip(f"{lacking}, to have our mails read by other parsers")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["node", str(FOREIGN / "read.mjs")], **pipes) as node:  # type: ignore[call-overload]

        def read(message: bytes) -> dict[str, Seen]:
            node.stdin.write(base64.b64encode(message) + b"\n")
            node.stdin.flush()
            answer = json.loads(node.stdout.readline())
            return {"python": by_python(message)} | {name: by_node(seen) for name, seen in answer.items()}

        yield read
        node.stdin.close()


def by_python(message: bytes) -> Seen:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    raw = email.message_from_bytes(message)
    text, formatted = (part.get_content() for part in parsed.iter_parts())
    return Seen(
        subject=str(parsed["Subject"]),
        sender=[(one.display_name, one.addr_spec) for one in parsed["From"].addresses],
        # Python 3.11 puts a space between the encoded words of a phrase; its older parser does not.
        to=[(decoded(name), address) for name, address in getaddresses([str(raw["To"])])],
        message_id=str(parsed["Message-ID"]),
        headers=[(name.lower(), unfolded(str(value))) for name, value in raw.items()],
        text=trimmed(text),
        html=trimmed(formatted),
    )


def by_node(seen: dict[str, Any]) -> Seen:
    return Seen(
        subject=seen["subject"],
        sender=[(one["name"], one["address"]) for one in seen["from"]],
        to=[(one["name"], one["address"]) for one in seen["to"]],
        message_id=seen["messageId"],
        headers=[(name, value) for name, value in seen["headers"]],
        text=trimmed(seen["text"]),
        html=trimmed(seen["html"]),
        attachments=seen["attachments"],
    )


def decoded(phrase: str) -> str:
    return str(email.header.make_header(email.header.decode_header(phrase)))


def unfolded(value: str) -> str:
    return value.replace("\r\n", "").replace("\n", "").strip()


def trimmed(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")


def edition_in(encoding: str) -> Edition:
    """Every slot at the beginning of a line, at its end, and between other letters."""
    parts = {}
    for part in Part:
        places = [slot(SOURCE, part, field) for field in Field]
        parts[part] = "".join(f"{place}\n.{place}.\n芯{place}\n" for place in places) + FILLERS[encoding] * 60
    return replace(an_edition(), text=parts[Part.TEXT], html=parts[Part.HTML])


def filled(edition: Edition, recipient: Recipient) -> tuple[str, str]:
    text, formatted = edition.text, edition.html
    for field in Field:
        text = text.replace(slot(SOURCE, Part.TEXT, field), recipient.values[field])
        formatted = formatted.replace(slot(SOURCE, Part.HTML, field), html.escape(recipient.values[field]))
    return text, formatted


def a_reader(value: str, name: str = "Chen Mei") -> Recipient:
    raw = dict.fromkeys((Field.GREETING, Field.SINCE, Field.VIEW_URL, Field.PREFERENCES_URL), value)
    return a_recipient(name=name, values=dict(a_recipient().values) | raw)


def insist_read_alike(parsers: Parsers, edition: Edition, recipient: Recipient) -> None:
    message = prebuild(edition).fill(recipient)
    text, formatted = filled(edition, recipient)
    seen = parsers(message)
    headers = seen["python"].headers
    for name, value in unsubscribe_headers(edition.letterhead, recipient).items():
        assert (name.lower(), value) in headers
    expected = Seen(
        subject=edition.subject,
        sender=[("Harbour Advisers", "brief@example.com")],
        to=[(" ".join(recipient.name.split()), recipient.address)],
        message_id=f"<{recipient.message_id}>",
        headers=headers,
        text=trimmed(text),
        html=trimmed(formatted),
    )
    assert seen == dict.fromkeys(("python", "mailparser", "postal-mime"), expected)


#: one line, with what encoders trip over
values = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"),
        st.sampled_from("=.\"'<>&,;@?_ -\\\té九😀\u3000"),
    ),
    max_size=150,
)


@pytest.mark.parametrize("encoding", FILLERS)
@settings(max_examples=150, deadline=None)
@given(value=values)
@example(value="x" * 998)
@example(value="😀" * 998)
@example(value="=" * 998)
@example(value="." * 998)
@example(value=".")
@example(value=" ")
@example(value="\"'<b>&amp;=\\=?utf-8?q?x?=")
def test_any_value_is_read_back_by_all(encoding: str, value: str, parsers: Parsers) -> None:
    edition = edition_in(encoding)
    assert prebuild(edition).html.encoding == prebuild(edition).text.encoding == encoding
    insist_read_alike(parsers, edition, a_reader(value))


@settings(max_examples=150, deadline=None)
@given(name=values)
@example(name="x" * 998)
@example(name="陈" * 998)
@example(name="Chen, Mei <spy@example.org>")
@example(name='"')
@example(name="=?utf-8?q?x?=")
def test_any_name_is_read_back_by_all(name: str, parsers: Parsers) -> None:
    insist_read_alike(parsers, edition_in("quoted-printable"), a_reader("x", name))


@settings(max_examples=150, deadline=None)
@given(subject=values.map(str.strip).filter(bool))
@example(subject="九款芯片通过审查" * 40)
@example(subject="word " * 40 + "end")
def test_any_subject_is_read_back_by_all(subject: str, parsers: Parsers) -> None:
    insist_read_alike(parsers, replace(edition_in("quoted-printable"), subject=subject), a_reader("x"))


@settings(max_examples=100, deadline=None)
@given(rest=st.text("abc.-_~%/?&=+'()!*$,<> é芯😀", max_size=60))
def test_any_way_out_is_read_back_by_all(rest: str, parsers: Parsers) -> None:
    link = f"https://news.example.com/u/{rest}"
    reader = a_recipient(values=dict(a_recipient().values) | {Field.UNSUBSCRIBE_URL: link})
    insist_read_alike(parsers, edition_in("base64"), reader)
