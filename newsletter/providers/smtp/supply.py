"""What is to go out next: letters as they are given, made into parcels, and those that came back unharmed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from newsletter.delivery import Receipt, Recipient
from newsletter.edition import Edition
from newsletter.message import Letter, Prebuilt, RefusedValueError, plain_address, prebuild
from newsletter.providers.smtp import verdicts
from newsletter.providers.smtp.parcel import Parcel
from newsletter.providers.words import refused

#: new connections that may break before one and the same message
TRIES = 3


@dataclass(slots=True)
class _Form:
    """What all who get one edition have in common."""

    edition: Edition
    prebuilt: Prebuilt
    sender: str
    #: what stands before and after a recipient's own token, where bounces have an address
    around_token: tuple[str, str] | None = None
    #: lines begin with dots, which SMTP has doubled; readers' values never begin one, so that one message tells of all,
    #: and 30 microseconds of searching each are saved
    is_dotted: bool | None = None


class Supply:
    """Receipts of those that never leave gather in `receipts`."""

    def __init__(
        self, letters: Iterator[Letter | None], bounce_address: str | None, sign: Callable[[bytes], bytes] | None
    ) -> None:
        self.receipts: list[Receipt] = []
        #: there is nothing for the moment
        self.is_dry = False
        #: parcels given so far
        self.given = 0
        self._letters: Iterator[Letter | None] | None = letters
        self._bounce_address = bounce_address
        self._sign = sign
        #: they go first: it is not their fault
        self._back: deque[Parcel] = deque()
        #: a connection broke over them, perhaps because of them; all others go first
        self._later: deque[Parcel] = deque()
        self._form: _Form | None = None

    @property
    def is_over(self) -> bool:
        return self._letters is None and not self._back and not self._later

    def next(self) -> Parcel | None:
        """
        A parcel, if there is one now.

        :raises RefusedValueError: the edition cannot be sent to anybody
        """
        parcel = self._back.popleft() if self._back else self._pulled()
        if parcel is None and self._later:
            parcel = self._later.popleft()
        self.given += parcel is not None
        return parcel

    def peek(self) -> Parcel | None:
        """The same, without taking it."""
        parcel = self.next()
        if parcel:
            self.given -= 1
            self._back.appendleft(parcel)
        return parcel

    def give_back(self, parcels: Iterable[Parcel], why: str) -> None:
        for parcel in parcels:
            self.given -= 1
            if parcel.tries >= TRIES:
                self.receipts.append(verdicts.kept_breaking(parcel, why))
            else:
                (self._later if parcel.tries else self._back).append(parcel)

    def stop(self) -> None:
        """Nothing more is given; what is here was not handed over."""
        self._letters = None
        self._back.clear()
        self._later.clear()

    def _pulled(self) -> Parcel | None:
        while self._letters is not None:
            try:
                letter = next(self._letters)
            except StopIteration:
                self._letters = None
                break
            self.is_dry = letter is None
            if letter is None:
                break
            parcel = self._pack(letter)
            if parcel:
                return parcel
        return None

    def _pack(self, letter: Letter) -> Parcel | None:
        form = self._form
        if form is None or letter.edition is not form.edition:
            form = self._form = self._form_of(letter.edition)
        try:
            message = form.prebuilt.fill(letter.recipient)
        except RefusedValueError as error:
            self.receipts.append(refused(letter.recipient, error))
            return None
        if form.is_dotted is None:
            form.is_dotted = b"\n." in message
        signed = self._sign(message) + message if self._sign else message
        return Parcel(_sender(form, letter.recipient), letter.recipient, signed, is_dotted=form.is_dotted)

    def _form_of(self, edition: Edition) -> _Form:
        sender = plain_address(self._bounce_address or edition.letterhead.sender.address)
        local_part, _, domain = sender.rpartition("@")
        around = (f"{local_part}+", f"@{domain}") if self._bounce_address else None
        return _Form(edition, prebuild(edition), sender, around)


def _sender(form: _Form, recipient: Recipient) -> str:
    """Of a bounce, only the address that it comes to can be trusted: so each delivery has its own."""
    token = recipient.bounce_token
    if not token or form.around_token is None:
        return form.sender
    before, after = form.around_token
    return f"{before}{token}{after}"
