"""
A line of a log that programs read: logfmt, `event=sent mailing=3 why="550 5.1.1 no such mailbox"`.

No value can look like another field, a second line or a command to a terminal, and none says an address.
"""

import json
import re
from datetime import datetime
from typing import Protocol

_MASK = "(address)"
#: a word, or one in quotation marks, before the @; a domain, or an address in brackets, behind it. Every word is begun
#: once, so that no server's speech takes long, whatever is in it
_ADDRESS = re.compile(
    r"""(?:"(?:[^"\\]|\\.){0,128}" | (?<![^\s<>()\[\]"',;:])[^\s<>()\[\]"',;:]*)
    (?:@|＠|(?:%40|=40)(?=[\w-]{1,63}\.[^\W\d])) (?:\[[^\]\s]{0,128}\] | [^\s<>()\[\]"',;:]+)""",
    re.VERBOSE | re.IGNORECASE,
)
#: what needs no quotation marks
_BARE = re.compile(r"""[!#-<>-\[\]-~]+""")
#: characters of a value; what is longer has its end cut off
_LONGEST = 500


class Log(Protocol):
    """Where a line goes, by whoever knows the time and who is speaking."""

    def __call__(self, event: str, /, **values: object) -> None: ...


def log_line(at: datetime, event: str, **values: object) -> str:
    """
    One line, in the order in which the values are given; a value of None is left away.

    :param values: by the names of their fields, which are ours and never somebody else's words
    """
    told = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "event": event, **values}
    return " ".join(f"{name}={_written(value)}" for name, value in told.items() if value is not None)


def without_addresses(text: str) -> str:
    """Whatever looks like somebody's address is masked, for logs and records outlive readers."""
    return _ADDRESS.sub(_MASK, text)


def _written(value: object) -> str:
    text = without_addresses(str(value))
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if _BARE.fullmatch(text):
        return text
    # Whatever is not shown as it is, a turn of the writing's direction for one, is written as its number.
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("\x7f", "\\u007f")
