"""
One SMTP connection without its socket: bytes in, bytes out, and receipts.

With PIPELINING (RFC 2920), the end of one message and the envelope of the next leave in one write. A body waits for its
own 354, so that there is never more than one message of which nobody knows whether the server took it: the one whose
final dot was handed to the network, while no answer has come (RFC 5321 section 4.5.3.2.6, RFC 1047).
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from newsletter.delivery import Outcome, Receipt
from newsletter.errors import TransportError
from newsletter.providers.smtp import verdicts
from newsletter.providers.smtp.parcel import Offers, Parcel
from newsletter.providers.smtp.replies import Reply, ReplyReader
from newsletter.providers.smtp.transaction import ENDED, Step, Transaction

_GO_AHEAD = 354
_DATA, _DOT, _RESET, _QUIT = b"DATA\r\n", b".\r\n", b"RSET\r\n", b"QUIT\r\n"


class Conversation:
    """`take` when it `wants` a parcel, write what is in `output`, tell what was `written` and `heard`."""

    def __init__(self, offers: Offers, at_risk: Callable[[Sequence[int]], None], *, most: int) -> None:
        """:param most: messages after which the server is left"""
        self.offers = offers
        self.at_risk = at_risk
        #: messages about which the server gave a last word
        self.served = 0
        #: taken and certainly not handed over; for another connection
        self.returned: list[Parcel] = []
        #: why the connection is of no use any more
        self.over = ""
        #: the server takes nothing from us, whoever the reader is
        self.fatal: TransportError | None = None
        #: it broke before it had been of any use
        self.is_bad_luck = False
        self._left = most
        self._open: deque[Transaction] = deque()
        self._replies = ReplyReader()
        self._receipts: list[Receipt] = []
        self._needs_reset = self._is_leaving = False
        self._waiting: list[bytes] = []
        self._leaving: bytes | memoryview = b""
        self._said = self._written = 0

    @property
    def is_busy(self) -> bool:
        """There is a message in it."""
        return bool(self._open) and self._open[0].step is not Step.QUIT

    @property
    def is_waiting(self) -> bool:
        """An answer is due."""
        return bool(self._open)

    @property
    def is_open(self) -> bool:
        """It takes more, now or soon."""
        return self._left > 0 and not self._is_leaving and not self.over

    @property
    def wants(self) -> bool:
        if not self._open:
            return self.is_open
        has_ended = len(self._open) == 1 and self._open[0].step in ENDED
        return has_ended and self.offers.pipelining and self.is_open

    @property
    def awaits_last_word(self) -> bool:
        """The answer that may take longest is what we wait for, and our part is done."""
        return bool(self._open) and self._open[0].step is Step.MESSAGE and self._written >= self._open[0].said

    def take(self, parcel: Parcel) -> Receipt | None:
        """A receipt when this server cannot carry it at all."""
        lacking = parcel.lacks(self.offers)
        if lacking:
            return Receipt(parcel.delivery_id, Outcome.REFUSED, lacking)
        self._left -= 1
        mail, rcpt = parcel.commands(self.offers)
        script = [(Step.MAIL, mail), (Step.RCPT, rcpt), (Step.DATA, _DATA)]
        if self._needs_reset:
            script.insert(0, (Step.RESET, _RESET))
            self._needs_reset = False
        transaction = Transaction(script[0][0], parcel, deque(script))
        self._open.append(transaction)
        self._speak(transaction)
        return None

    def output(self) -> bytes | memoryview:
        """What is to be written next, and must be, as soon as it has been asked for; the same until it is."""
        if not self._leaving and self._waiting:
            first = self._open[0] if self._open else None
            if first and first.step is Step.MESSAGE and not first.at_risk and first.parcel:
                # Its body stands first in what is to leave: all before it is out, since DATA was answered.
                self.at_risk([first.parcel.delivery_id])
                first.at_risk = True
            self._leaving = b"".join(self._waiting)
            self._waiting.clear()
        return self._leaving

    def written(self, count: int) -> None:
        self._written += count
        left = self._leaving
        self._leaving = b"" if count == len(left) else memoryview(left)[count:]

    def heard(self, received: bytes) -> list[Receipt]:
        for reply in self._replies.feed(received):
            if self.over:
                break
            if not self._open:
                # Most say goodbye like this after some time without mail.
                self._break(verdicts.in_words(reply))
                break
            transaction = self._open[0]
            _ANSWERS[transaction.step](self, transaction, reply)
        return self._collected()

    def lost(self, why: str) -> list[Receipt]:
        """The connection is gone."""
        self._break(why)
        return self._collected()

    def stop(self) -> list[Receipt]:
        """No new message; the one that is at risk may be waited for."""
        if self._open and not self._open[0].at_risk:
            self._break("stopped")
        self._is_leaving = bool(self._open)
        return self._collected()

    def wear_out(self) -> None:
        """Take no more."""
        self._left = 0

    def say_goodbye(self) -> None:
        """Over as soon as the server has answered, or hung up; only when nothing is under way."""
        if not self._open and not self.over:
            self._is_leaving = True
            self._say(_QUIT)
            self._open.append(Transaction(Step.QUIT))

    def _say(self, *parts: bytes) -> None:
        self._waiting += parts
        self._said += sum(map(len, parts))

    def _speak(self, transaction: Transaction) -> None:
        """All commands at once, or the next one."""
        script = transaction.unsaid
        if self.offers.pipelining:
            self._say(*[command for _, command in script])
        else:
            transaction.step, command = script.popleft()
            self._say(command)
        transaction.said = self._said

    def _collected(self) -> list[Receipt]:
        receipts, self._receipts = self._receipts, []
        return receipts

    def _go_on(self, transaction: Transaction) -> None:
        if not self.offers.pipelining:
            self._speak(transaction)
            return
        transaction.unsaid.popleft()
        transaction.step = transaction.unsaid[0][0]

    def _close(self, transaction: Transaction, *, needs_reset: bool) -> None:
        """The server has said all there is to say about it."""
        self._open.remove(transaction)
        self.served += 1
        self._needs_reset = needs_reset
        if self._is_leaving and self._open and self._open[0].step is not Step.QUIT:
            self._break("stopped")

    def _break(self, why: str) -> None:
        if self.over:
            return
        self.over = why
        self.is_bad_luck = not (self.served or self._is_leaving)
        for place, transaction in enumerate(self._open):
            parcel = transaction.parcel
            if parcel is None or transaction.has_receipt:
                continue
            if transaction.at_risk:
                ending = verdicts.unknown if self._written >= transaction.said else verdicts.cut_short
                self._receipts.append(ending(parcel, why))
                self.is_bad_luck = False
                continue
            if place == 0 and self.is_bad_luck:
                parcel.tries += 1
            self.returned.append(parcel)
        self._open.clear()

    def _fail(self, error: TransportError) -> None:
        self.fatal = error
        self._break("stopped")

    def _is_usable(self, reply: Reply) -> bool:
        """Whether the answer is about the transaction, and not about the connection."""
        if reply.code in verdicts.LOGIN_WANTED:
            self._fail(verdicts.login_wanted(reply))
        elif reply.code == verdicts.CLOSING or not (reply.is_yes or reply.is_no):
            self._break(verdicts.in_words(reply))
        return not self.over

    def _on_reset(self, transaction: Transaction, reply: Reply) -> None:
        if reply.is_yes:
            self._go_on(transaction)
        else:
            self._break(verdicts.in_words(reply))

    def _on_mail(self, transaction: Transaction, reply: Reply) -> None:
        if not self._is_usable(reply):
            return
        if reply.is_yes:
            self._go_on(transaction)
        elif self.served:
            # Some say so when they have had enough of us; only a new connection has the last word.
            self._break(verdicts.in_words(reply))
        elif transaction.parcel:
            self._fail(verdicts.sender_refused(transaction.parcel, reply))

    def _on_rcpt(self, transaction: Transaction, reply: Reply) -> None:
        if not self._is_usable(reply):
            return
        if reply.is_yes:
            self._go_on(transaction)
            return
        self._decline(transaction, reply)
        if self.offers.pipelining:
            self._go_on(transaction)
        else:
            self._close(transaction, needs_reset=True)

    def _on_go_ahead(self, transaction: Transaction, reply: Reply) -> None:
        if reply.code == _GO_AHEAD and self._written >= transaction.said:
            self._hand_over(transaction)
        elif transaction.has_receipt and reply.is_no and reply.code != verdicts.CLOSING:
            self._close(transaction, needs_reset=True)
        elif reply.is_yes or reply.code == _GO_AHEAD:
            self._break(f"an answer that fits no question ({reply.code})")
        elif self._is_usable(reply):
            self._decline(transaction, reply)
            self._close(transaction, needs_reset=True)

    def _hand_over(self, transaction: Transaction) -> None:
        if transaction.has_receipt or transaction.parcel is None:
            # The reader was refused and the server asks for the message all the same (RFC 2920 section 3.1).
            transaction.step = Step.LONE_DOT
            self._needs_reset = True
            self._say(_DOT)
        else:
            transaction.step = Step.MESSAGE
            self._say(transaction.parcel.stuffed(), _DOT)
        transaction.said = self._said

    def _on_message(self, transaction: Transaction, reply: Reply) -> None:
        parcel, is_early = transaction.parcel, self._written < transaction.said
        if parcel is None:
            return
        if reply.is_no:
            self._decline(transaction, reply)
        elif reply.is_yes and not is_early:
            self._receipts.append(verdicts.accepted(parcel, reply))
        else:
            self._receipts.append(verdicts.unknown(parcel, "an answer that is none"))
        transaction.has_receipt = True
        if is_early or reply.code == verdicts.CLOSING or not (reply.is_yes or reply.is_no):
            # What we would write now, the server might read as commands, or as part of the message.
            self._break(verdicts.in_words(reply))
        else:
            self._close(transaction, needs_reset=False)

    def _on_lone_dot(self, transaction: Transaction, reply: Reply) -> None:
        if self._is_usable(reply):
            self._close(transaction, needs_reset=self._needs_reset)

    def _on_quit(self, _: Transaction, reply: Reply) -> None:
        self._break(verdicts.in_words(reply))

    def _decline(self, transaction: Transaction, reply: Reply) -> None:
        if transaction.parcel:
            self._receipts.append(verdicts.declined(transaction.parcel, reply))
        transaction.has_receipt = True


_ANSWERS: Mapping[Step, Callable[[Conversation, Transaction, Reply], None]] = {
    Step.RESET: Conversation._on_reset,
    Step.MAIL: Conversation._on_mail,
    Step.RCPT: Conversation._on_rcpt,
    Step.DATA: Conversation._on_go_ahead,
    Step.MESSAGE: Conversation._on_message,
    Step.LONE_DOT: Conversation._on_lone_dot,
    Step.QUIT: Conversation._on_quit,
}
