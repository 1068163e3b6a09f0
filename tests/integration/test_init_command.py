"""`newsletter init` as a user runs it, with and without a terminal."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from newsletter.settings import read_settings
from tests.integration.conftest import SETTINGS, Command

GIVEN = (
    *("--sender-name", "Harbour Advisers", "--sender-address", "news@harbour.example"),
    *("--unsubscribe-address", "leave@harbour.example", "--postal-address", "1 Quay Street, Singapore"),
)
UNSET = dict.fromkeys(SETTINGS)


def test_with_every_option_nothing_is_asked_and_the_workspace_works(command: Command, tmp_path: Path) -> None:
    begun = command("init", "china", *GIVEN, "--yes", **UNSET)

    assert (begun.code, begun.errors) == (0, [])
    assert "made  china/.env" in begun.out.splitlines()
    assert "Next: cd china, then newsletter new team-update first-note" in begun.err
    assert read_settings({}, tmp_path / "china/.env").sender_name == "Harbour Advisers"


def test_without_a_terminal_what_is_missing_is_named_in_one_line(command: Command, tmp_path: Path) -> None:
    refused = command("init", "china", *GIVEN[:2], **UNSET)

    assert refused.code == 1
    assert len(refused.err.splitlines()) == 1
    for option in ("--sender-address", "--unsubscribe-address", "--postal-address"):
        assert option in refused.err
    assert "--sender-name" not in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_second_time_keeps_everything(command: Command, tmp_path: Path) -> None:
    command("init", "china", *GIVEN, **UNSET)
    before = (tmp_path / "china/.env").read_bytes()

    again = command("init", "china", "--sender-name", "Somebody else", **UNSET)

    assert again.code == 0
    assert not [line for line in again.out.splitlines() if line.startswith("made")]
    assert "nothing was changed" in again.err
    assert "--sender-name changes nothing" in again.err
    assert (tmp_path / "china/.env").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("init", "taken"), "taken: is no folder; name a folder"),
        (("init", "x" * 300), "cannot be written"),
        (("init", "new", "--sender-address", "harbour"), "--sender-address: 'harbour' is not a mail address"),
    ],
)
def test_a_mistake_ends_in_one_line_and_leaves_nothing(
    words: tuple[str, ...], said: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    given = (*words, *(word for word in GIVEN if words[-1] != "harbour" or word not in GIVEN[2:4]))

    refused = command(*given, **UNSET)

    assert refused.code == 1
    assert len(refused.errors) == 1
    assert said in refused.errors[0]
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_in_a_terminal_it_asks_only_for_what_is_missing_and_again_when_an_answer_is_wrong(tmp_path: Path) -> None:
    answers = ["not an address", "news@harbour.example", "leave@harbour.example", "1 Quay Street"]
    code, shown = typed(["init", "--sender-name", "Harbour"], answers, tmp_path)

    assert code == 0, shown
    assert "Name in the From line" not in shown
    assert "'not an address' is not a mail address; write it as name@example.com" in shown
    settings = read_settings({}, tmp_path / ".env")
    assert (settings.sender_name, settings.sender_address) == ("Harbour", "news@harbour.example")
    assert (settings.unsubscribe_address, settings.postal_address) == ("leave@harbour.example", "1 Quay Street")
    assert "cd " not in shown


def test_yes_never_asks_even_in_a_terminal(tmp_path: Path) -> None:
    code, shown = typed(["init", "--yes"], [], tmp_path)
    assert code == 1
    assert "error: missing: --sender-name" in shown
    assert list(tmp_path.iterdir()) == []


def typed(words: list[str], answers: list[str], folder: Path) -> tuple[int, str]:
    """Runs it in a terminal, in which each question gets the next answer."""
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    with subprocess.Popen(
        [sys.executable, "-m", "newsletter", *words],
        cwd=folder,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown, seen, deadline = "", 0, time.monotonic() + 60
        waiting = list(answers)
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 4096).decode()
                except OSError:
                    break
            elif waiting and len(shown) > seen and shown.endswith(": "):
                seen = len(shown)
                os.write(ours, waiting.pop(0).encode() + b"\n")
            elif process.poll() is not None:
                break
        os.close(ours)
        return process.wait(timeout=10), shown
