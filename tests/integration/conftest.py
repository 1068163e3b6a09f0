"""A command line as a user has it: an own folder, own settings, real files, and what was printed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import stores

KEY = "an-invented-key-that-signs-only-tests-0123456789"
SETTINGS = {
    "NEWSLETTER_SECRET_KEY": KEY,
    "NEWSLETTER_SENDER_NAME": "Harbour Advisers",
    "NEWSLETTER_SENDER_ADDRESS": "news@example.com",
    "NEWSLETTER_REPLY_TO": "advisers@example.com",
    "NEWSLETTER_POSTAL_ADDRESS": "Harbour Advisers, 1 Quay Street, Singapore 048616",
    "NEWSLETTER_UNSUBSCRIBE_ADDRESS": "leave@example.com",
    "NEWSLETTER_BASE_URL": "https://news.example.com",
    "NEWSLETTER_ACTOR": "test",
}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


Command = Callable[..., Said]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `newsletter` in a folder of its own; settings are given by name, None takes one away."""

    def run(*words: str | Path, **settings: str | None) -> Said:
        own = ("NEWSLETTER_", "SENDGRID_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        ours = SETTINGS | stores.database_setting(tmp_path)
        environ |= {name: value for name, value in (ours | settings).items() if value is not None}
        done = subprocess.run(
            [sys.executable, "-m", "newsletter", *map(str, words)],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run
