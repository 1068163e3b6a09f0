"""What doctor makes of a mail: one as it was built, one as it came back, and what may happen on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.diagnosis.returned import judge, judge_file
from newsletter.diagnosis.verdict import Grade, Verdict
from newsletter.edition import Links
from newsletter.errors import InputError
from newsletter.message import prebuild
from tests.builders import a_letterhead, a_recipient, an_edition

OK, WARNING, ERROR = Grade.OK, Grade.WARNING, Grade.ERROR
BUILT = prebuild(an_edition()).fill(a_recipient())
SIGNED_NAMES = "From:To:Reply-To:Subject:Date:Message-ID:List-Id:List-Unsubscribe:\r\n\tList-Unsubscribe-Post"


def came_back(names: str = SIGNED_NAMES, *, domain: str = "example.com", results: str = "", extra: str = "") -> bytes:
    """The built mail with what servers put in front on the way."""
    signature = (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n\ts=k1; h={names};\r\n\tbh=AA=; b=BB="
    )
    read = f"Authentication-Results: {results}\r\n" if results else ""
    return f"{read}Received: from a by b; Wed, 10 Jun 2026 06:00:00 +0800\r\n{extra}{signature}\r\n".encode() + BUILT


def verdicts(content: bytes) -> list[Verdict]:
    return list(judge(content))


def troubles(content: bytes) -> list[str]:
    return [f"{verdict.grade} {verdict.rule}" for verdict in judge(content) if verdict.grade is not OK]


def said(content: bytes) -> str:
    return "\n".join(map(str, judge(content)))


def test_a_built_mail_is_right_but_for_the_signature() -> None:
    assert troubles(BUILT) == ["warning dkim"]
    assert "not signed here" in said(BUILT)


def test_a_mail_that_came_back_signed_is_right() -> None:
    assert troubles(came_back()) == []


def test_line_ends_of_this_machine_change_nothing() -> None:
    assert troubles(came_back().replace(b"\r\n", b"\n")) == []


def test_the_first_line_of_a_mailbox_file_is_passed_over() -> None:
    assert troubles(b"From MAILER Wed Jun 10 06:00:00 2026\n" + came_back()) == []


def test_a_chinese_title_may_be_encoded() -> None:
    edition = an_edition(letterhead=a_letterhead(title="中国人工智能简报" * 3))
    assert troubles(prebuild(edition).fill(a_recipient())) == ["warning dkim"]


def test_a_mail_with_the_mailbox_only_is_told_what_it_lacks() -> None:
    content = prebuild(an_edition(letterhead=a_letterhead(links=Links.MAILBOX))).fill(a_recipient())
    assert troubles(content) == ["warning unsubscribe", "warning dkim"]
    assert "NEWSLETTER_BASE_URL" in said(content)
    names = SIGNED_NAMES.replace(":\r\n\tList-Unsubscribe-Post", "")
    assert "leaves out" not in said(came_back(names).replace(BUILT, content))


@pytest.mark.parametrize("left_out", ["From", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post"])
def test_a_signature_must_cover_who_writes_and_both_ways_out(left_out: str) -> None:
    names = ":".join(name for name in SIGNED_NAMES.replace("\r\n\t", "").split(":") if name != left_out)
    content = came_back(names)
    assert troubles(content) == ["error dkim"]
    assert f"the signature leaves out {left_out};" in said(content)
    assert "SignHeaders *,+List-Unsubscribe,+List-Unsubscribe-Post" in said(content)
    assert "SendGrid" in said(content)


@pytest.mark.parametrize(
    ("change", "trouble", "words"),
    [
        (lambda mail: mail.replace(b"\tb", b"\tl=100; b"), "warning dkim", "l="),
        (lambda mail: mail.replace(b"d=example.com", b"d=provider.test"), "error dkim", "signed by provider.test"),
        (lambda mail: mail.replace(b"d=example.com;", b""), "error dkim", "signed by nobody"),
        (lambda mail: mail[mail.index(b"From:") :].join([b"Received: a\r\n", b""]), "error dkim", "came back without"),
    ],
)
def test_a_signature_of_another_or_of_half_is_named(change: Callable[[bytes], bytes], trouble: str, words: str) -> None:
    content = change(came_back(SIGNED_NAMES))
    assert trouble in troubles(content)
    assert words in said(content)


@pytest.mark.parametrize("domain", ["EXAMPLE.com", "mail.example.com", "com"])
def test_a_signature_of_the_same_organisation_counts(domain: str) -> None:
    assert troubles(came_back(domain=domain)) == []


def test_of_two_signatures_the_one_that_covers_more_counts() -> None:
    weak = "DKIM-Signature: v=1; d=example.com; s=k2; h=From; b=AA\r\n"
    foreign = "DKIM-Signature: v=1; d=provider.test; s=k3; h=From; b=AA\r\n"
    assert troubles(came_back(extra=weak + foreign)) == []


def without(name: bytes) -> Callable[[bytes], bytes]:
    def change(mail: bytes) -> bytes:
        start = mail.index(b"\r\n" + name + b":") + 2
        end = start
        while (end := mail.index(b"\r\n", end) + 2) and mail[end : end + 1] in b" \t":
            pass
        return mail[:start] + mail[end:]

    return change


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(mail: bytes) -> bytes:
        assert old in mail
        return mail.replace(old, new, 1)

    return change


ENCODED = b"\nList-Unsubscribe: =?utf-8?q?=3Chttps=3A//news=2Eexample=2Ecom/u/token1=3E?=\r\nX-Was: "


@pytest.mark.parametrize(
    ("change", "trouble", "words"),
    [
        (without(b"Date"), "error headers", "missing: Date"),
        (without(b"List-Id"), "error headers", "missing: List-Id"),
        (without(b"List-Unsubscribe"), "error headers", "missing: List-Unsubscribe"),
        (without(b"Precedence"), "warning headers", "missing: Precedence"),
        (without(b"List-Unsubscribe-Post"), "error unsubscribe", "Post is missing"),
        (replaced(b"Subject:", b"Subject: one\r\nSubject:"), "error headers", "more than once: Subject"),
        (
            replaced(b"\nList-Unsubscribe: ", b"\nList-Unsubscribe: <https://sendgrid.test/x>\r\nList-Unsubscribe: "),
            "error headers",
            "more than once: List-Unsubscribe",
        ),
        (replaced(b"\nList-Unsubscribe: ", ENCODED), "error unsubscribe", "encoded"),
        (replaced(b"List-Unsubscribe=One-Click", b"One-Click"), "error unsubscribe", "is not exactly"),
        (replaced(b"<https://news", b"<http://news"), "error unsubscribe", "offers http, mailto"),
        (replaced(b"<https://news.example.com/u/token1>", b"none"), "error unsubscribe", "only a mailbox"),
        (replaced(b",\r\n <mailto:leave", b"\r\n (mailto:leave"), "warning unsubscribe", "no mailbox"),
        (replaced(b"<brief@example.com>", b"<a@example.com>, b@example.com"), "error addresses", "From holds 2"),
        (replaced(b"<reader1@example.com>", b"<a@example.com>, b@example.com"), "error addresses", "To holds 2"),
        (replaced(b"<reader1@example.com>", b""), "error addresses", "To holds 0"),
        (replaced(b"<harbour-brief.example.com>", b"harbour-brief"), "error list-id", "has not the form"),
        (replaced(b"Message-ID: <id1@example.com>", b"Message-ID: id1"), "error headers", "Message-ID has not"),
        (replaced(b"Date: ", b"Date: someday "), "error headers", "Date is not a date"),
        (replaced(b"Subject: ", "Subject: 中".encode()), "error headers", "beyond ASCII in Subject"),
        (replaced(b"multipart/alternative", b"multipart/mixed"), "error parts", "is multipart/mixed"),
        (replaced(b"text/plain", b"text/html"), "error parts", "holds text/html, text/html"),
        (replaced(b"Precedence:", b"X-Long: " + b"a" * 1000 + b"\r\nPrecedence:"), "error lines", "a line has 1,008"),
    ],
)
def test_what_happens_to_mail_on_the_way_is_named(change: Callable[[bytes], bytes], trouble: str, words: str) -> None:
    content = change(came_back())
    assert trouble in troubles(content)
    assert words in said(content)
    assert all(verdict.fix for verdict in judge(content) if verdict.grade is not OK)


def test_a_mail_that_gmail_would_clip_is_an_error() -> None:
    start = BUILT.rindex(b"quoted-printable\r\n\r\n") + len(b"quoted-printable\r\n\r\n")
    content = BUILT[:start] + (b"<p>words</p>" * 5 + b"\r\n") * 2_000 + BUILT[start:]
    assert "error html-size" in troubles(content)


def test_parts_inside_a_wrapper_of_the_receiver_are_found() -> None:
    inner = BUILT[BUILT.index(b"Content-Type: multipart") :]
    head = BUILT[: BUILT.index(b"Content-Type: multipart")]
    content = head + b'Content-Type: multipart/mixed; boundary="w"\r\n\r\n--w\r\n' + inner + b"\r\n--w--\r\n"
    assert "error parts" not in troubles(content)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("mx.test; spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass", []),
        ("mx.test; dkim=fail (bad (; spf=fail); dmarc=fail) header.d=a.test; dkim=pass header.d=example.com", []),
        ('mx.test;\r\n dkim=fail\r\n reason="signature verification failed"', ["error dkim-result"]),
        ("mx.test; spf=softfail; dmarc=none", ["warning spf-result", "warning dmarc-result"]),
        ("mx.test; SPF=PermError", ["error spf-result"]),
        ("mx.test; none", []),
        ("mx.test; x-spf=fail; arc=fail", []),
    ],
)
def test_what_the_receiver_made_of_it_is_shown(results: str, expected: list[str]) -> None:
    assert troubles(came_back(results=results)) == expected


def test_only_the_receivers_own_results_count() -> None:
    forged = "Authentication-Results: mx.test; dmarc=pass\r\n"
    content = came_back(results="mx.test; dmarc=fail", extra=forged)
    assert troubles(content) == ["error dmarc-result"]


@pytest.mark.parametrize("content", [b"", b"\r\n\r\nwords", b"just words", b"\x00\xff" * 50, b"%PDF-1.7\n"])
def test_what_is_no_mail_is_said_in_one_line(content: bytes) -> None:
    with pytest.raises(InputError, match="this is no mail"):
        list(judge(content))


def test_a_damaged_fold_is_told_in_one_line() -> None:
    content = bytearray(came_back(results="mx.test; dkim=pass"))
    content[0:32] = b""
    content[898:910] = b""
    assert all("\n" not in str(verdict) and "\r" not in str(verdict) for verdict in verdicts(bytes(content)))


@settings(max_examples=300)
@given(st.data())
def test_no_mail_however_broken_makes_it_stumble(data: st.DataObject) -> None:
    content = bytearray(came_back(results="mx.test; dkim=pass"))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.integers(0, 40))
        content[place : place + cut] = data.draw(st.binary(max_size=12))
    try:
        found = verdicts(bytes(content))
    except InputError:
        return
    assert all("\n" not in str(verdict) for verdict in found)


@given(st.binary(max_size=400))
def test_no_bytes_make_it_stumble(content: bytes) -> None:
    try:
        verdicts(b"From: a@b.test\nList-Unsubscribe: " + content)
    except InputError:
        pytest.fail("it has a header, so it is a mail")


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.eml"
    with large.open("wb") as file:
        file.truncate(26 << 20)
    for path in (tmp_path / "none.eml", tmp_path, large, Path("a\0b")):
        with pytest.raises(InputError) as caught:
            judge_file(path)
        assert len(caught.value.findings) == 1


def test_a_mail_can_be_judged_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "note.eml"
    path.write_bytes(BUILT)
    assert [verdict.as_json() for verdict in judge_file(path)] == [verdict.as_json() for verdict in judge(BUILT)]
