"""The outbox: a file for each reader, whole or not at all."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.edition import Edition
from newsletter.errors import PermanentError
from newsletter.message import Letter, prebuild
from newsletter.providers.outbox import OutboxTransport
from tests.builders import a_recipient, an_edition


def send(outbox: OutboxTransport, edition: Edition, *recipients: Recipient) -> list[Receipt]:
    letters = [Letter(edition, recipient) for recipient in recipients]
    return list(chain.from_iterable(outbox.send(iter(letters), lambda _: None)))


def test_each_reader_gets_a_file_named_after_delivery_and_address(tmp_path: Path) -> None:
    with OutboxTransport(tmp_path / "a" / "outbox") as outbox:
        receipts = send(outbox, an_edition(), a_recipient(7), a_recipient(12))
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 2
    written = sorted((tmp_path / "a" / "outbox").iterdir())
    assert [path.name for path in written] == ["00000007-reader7@example.com.eml", "00000012-reader12@example.com.eml"]
    assert written[0].read_bytes() == prebuild(an_edition()).fill(a_recipient(7))


def test_the_same_delivery_again_is_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        with OutboxTransport(tmp_path) as outbox:
            send(outbox, an_edition(), a_recipient())
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "address", ["../../etc/x@example.com", "a/b@example.com", "用户@example.com", "|x$`y@example.com"]
)
def test_an_address_cannot_lead_out_of_the_folder(tmp_path: Path, address: str) -> None:
    with OutboxTransport(tmp_path / "outbox") as outbox:
        send(outbox, an_edition(), a_recipient(address=address))
    (written,) = tmp_path.rglob("*.eml")
    assert written.parent == tmp_path / "outbox"
    assert written.name.isascii()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(PermanentError, match=r"cannot write to the outbox .*File exists; make room"):
        OutboxTransport(tmp_path / "outbox").__enter__()


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What the kernel says then differs from a full disk in nothing but its words."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    small = replace(an_edition(), html="short", text="short")
    with OutboxTransport(tmp_path) as outbox:
        send(outbox, small, a_recipient(1))
        with no_file_larger_than(1_500), pytest.raises(PermanentError, match="cannot write to the outbox") as caught:
            send(outbox, an_edition(), a_recipient(2))
    assert [path.name for path in tmp_path.iterdir()] == ["00000001-reader1@example.com.eml"]
    assert "\n" not in str(caught.value)
    assert "reader2" not in str(caught.value)


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    small = replace(an_edition(), html="short", text="short")
    with OutboxTransport(tmp_path) as outbox:
        send(outbox, small, a_recipient(1))
        with no_file_larger_than(1_500), pytest.raises(PermanentError):
            send(outbox, an_edition(), a_recipient(1))
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == prebuild(small).fill(a_recipient(1))
