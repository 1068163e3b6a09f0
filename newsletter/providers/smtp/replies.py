"""What an SMTP server says, put together from the pieces in which it comes (RFC 5321 section 4.2)."""

import re
from functools import lru_cache
from typing import NamedTuple

#: the standard asks for 512 bytes; a server that sends more than this without a line break says nothing
_LONGEST_LINE = 65_536
_MOST_LINES = 200
_ALONE = re.compile(rb"[0-9]{3} ")
_AFTER_CODE = (b" ", b"-", b"\r", b"")


class Reply(NamedTuple):
    #: 0 for what is no reply at all
    code: int
    #: lines parted by line feeds
    text: bytes

    @property
    def is_yes(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_no(self) -> bool:
        """For now (4xx) or for good (5xx)."""
        return 400 <= self.code < 600


@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """Of a line that is a reply alone; servers say the same to every envelope."""
    return Reply(int(line[:3]), line[4:].rstrip()) if _ALONE.match(line) else None


class ReplyReader:
    """Takes bytes as they come, and gives whole replies."""

    __slots__ = ("_before", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        #: lines of a reply that goes on
        self._before: list[bytes] = []

    def feed(self, received: bytes) -> list[Reply]:
        *lines, self._rest = (self._rest + received).split(b"\n")
        found = []
        for line in lines:
            reply = (None if self._before else _whole(line)) or self._reply(line)
            if reply:
                found.append(reply)
        if len(self._rest) > _LONGEST_LINE:
            found.append(Reply(0, self._rest[:100]))
            self._rest = b""
        return found

    def _reply(self, line: bytes) -> Reply | None:
        code, after = line[:3], line[3:4]
        if not code.isdigit() or len(code) < 3 or after not in _AFTER_CODE or len(self._before) >= _MOST_LINES:
            self._before.clear()
            return Reply(0, line[:100])
        if after == b"-":
            self._before.append(line[4:].rstrip())
            return None
        if not self._before:
            return Reply(int(code), line[4:].rstrip())
        text = b"\n".join([*self._before, line[4:].rstrip()])
        self._before.clear()
        return Reply(int(code), text)
