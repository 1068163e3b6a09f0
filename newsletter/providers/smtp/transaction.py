"""One message's way through a conversation, from MAIL to the answer to the final dot."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum, auto

from newsletter.providers.smtp.parcel import Parcel


class Step(IntEnum):
    """Whose answer comes next. Numbers, for Python looks them up faster than other members of enumerations."""

    RESET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    #: the final dot
    MESSAGE = auto()
    #: ends a message for nobody
    LONE_DOT = auto()
    QUIT = auto()


#: the server has the whole message, so that the next envelope may follow
ENDED = frozenset({Step.MESSAGE, Step.LONE_DOT})


@dataclass(slots=True)
class Transaction:
    step: Step
    parcel: Parcel | None = None
    #: steps that are still to be spoken, one by one, to a server that does not pipeline
    unsaid: deque[tuple[Step, bytes]] = field(default_factory=deque)
    #: how many bytes of ours are out once all that was said for it is
    said: int = 0
    has_receipt: bool = False
    #: the first byte of its body went out
    at_risk: bool = False
