"""`segments …` as people call it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.at_work import environ
from tests.integration.conftest import Command
from tests.stores import a_store, an_entry, take_in

NEWSLETTER = ("-n", "china-ai-brief")


@pytest.fixture(autouse=True)
def _readers(tmp_path: Path) -> None:
    tags = (frozenset({"china", "ai-governance"}), frozenset({"crypto"}), frozenset({"china"}))
    mei: dict[str, Any] = {"company": "Acme Ltd", "manager": "Lin", "interests": tags[0]}
    bo: dict[str, Any] = {"company": "Harbour Trust", "manager": "Lin", "language": "zh-Hans", "interests": tags[1]}
    eve: dict[str, Any] = {"consent": None, "interests": tags[2]}
    named = {"mei@example.com": mei, "bo@example.org": bo, "eve@example.net": eve}
    with a_store(tmp_path) as store:
        entries = [an_entry(email=email, **details) for email, details in named.items()]
        take_in(store, *entries, newsletter="china-ai-brief")


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("everyone", 2),
        ("china", 1),
        ("any-of(china, crypto)", 2),
        ("company:acme-ltd", 1),
        ("manager:lin and not language:zh-Hans", 1),
        ("joined:>=2026", 2),
        ("joined:<2026", 0),
    ],
)
def test_segments_count_counts_those_who_can_be_mailed(command: Command, expression: str, count: int) -> None:
    found = command("segments", "count", expression, *NEWSLETTER, "--json")
    assert json.loads(found.out) == {"expression": expression, "count": count}


def test_segments_show_writes_a_saved_one_out_in_words(command: Command) -> None:
    shown = command("segments", "show", "chinese-china-ai-rules")
    assert shown.code == 0
    assert shown.out.startswith("chinese-china-ai-rules: Those of china-ai-rules who read Chinese\n")
    assert "all of these:" in shown.out
    assert "follows exactly crypto" in shown.out
    found = json.loads(command("segments", "show", "china or crypto", "--json").out)
    assert (found["says"], found["tree"]["words"]) == ("", "any of these")


def test_segments_explain_says_why(command: Command) -> None:
    said = command("segments", "explain", "china and not company:acme", "mei@example.com", *NEWSLETTER)
    assert said.out.splitlines()[0] == "mei@example.com is in this segment of china-ai-brief."
    assert "works for acme (company: Acme Ltd)" in said.out
    eve = command("segments", "explain", "china", "eve@example.net").out
    assert eve.startswith("eve@example.net is in this segment of china-ai-brief, but gets no mail (pending).")
    [found] = json.loads(command("segments", "explain", "china", "bo@example.org", "--json").out)
    assert (found["in_segment"], found["gets_no_mail"], found["tree"]["holds"]) == (False, None, False)


def test_segments_explain_refuses_whom_nobody_knows(command: Command) -> None:
    nobody = command("segments", "explain", "china", "nobody@example.com")
    assert (nobody.code, nobody.err.count("\n")) == (1, 1)
    assert "error: nobody is known by the address nobody@example.com" in nobody.err


def test_on_a_terminal_a_mark_stands_under_the_character(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = (sys.executable, "-m", "newsletter", "segments", "count", "中国 and cryto")
    process = subprocess.Popen(words, cwd=tmp_path, env=environ(tmp_path, 1), stdout=subprocess.DEVNULL, stderr=theirs)
    code = process.wait(timeout=60)
    os.close(theirs)
    lines = os.read(ours, 4096).decode().splitlines()
    os.close(ours)
    assert code == 1
    assert lines[0].startswith("error: segment:1:8: unknown tag 'cryto'")
    assert lines[1:] == ["  中国 and cryto", "           ^"]


def test_elsewhere_an_error_is_one_line(command: Command) -> None:
    assert command("segments", "count", "中国 and cryto").err.count("\n") == 1
