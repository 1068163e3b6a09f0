"""The last question, in front of a real terminal."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.at_work import environ, its_store, take_in
from tests.integration.conftest import Command
from tests.integration.test_cli import NOTE

WORDS = (sys.executable, "-m", "newsletter", "send", str(NOTE), "-s", "everyone", "--transport", "outbox")


def asked(folder: Path, prompt: str, answer: str) -> tuple[int, str]:
    """Types an answer when the question has come; gives the exit code and all that the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        WORDS,
        cwd=folder,
        env=environ(folder, 1) | {"TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    shown, is_answered = b"", False
    deadline = time.monotonic() + 90
    try:
        while time.monotonic() < deadline and (found := _read(ours)) is not None:
            shown += found
            # A terminal folds long lines.
            if not is_answered and prompt.encode() in b" ".join(shown.split()):
                os.write(ours, f"{answer}\n".encode())
                is_answered = True
        code = process.wait(timeout=30)
    finally:
        process.kill()
        os.close(ours)
    assert is_answered, shown.decode()
    return code, " ".join(shown.decode().split())


def _read(terminal: int) -> bytes | None:
    """What is there; None when the other side is gone."""
    if not select.select([terminal], [], [], 0.1)[0]:
        return b""
    try:
        return os.read(terminal, 65_536) or None
    except OSError:
        return None


@pytest.mark.parametrize(("answer", "is_sent"), [("101", True), ("101 ", True), ("y", False), ("100", False)])
def test_over_a_hundred_readers_their_number_is_typed(
    command: Command, tmp_path: Path, answer: str, is_sent: bool
) -> None:
    take_in(command, tmp_path, 101)

    code, shown = asked(tmp_path, "to 101 readers? Type their number:", answer)

    with its_store(tmp_path) as store:
        status = store.mailings.find(1).status
    assert code == (0 if is_sent else 1), shown
    assert status == ("sent" if is_sent else "draft")
    assert (tmp_path / "outbox").exists() is is_sent
    if not is_sent:
        assert f"error: {answer} is not the number of readers, so nothing was sent" in shown


@pytest.mark.parametrize(("answer", "is_sent"), [("y", True), ("n", False), ("", False)])
def test_up_to_a_hundred_a_yes_is_enough(command: Command, tmp_path: Path, answer: str, is_sent: bool) -> None:
    take_in(command, tmp_path, 100)

    code, shown = asked(tmp_path, "to 100 readers? [y/N]:", answer)

    assert code == (0 if is_sent else 1), shown
    assert (tmp_path / "outbox").exists() is is_sent


def test_where_nobody_sits_a_long_list_is_not_sent(command: Command, tmp_path: Path) -> None:
    take_in(command, tmp_path, 101)

    refused = command("send", NOTE, "-s", "everyone", "--transport", "outbox")

    assert refused.code == 1
    assert refused.errors == ["error: nobody is there to confirm it, so nothing was sent; say --yes if a person has"]
    assert not (tmp_path / "outbox").exists()
