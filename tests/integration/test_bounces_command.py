"""`newsletter bounces read`: what counts, what does not, and that nothing stops it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store import Store, open_store
from newsletter.subscriber import SubscriptionStatus, SuppressionReason
from newsletter.tokens import Purpose, Token, make_token
from tests.bounced import (
    ELSEWHERE,
    away,
    bounces_of,
    complaint,
    leaving,
    leaving_token,
    mail,
    status_report,
    vague,
)
from tests.integration.at_work import environ
from tests.integration.conftest import Command, Said
from tests.integration.test_events import status, suppressed_for
from tests.reported import KEYS, a_history, delivery, everything
from tests.stores import address_of

BOUNCED, COMPLAINED = SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED
UNSUBSCRIBED, CONFIRMED = SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.CONFIRMED


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    a_history(tmp_path)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


@pytest.fixture
def store(maildir: Path) -> Iterator[Store]:
    with open_store(address_of(maildir.parent)) as found:
        yield found


def fill(maildir: Path, *mails: bytes) -> None:
    for number, raw in enumerate(mails):
        (maildir / "new" / f"17810{number:03d}.M1.mx").write_bytes(raw)


def read(command: Command, source: Path | str) -> dict[str, object]:
    said = command("bounces", "read", str(source), "--json")
    assert said.code == 0, said.err
    return {name: value for name, value in said.document.items() if value}


def its(reader: int, mailing: int = 6) -> str:
    return bounces_of(**delivery(reader, mailing))


def test_a_maildir_is_read_once_and_every_kind_does_what_it_should(
    command: Command, maildir: Path, store: Store
) -> None:
    fill(
        maildir,
        status_report(its(3)),
        status_report(its(4), status="5.7.1", said="smtp; 550 5.7.1 refused"),
        status_report(its(5), status="4.4.1", action="delayed"),
        complaint(origin=its(6)),
        leaving(f"unsubscribe {leaving_token(store, 7)}"),
        away(its(8)),
        status_report(ELSEWHERE),
        vague(its(9)),
        b"\x00\xff nothing",
        status_report(its(10), status="5.2.2", said="smtp; 552 5.2.2 full"),
        complaint(origin=its(11), kind="not-spam"),
    )
    before = everything(maildir.parent)
    dry = command("bounces", "read", str(maildir), "--dry-run", "--json").document
    assert everything(maildir.parent) == before
    assert len(list((maildir / "new").iterdir())) == 11

    found = read(command, maildir)

    assert dry | {"applied": 7} == command_free(found)
    assert found == {
        "read": 11, "bounced": 3, "blocked": 1, "delayed": 1, "complained": 1, "unsubscribed": 1, "auto_reply": 1,
        "no_matter": 1, "without_token": 1, "not_understood": 1, "applied": 7,
        "files": [str(maildir / "new" / "17810008.M1.mx")],
    }  # fmt: skip
    assert [suppressed_for(store, number) for number in range(1, 13)] == [
        None, None, BOUNCED, None, None, COMPLAINED, None, None, BOUNCED, None, None, None,
    ]  # fmt: skip
    assert [status(store, number) for number in (6, 7, 8)] == [CONFIRMED, UNSUBSCRIBED, CONFIRMED]
    assert status(store, 7, "harbour-notes") is CONFIRMED
    assert list((maildir / "new").iterdir()) == []
    assert len([path for path in (maildir / "cur").iterdir() if path.name.endswith(":2,S")]) == 11

    after = everything(maildir.parent)
    again = read(command, maildir)
    assert (again["known"], again.get("applied")) == (7, None)
    assert everything(maildir.parent) == after


def command_free(found: dict[str, object]) -> dict[str, object]:
    """With the zeros that `read` leaves out."""
    names = ("bounced", "blocked", "delayed", "delivered", "complained", "unsubscribed", "auto_reply", "no_matter",
             "known", "without_token", "not_understood")  # fmt: skip
    return dict.fromkeys(names, 0) | found


def test_an_mbox_a_file_and_a_pipe_are_read_the_same_way(command: Command, maildir: Path, store: Store) -> None:
    folder = maildir.parent
    stamped = [b"From MAILER-DAEMON Wed Jun 10 03:00:00 2026\n" + raw + b"\n" for raw in (
        status_report(its(3)), complaint(origin=its(4)), vague(its(5)).replace(b"\nquota", b"\n>From us, quota"),
    )]  # fmt: skip
    (folder / "mbox").write_bytes(b"".join(stamped))
    (folder / "one.eml").write_bytes(status_report(its(6)))
    assert read(command, folder / "mbox") == {"read": 3, "bounced": 2, "complained": 1, "applied": 3}
    assert read(command, folder / "one.eml") == {"read": 1, "bounced": 1, "applied": 1}
    assert piped(folder, status_report(its(7))).code == 0
    assert piped(folder, b"From x Wed Jun 10 03:00:00 2026\n" + status_report(its(8))).code == 0
    assert piped(folder, b"").code == 0
    assert [suppressed_for(store, number) for number in range(3, 10)] == [
        BOUNCED, COMPLAINED, BOUNCED, BOUNCED, BOUNCED, BOUNCED, None,
    ]  # fmt: skip
    # The mbox is left as it is, and read in vain.
    assert read(command, folder / "mbox") == {"read": 3, "known": 3}


def piped(folder: Path, raw: bytes) -> Said:
    words = [sys.executable, "-m", "newsletter", "bounces", "read", "-"]
    done = subprocess.run(words, cwd=folder, env=environ(folder, 25), input=raw, capture_output=True, check=False)
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    ("where", "raw"),
    [
        ("To", status_report("{}")),
        ("Delivered-To", status_report(ELSEWHERE, extra="Delivered-To: {}")),
        ("X-Original-To", status_report(ELSEWHERE, extra="X-Original-To: <{}>")),
        ("the returned headers", status_report(ELSEWHERE, returned="Return-Path: <{}>\n")),
        ("the address in capitals", status_report("Bounces <{}>").replace(b"bounce+", b"BOUNCE+")),
        ("the complaint's returned mail", complaint(returned="Return-Path: <{}>\n")),
        ("the complaint's own field", complaint(origin="{}")),
    ],
)
def test_a_token_is_found_wherever_servers_leave_it(
    command: Command, maildir: Path, store: Store, where: str, raw: bytes
) -> None:
    token = its(5).upper() if "capitals" in where else its(5)
    fill(maildir, raw.replace(b"{}", token.encode()))
    read(command, maildir)
    assert suppressed_for(store, 5) in (BOUNCED, COMPLAINED)
    assert suppressed_for(store, 4) is None


def strange_tokens(store: Store) -> list[str]:
    ours = its(5)
    local, _, domain = ours.partition("@")
    token = local.removeprefix("bounce+")
    return [
        bounces_of(**delivery(5, 6), key=b"another key, which is none of ours, at all."),
        f"bounce+{token[:-1]}@{domain}",
        f"bounce+{'0' * 32}{token[32:]}@{domain}",
        f"bounce+{token[:32]}{int(token[32:], 16) + 1:x}@{domain}",
        f"bounce+{token[:32]}{'f' * 15}@{domain}",
        f"bounce+{token[:32]}0{token[32:]}@{domain}",
        f"bounce+{leaving_token(store, 5)}@{domain}",
        f"bounce-{token}@{domain}",
        "bounce+@news.example.com",
        "reader5@example.com",
    ]


def test_without_a_token_of_ours_nothing_happens(command: Command, maildir: Path, store: Store) -> None:
    strange = strange_tokens(store)
    fill(
        maildir,
        *[status_report(to) for to in strange],
        *[complaint(origin=to) for to in strange],
        *[vague(to) for to in strange if leaving_token(store, 5) not in to],
        # It stands in a body, where a stranger may have put whatever they like.
        mail("From: x@example.net", "To: bounce@news.example.com", "Subject: hello", body=its(5)),
    )
    before = everything(maildir.parent)
    found = read(command, maildir)
    assert found["without_token"] == 29
    assert everything(maildir.parent) == before


@pytest.mark.parametrize(
    "subject", ["unsubscribe {}", "Re: unsubscribe {}", "UNSUBSCRIBE {}", "{}", "=?utf-8?Q?unsubscribe_{}?="]
)
def test_whoever_writes_with_their_token_has_left(command: Command, maildir: Path, store: Store, subject: str) -> None:
    token = leaving_token(store, 5)
    fill(maildir, leaving(subject.format(token.replace("_", "=5F") if "Q?" in subject else token)))
    assert read(command, maildir)["unsubscribed"] == 1
    assert (status(store, 5), status(store, 5, "harbour-notes")) == (UNSUBSCRIBED, CONFIRMED)
    assert [str(record.event) for record in store.consents.of(5)][-1] == "unsubscribed"


def test_whoever_writes_to_an_address_with_their_token_has_left_too(
    command: Command, maildir: Path, store: Store
) -> None:
    fill(maildir, leaving("", f"unsubscribe+{leaving_token(store, 5)}@example.com"))
    read(command, maildir)
    assert status(store, 5) is UNSUBSCRIBED


def test_a_wish_to_leave_needs_the_link_for_leaving(command: Command, maildir: Path, store: Store) -> None:
    reader = store.readers.find("reader5@example.com", "harbour-brief")[0]
    other = make_token(KEYS, Purpose.PREFERENCES, Token(reader.public_id, 6))
    ours = leaving_token(store, 5)
    fill(
        maildir,
        leaving("unsubscribe"),
        leaving(f"unsubscribe {other}"),
        leaving(f"unsubscribe {ours[:-1]}A"),
        leaving(f"unsubscribe {ours}", "leave@example.com", "Auto-Submitted: auto-replied"),
        away("leave@example.com", "X-Autoreply: yes", subject=f"Auto: unsubscribe {ours}"),
    )
    assert read(command, maildir).get("unsubscribed") is None
    assert status(store, 5) is CONFIRMED


@pytest.mark.parametrize(
    "raw",
    [
        away("{}"),
        away("{}", subject="自动回复：我不在"),
        away("{}", subject="Automatic reply: Your brief"),
        away("{}", "Auto-Submitted: auto-replied (vacation)", subject="Your brief"),
        away("{}", "Precedence: auto_reply", subject="Re: your brief"),
        away("{}", "X-Autorespond: on", subject="mailbox full, user unknown 5.1.1"),
        status_report("{}", action="delayed", status="4.4.1"),
        status_report("{}", action="relayed", status="2.0.0"),
        status_report("{}", action="delivered", status="2.1.5"),
        status_report("{}", status="5.7.26"),
        status_report("{}", status="5.6.7"),
        complaint("{}", kind="not-spam"),
        complaint("{}", kind="auth-failure"),
    ],
)
def test_notes_and_refusals_that_are_about_us_take_no_reader_away(
    command: Command, maildir: Path, store: Store, raw: bytes
) -> None:
    fill(maildir, raw.replace(b"{}", its(5).encode()))
    read(command, maildir)
    assert (suppressed_for(store, 5), status(store, 5)) == (None, CONFIRMED)


@pytest.mark.parametrize(
    ("status_code", "mailings", "expected"),
    [
        ("5.2.2", (5, 6), None),
        ("5.2.2", (4, 5, 6), BOUNCED),
        ("4.4.7", (3, 4, 5, 6), None),
        ("4.3.0", (2, 3, 4, 5, 6), BOUNCED),
        ("5.0.0", (6,), None),
    ],
)
def test_soft_bounces_add_up(
    command: Command, maildir: Path, store: Store, status_code: str, mailings: tuple[int, ...], expected: object
) -> None:
    fill(maildir, *[status_report(its(5, mailing), status=status_code, said="smtp; said no") for mailing in mailings])
    read(command, maildir)
    assert suppressed_for(store, 5) is expected


def test_a_hostile_maildir_is_read_to_its_end(command: Command, maildir: Path, store: Store) -> None:
    new = maildir / "new"
    os.mkfifo(new / "1-pipe")
    (new / "2-secret").symlink_to("/etc/passwd")
    (new / "3-folder").mkdir()
    (new / "4-empty").touch()
    (new / "5-deep").write_bytes(b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3_000)
    ))  # fmt: skip
    (new / "6-long").write_bytes(status_report(its(5)) + b"x" * (5 << 20))
    (new / "7-line").write_bytes(b"Subject: " + b"=?utf-8?q?=80?=" * 100_000)
    (new / "8-no-from").write_bytes(b"Subject: Undeliverable\n\nuser unknown")
    (new / "9-\xff-from").write_bytes(b"From: \xe9\xff <\x80>\nTo: \xff\n\n\xff")
    fill(maildir, status_report(its(6)))
    before = Path("/etc/passwd").stat().st_mtime
    found = read(command, maildir)
    assert (found["read"], found["bounced"]) == (10, 2)
    assert "2-secret" in str(found["files"])
    assert (suppressed_for(store, 5), suppressed_for(store, 6)) == (BOUNCED, BOUNCED)
    assert Path("/etc/passwd").stat().st_mtime == before


@pytest.mark.parametrize("source", ["nowhere", ".", "Maildir/new"])
def test_what_is_no_mailbox_is_told_in_one_line(command: Command, maildir: Path, source: str) -> None:
    said = command("bounces", "read", source)
    assert (said.code, len(said.errors)) == (1, 1)


def test_people_read_what_was_in_it(command: Command, maildir: Path) -> None:
    fill(maildir, status_report(its(3)), status_report(ELSEWHERE), b"hello")
    said = command("bounces", "read", "Maildir")
    assert "3 mails read." in said.out
    assert "without-token" in said.out
    assert "not understood: Maildir/new/17810002.M1.mx" in said.err
    assert "@" not in said.out + said.err
