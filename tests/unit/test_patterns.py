"""Patterns that every Python takes as it should that we say we run on."""

import re
from pathlib import Path

import newsletter

FILES = sorted(Path(newsletter.__file__).parent.rglob("*.py"))
#: a group, and after it a repetition that gives nothing back
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\d+,?\d*\})\+")


def test_no_group_is_repeated_possessively() -> None:
    """Python 3.11.2, which is Debian 12's, forgets what such a group has matched (gh-106052, mended in 3.11.5)."""
    found = [path.name for path in FILES if any(map(_is_wrong, path.read_text(encoding="utf-8").splitlines()))]
    assert found == []


def _is_wrong(line: str) -> bool:
    return 'r"' in line and _POSSESSIVE_GROUP.search(line) is not None


def test_the_one_that_is_wrong_is_found() -> None:
    assert _is_wrong('PATTERN = re.compile(r"<(?:a++|b)*+>")')
    assert not _is_wrong('PATTERN = re.compile(r"<(?:a++|b)*>")')
