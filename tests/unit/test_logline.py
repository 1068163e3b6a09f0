"""Log lines are logfmt: no value forges a field, a line or an order to a terminal, and no address is in one."""

import json
import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.logline import log_line, without_addresses
from tests.builders import NOW

ANYTHING = st.text(max_size=200) | st.text(alphabet='"\\ =\n\r\t\x1b\x7f\x85\u2028\u202e@a', max_size=40)


def read(line: str) -> dict[str, str]:
    """As programs read logfmt: names and values, the latter in quotation marks where they need them."""
    found: dict[str, str] = {}
    place = 0
    while place < len(line):
        field = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "=]*)(?: |$)').match(line, place)
        assert field, f"{line!r} at {place}"
        name, value = field.groups()
        assert name not in found, f"{name} twice"
        found[name] = json.loads(value) if value.startswith('"') else value
        place = field.end()
    return found


@given(ANYTHING, ANYTHING)
def test_no_value_can_forge_a_field_or_a_line(one: str, other: str) -> None:
    line = log_line(NOW, "rests", mailing=3, why=one, then=other)

    assert line.isprintable(), "one line, that no terminal obeys"
    told = read(line)
    assert list(told) == ["at", "event", "mailing", "why", "then"]
    assert (told["event"], told["mailing"]) == ("rests", "3")
    if "@" not in one and "＠" not in one and "40" not in one:
        assert told["why"] == one


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (3, "3"),
        ("sent", "sent"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "no"', r'"say \"no\""'),
        ("back\\slash", r'"back\\slash"'),
        ("line\nevent=sent", r'"line\nevent=sent"'),
        ("\x1b[2Jgone", r'"\u001b[2Jgone"'),
        ("\x7f", r'"\u007f"'),
        ("\u202ekcab", r'"\u202ekcab"'),
        ("已满 用户", '"已满 用户"'),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_a_value_is_quoted_when_it_must_be(value: object, written: str) -> None:
    expected = f'"{written}"' if written.endswith("…") else written
    assert log_line(NOW, "x", why=value) == f"at={NOW:%Y-%m-%dT%H:%M:%SZ} event=x why={expected}"


def test_what_there_is_nothing_to_say_of_is_left_away() -> None:
    assert "why" not in log_line(NOW, "told", mailed=1, why=None)


@pytest.mark.parametrize(
    "address",
    [
        "chen@example.com",
        "CHEN@EXAMPLE.COM",
        "<chen@example.com>:",
        "chen+news@example.com",
        '"chen li"@example.com',
        '"chen\\" event=sent"@example.com',
        "chen@[192.0.2.1]",
        "chen@[IPv6:2001:db8::1]",
        "陈@例子.中国",
        "chen＠example.com",
        "chen%40example.com",
        "chen=40example.com",
        "bounces+chen=example.com@relay.example.net",
        "=?utf-8?q?chen=40example.com?=",
    ],
)
def test_no_address_is_in_a_line(address: str) -> None:
    line = log_line(NOW, "rests", why=f"550 5.1.1 {address} unknown")
    assert "chen" not in line.lower()
    assert "陈" not in line
    assert "(address)" in line


@pytest.mark.parametrize(
    "words", ["at 5 @ 10 a.m.", "size=40960 exceeds 40%", "limit=40.5", "see https://example.com/a"]
)
def test_words_that_are_no_address_stay(words: str) -> None:
    assert without_addresses(words) == words


MARKS = st.text(alphabet=string.ascii_letters + string.digits + "!#$%&*+-/=?^_{|}~.", min_size=1, max_size=64)


@given(MARKS, st.sampled_from(["example.com", "例子.中国", "[192.0.2.1]"]), ANYTHING, ANYTHING)
def test_whatever_stands_around_an_address_it_is_masked(local: str, domain: str, before: str, after: str) -> None:
    said = without_addresses(f"{before} {local}@{domain} {after}")
    assert f"{local}@{domain}" not in said


@pytest.mark.parametrize(
    "speech", ["x" * 50_000, '"' * 30_000, '"\\' * 30_000, "x@" * 20_000, "x" * 30_000 + "@", "[" * 9_999]
)
def test_a_long_speech_takes_no_long_time(speech: str) -> None:
    begun = time.perf_counter()
    without_addresses(speech)
    assert time.perf_counter() - begun < 1
