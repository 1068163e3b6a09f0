"""An SMTP server in memory that keeps to RFC 5321, except where a reader's manners say otherwise."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

DROP, SILENT, GARBAGE = "drop", "silent", "hello there"
#: at the message: answers before all of it has come; takes it and hangs up; takes it and says nothing
EARLY_NO, TAKEN_AND_DROPPED, TAKEN_AND_SILENT = "552 5.3.4 too big, stop", "taken, drop", "taken, silent"
_LINE = b"\r\n"


@dataclass
class ModelServer:
    """`hear` bytes; what it answers is in `out`. Manners: by reader, what it says to each command for them."""

    manners: Mapping[str, Mapping[str, str]]
    #: remembers across connections
    mailbox: dict[str, list[bytes]]
    chance: random.Random
    #: answers DATA with 354 although nobody was taken
    is_eager: bool = False
    pipelining: bool = True
    out: bytes = b""
    is_closed: bool = False
    #: whoever got a 250 for the message
    confirmed: list[str] = field(default_factory=list)
    #: whose body has begun to come
    begun: list[str] = field(default_factory=list)
    _heard: bytes = b""
    _has_sender: bool = False
    _recipient: str = ""
    _taken: str = ""
    _is_reading: bool = False
    _is_deaf: bool = False

    def hear(self, data: bytes) -> None:
        self._heard += data
        while not self.is_closed and not self._is_deaf:
            if self._is_reading:
                if not self._read_message():
                    return
            elif _LINE in self._heard:
                line, _, self._heard = self._heard.partition(_LINE)
                assert self.pipelining or not self._heard, "spoke out of turn"
                self._obey(line.decode())
            else:
                return

    def _obey(self, line: str) -> None:
        verb = line.split(" ")[0].split(":")[0].upper()
        if verb == "MAIL":
            self._answer("MAIL", "503 5.5.1 nested MAIL" if self._has_sender else "250 2.1.0 ok")
            self._has_sender = True
        elif verb == "RCPT":
            self._recipient = line.partition("<")[2].partition(">")[0]
            said = self._answer("RCPT", "250 2.1.5 ok" if self._has_sender else "503 5.5.1 MAIL first")
            self._taken = self._recipient if said.startswith("2") else ""
        elif verb == "DATA":
            fallback = "354 go on" if self._taken or (self.is_eager and self._has_sender) else "503 5.5.1 no readers"
            said = self._answer("DATA", fallback) if self._taken else self._say(fallback)
            self._is_reading = said.startswith("354")
        elif verb == "RSET":
            self._has_sender, self._taken = False, ""
            self._say("250 2.0.0 ok")
        elif verb == "QUIT":
            self._say("221 2.0.0 bye")
            self.is_closed = True
        else:
            raise AssertionError(f"unknown command: {line}")

    def _read_message(self) -> bool:
        """True once it is all there."""
        if self._taken and self._heard and self._taken not in self.begun:
            self.begun.append(self._taken)
        said = self.manners.get(self._taken, {}).get("message", "250 2.0.0 Ok: queued as 4F1A")
        is_whole = self._heard.startswith(b".\r\n") or b"\r\n.\r\n" in self._heard
        if said == EARLY_NO and self._taken and len(self._heard) > 10 and not is_whole:
            self._say(said)
            self._is_deaf = True
            return False
        if not is_whole:
            return False
        if self._heard.startswith(b".\r\n"):
            content, self._heard = b"", self._heard[3:]
        else:
            content, _, self._heard = self._heard.partition(b"\r\n.\r\n")
            content += _LINE
        self._is_reading = False
        self._end_message(content, said if self._taken else "554 5.5.1 no readers")
        return True

    def _end_message(self, content: bytes, said: str) -> None:
        taken, self._taken, self._has_sender = self._taken, "", False
        if taken and (said.startswith("250") or said in {TAKEN_AND_DROPPED, TAKEN_AND_SILENT}):
            self.mailbox.setdefault(taken, []).append(content.replace(b"\r\n..", b"\r\n."))
        if taken and said.startswith("250"):
            self.confirmed.append(taken)
        self._say(said)

    def _answer(self, verb: str, otherwise: str) -> str:
        """MAIL does not know for whom it is, so it is asked about by the next one in line."""
        said = self.manners.get(self._recipient if verb != "MAIL" else "", {}).get(verb)
        return self._say(said or otherwise)

    def _say(self, said: str) -> str:
        if said in {SILENT, TAKEN_AND_SILENT}:
            self._is_deaf = True
        elif said in {DROP, TAKEN_AND_DROPPED}:
            self.is_closed = True
        else:
            if said[:3].isdigit() and self.chance.random() < 0.3:
                self.out += f"{said[:3]}-a word before\r\n".encode()
            self.out += said.encode() + _LINE
            self.is_closed = self.is_closed or said.startswith("421")
        return said
