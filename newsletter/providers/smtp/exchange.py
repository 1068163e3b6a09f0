"""One handing over of letters: the loop that reads, writes, and keeps the connections supplied."""

import time
from collections.abc import Iterator, Sequence

from newsletter.delivery import Receipt
from newsletter.errors import TransientError, TransportError
from newsletter.providers.smtp.line import READ, Line
from newsletter.providers.smtp.lines import Lines
from newsletter.providers.smtp.parcel import Parcel
from newsletter.providers.smtp.supply import TRIES, Supply

#: seconds after which we look up, at the latest
_LOOK_UP = 0.04


class Exchange:
    def __init__(self, lines: Lines, supply: Supply, server: str) -> None:
        self._lines = lines
        self._supply = supply
        self._server = server
        self._fatal: TransportError | None = None
        #: new connections in a row that broke before they were of any use
        self._bad_luck = 0

    def run(self) -> Iterator[list[Receipt]]:
        """
        Receipts as they come.

        :raises TransportError: the server cannot be reached, or takes nothing from us
        """
        try:
            while not self._is_done:
                ready = self._lines.ready(self._patience)
                # Whoever keeps the account hears of every answer before the next body is at risk on its connection.
                yield self._heard(ready)
                self._turn(ready)
        finally:
            self._lines.drop_busy()
        if self._fatal:
            raise self._fatal

    @property
    def _is_done(self) -> bool:
        is_over = self._fatal or self._supply.is_over
        return bool(is_over) and not self._lines.are_busy and not self._supply.receipts

    def _heard(self, ready: Sequence[tuple[Line, int]]) -> list[Receipt]:
        receipts = self._supply.receipts[:]
        self._supply.receipts.clear()
        for line, events in ready:
            if events & READ:
                receipts += line.read()
        return receipts

    def _turn(self, ready: Sequence[tuple[Line, int]]) -> None:
        """What receipts there are now are told with the next ones."""
        for line, _ in ready:
            self._supply.receipts += self._serve(line)
        self._supply.receipts += self._look_round(time.monotonic())

    @property
    def _patience(self) -> float:
        """No waiting while somebody could be given something."""
        supply = self._supply
        could_give = not (supply.is_dry or supply.is_over or self._fatal)
        return 0 if could_give and any(line.conversation.wants for line in self._lines) else _LOOK_UP

    def _serve(self, line: Line) -> list[Receipt]:
        """Give it what it wants, write, and put it away when it is of no use any more."""
        conversation = line.conversation
        receipts: list[Receipt] = []
        while conversation.wants and not self._fatal:
            parcel = self._next()
            if parcel is None:
                break
            refusal = line.take(parcel)
            if refusal:
                receipts.append(refusal)
        receipts += line.write()
        if conversation.over:
            self._put_away(line)
        else:
            if conversation.served:
                self._bad_luck = 0
            self._lines.watch(line)
        return receipts

    def _next(self, *, taken: bool = True) -> Parcel | None:
        try:
            return self._supply.next() if taken else self._supply.peek()
        except TransportError as error:
            # The edition cannot go to anybody.
            self._stop(error)
            return None

    def _look_round(self, now: float) -> list[Receipt]:
        """What no message from the server calls for."""
        receipts: list[Receipt] = []
        self._lines.retire(now)
        for line in self._lines:
            receipts += line.expired(now)
            if line.conversation.wants or line.conversation.over or not line.conversation.is_busy:
                receipts += self._serve(line)
        if not self._fatal:
            receipts += self._reach()
        return receipts

    def _reach(self) -> list[Receipt]:
        """Another connection, when there is something for it."""
        lines, supply = self._lines, self._supply
        try:
            line = lines.answered(0 if lines.are_busy else _LOOK_UP)
        except TransportError as error:
            self._stop(error)
            return []
        if line:
            return self._serve(line)
        if any(each.conversation.wants for each in lines) or not lines.could_use_another(supply.given):
            return []
        parcel = self._next(taken=False)
        if parcel:
            lines.dial(parcel.sender.rpartition("@")[2])
        return []

    def _put_away(self, line: Line) -> None:
        conversation = line.conversation
        self._lines.drop(line)
        self._supply.give_back(conversation.returned, conversation.over)
        if conversation.fatal:
            self._stop(conversation.fatal)
        elif conversation.is_bad_luck:
            self._bad_luck += 1
            if self._bad_luck >= TRIES and not self._lines.are_open:
                said = f"{self._server} broke off: {conversation.over}"
                self._stop(TransientError(said, fix="try later"))

    def _stop(self, error: TransportError) -> None:
        """Nothing more goes out; what is at risk is waited for."""
        if self._fatal:
            return
        self._fatal = error
        for line in self._lines:
            self._supply.receipts += line.conversation.stop()
        self._supply.stop()
