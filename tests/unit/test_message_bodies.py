"""Both ways to encode a part: whatever stands in it and whatever is filled in, it is decoded as it was."""

import base64
import email
import email.policy
import quopri
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.edition import Field, Part, slot
from newsletter.message import prebuild
from newsletter.message.base64 import Base64Body, base64_size
from newsletter.message.body import Encoded
from newsletter.message.quoted import QuotedBody, least_quoted_size
from tests.builders import SOURCE, a_recipient, an_edition

#: of a literal; short ones stand beside values in base64, long ones on lines of their own
texts = st.one_of(
    st.text("ab=. é九😀\n<", max_size=12),
    st.text("ab=. é九😀\n<", min_size=55, max_size=200),
    st.sampled_from(["<div class=x>" * 20, "九" * 150, "", "x", " \n", ".\n.", "." * 80]),
)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=160)
#: a literal, then a value and a literal, as often as there are values
cuts = st.tuples(texts, st.lists(st.tuples(lines, texts), max_size=7))


def filled(kind: type[QuotedBody] | type[Base64Body], literals: Sequence[str], values: Sequence[str]) -> bytes:
    body: Encoded = kind([literal.encode() for literal in literals])
    prepared = body.prepared("\n".join(values).encode()) if values else []
    return b"".join(body.filled(prepared))


def parted(cut: tuple[str, list[tuple[str, str]]]) -> tuple[list[str], list[str], str]:
    """Literals, values, and both as they are to be read."""
    first, others = cut
    literals, values = [first, *(literal for _, literal in others)], [value for value, _ in others]
    return literals, values, "".join(chain.from_iterable(zip_longest(literals, values, fillvalue="")))


@given(cuts)
@example(("x" * 75 + " \n" + "x" * 74 + " \n" + "x" * 73 + "\t\n" + "x" * 75 + " ", []))
@example((".\n..\n" + "." * 76 + "\n" + "x" * 75 + ".x" + "\n." + "x" * 75, [("." * 200, "."), (".é.", ".=.")]))
@example(("", [("x" * 75 + ".", ""), ("." + "x" * 74, ""), ("x" * 72 + "=..", ".<div>.<div.")]))
def test_quoted_printable_is_decoded_as_it_was(cut: tuple[str, list[tuple[str, str]]]) -> None:
    literals, values, whole = parted(cut)
    body = filled(QuotedBody, literals, values)
    assert body.endswith(b"\r\n")
    assert quopri.decodestring(body.removesuffix(b"\r\n")).decode().replace("\r\n", "\n") == whole
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert re.fullmatch(rb"(?:[\t -~]|\r\n)*", body)
    assert not re.search(rb"^\.", body, re.MULTILINE)


@given(cuts)
def test_base64_is_decoded_as_it_was_in_lines_that_are_neither_empty_nor_long(
    cut: tuple[str, list[tuple[str, str]]],
) -> None:
    literals, values, whole = parted(cut)
    body = filled(Base64Body, literals, values)
    # A strict decoder takes no padding but at the very end.
    assert base64.b64decode(body.replace(b"\r\n", b""), validate=True).decode() == whole.replace("\n", "\r\n")
    lengths = [len(line) for line in body.split(b"\r\n")]
    assert lengths.pop() == 0
    assert all(0 < length <= 76 for length in lengths)


@pytest.mark.parametrize("before", range(68, 80))
def test_no_soft_break_parts_the_three_characters_of_an_equals_sign(before: int) -> None:
    value = "x" * before + "==" + "y" * 150 + "="
    body = filled(QuotedBody, ["<", ">"], [value])
    assert quopri.decodestring(body.removesuffix(b"\r\n")).decode() == f"<{value}>"
    assert not re.search(rb"=[0-9A-F]?=\r\n", body)


@pytest.mark.parametrize("before", range(58, 64))
def test_base64_holds_at_every_length_of_values_and_of_what_stands_between(before: int) -> None:
    for between in (0, 1, 2, 3, 4, *range(57, 66)):
        for length in (*range(5), *range(54, 60)):
            literals, values = ["芯" * before, "y" * between, "z" * (between + 1)], ["v" * length, "w" * 2 * length]
            body = filled(Base64Body, literals, values)
            whole = literals[0] + values[0] + literals[1] + values[1] + literals[2]
            assert base64.b64decode(body.replace(b"\r\n", b""), validate=True).decode() == whole


@pytest.mark.parametrize("kind", [QuotedBody, Base64Body])
def test_a_value_never_changes_what_another_reader_gets(kind: type[QuotedBody] | type[Base64Body]) -> None:
    body = kind(["九".encode() * 90, "芯".encode() * 90])
    one, other = body.filled([b"ab"]), body.filled([b"cd"])
    assert b"".join(one) != b"".join(other)
    assert b"".join(one) == b"".join(body.filled([b"ab"]))


def test_the_memory_of_a_body_is_bounded() -> None:
    body = Base64Body([b"x" * 90, b"y" * 90])
    for number in range(1_200):
        body.filled([b"x" * number])
    assert 0 < len(body._stencils) <= 512


@given(cuts)
@example(("九" * 100, []))
@example(("x" * 100, []))
def test_what_the_choice_is_made_by_is_true(cut: tuple[str, list[tuple[str, str]]]) -> None:
    literals = [literal.encode() for literal in parted(cut)[0]]
    quoted = QuotedBody(literals)
    assert least_quoted_size(literals) <= quoted.size == len(b"".join(quoted.filled([b""] * (len(literals) - 1))))
    joined = b"".join(literals)
    # The last bytes may stand on a line of their own.
    assert 0 <= len(b"".join(Base64Body([joined]).filled([]))) - base64_size(literals) <= 6


@pytest.mark.parametrize(
    ("text", "html", "encodings"),
    [
        ("plain", "plain", ("quoted-printable", "quoted-printable")),
        ("芯片", "plain", ("base64", "quoted-printable")),
        ("plain", "芯片", ("quoted-printable", "base64")),
        ("芯片", "芯片", ("base64", "base64")),
        # Quoted-printable wins as long as less than one byte in six is beyond ASCII.
        ("plain words é", "plainé", ("quoted-printable", "base64")),
    ],
)
def test_each_part_takes_the_shorter_encoding(text: str, html: str, encodings: tuple[str, str]) -> None:
    edition = replace(an_edition(), text=text * 300, html=html * 300)
    message = prebuild(edition).fill(a_recipient())
    assert tuple(re.findall(rb"Content-Transfer-Encoding: (\S+)", message)) == tuple(e.encode() for e in encodings)


@pytest.mark.parametrize("letters", range(60, 90))
def test_near_the_border_the_bytes_decide(letters: int) -> None:
    content = ("x" * letters + "é" * 7) * 9
    quoted, base64_bytes = QuotedBody([content.encode()]).size, base64_size([content.encode()])
    message = prebuild(replace(an_edition(), html=content)).fill(a_recipient())
    chosen = re.findall(rb"Content-Transfer-Encoding: (\S+)", message)[1]
    assert chosen == (b"quoted-printable" if quoted <= base64_bytes else b"base64")


def test_a_field_may_stand_in_one_part_only_and_as_often_as_it_likes() -> None:
    since, view = slot(SOURCE, Part.TEXT, Field.SINCE), slot(SOURCE, Part.HTML, Field.VIEW_URL)
    edition = replace(
        an_edition(), text=f"{since}{since}\n{'words ' * 9}", html=f"<a href='{view}'>{view}</a>" + "芯" * 90
    )
    message = prebuild(edition).fill(
        a_recipient(values=dict(a_recipient().values) | {Field.SINCE: "x", Field.VIEW_URL: "&"})
    )
    text, page = email.message_from_bytes(message, policy=email.policy.default).iter_parts()
    assert text.get_content().splitlines()[0] == "xx"
    assert page.get_content() == "<a href='&amp;'>&amp;</a>" + "芯" * 90
