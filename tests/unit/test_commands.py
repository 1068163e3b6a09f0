"""Every command says what it does and shows how."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from newsletter.cli import app


def commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from commands(inner, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command.help or ""


COMMANDS = dict(commands(typer.main.get_command(app), "newsletter"))


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_says_what_it_does_and_shows_how(path: str) -> None:
    first, _, rest = COMMANDS[path].partition("\n\n")

    assert first.endswith(".")
    assert len(first) < 62, "the list of commands would cut it off"
    assert (
        f"Example: {path} " in " ".join(rest.split())
        or f"Example: {path}" == " ".join(rest.split())[-len(f"Example: {path}") :]
    )


def test_the_commands_are_those_of_the_manual() -> None:
    assert {path.split()[1] for path in COMMANDS} == {
        *("init", "new", "import", "doctor"),
        *(
            "check",
            "build",
            "preview",
            "schema",
            "plan",
            "approve",
            "send",
            "test-send",
            "report",
            "explain",
            "demo",
            "worker",
            "migrate-store",
            "correct",
            "serve",
        ),
        *("mailings", "archive", "subscribers", "segments", "tags", "bounces"),
    }
