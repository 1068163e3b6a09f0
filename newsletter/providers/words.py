"""What a provider said, fit for a record: one line, not long, and without anybody's address."""

import re

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.logline import without_addresses
from newsletter.message import RefusedValueError

_LIMIT = 300
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+| {2,}")
_MASK = "(address)"


def words_of(said: str | bytes, *recipients: Recipient) -> str:
    """
    The provider's words in one line.

    Servers like to repeat the address, or the part before the @; both are masked, for records outlive readers.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = _NOT_SHOWN.sub(" ", text).strip()
    named = [recipient.address for recipient in recipients if _may_name(text, recipient.address)]
    for address in named:
        text = re.sub(re.escape(address), _MASK, text, flags=re.IGNORECASE)
    text = without_addresses(text)
    for address in named:
        local_part = re.escape(address.rpartition("@")[0])
        text = re.sub(rf"(?<![\w.]){local_part}(?![\w.])", _MASK, text, flags=re.IGNORECASE)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def _may_name(text: str, address: str) -> bool:
    """Whether it is worth a pattern of its own, which takes longer than the rest of a message's way."""
    local_part = address.rpartition("@")[0]
    return not (text.isascii() and address.isascii()) or local_part.lower() in text.lower()


def refused(recipient: Recipient, error: RefusedValueError) -> Receipt:
    """A recipient whose values we do not let out at all."""
    return Receipt(recipient.delivery_id, Outcome.REFUSED, f"not handed over: {error}")
