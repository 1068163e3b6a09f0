"""What a provider said, fit for a record: one line, not long, and without anybody's address."""

import re

from newsletter.delivery import Outcome, Receipt, Recipient
from newsletter.message import RefusedValueError

_LIMIT = 300
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+| {2,}")
_MASK = "(address)"


def words_of(said: str | bytes, *recipients: Recipient) -> str:
    """
    The provider's words in one line.

    Servers like to repeat the address, or the part before the @; both are masked, for records outlive readers.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = _NOT_SHOWN.sub(" ", text).strip()
    for recipient in recipients:
        text = re.sub(re.escape(recipient.address), _MASK, text, flags=re.IGNORECASE)
    text = _ADDRESS.sub(_MASK, text)
    for recipient in recipients:
        local_part = re.escape(recipient.address.rpartition("@")[0])
        text = re.sub(rf"(?<![\w.]){local_part}(?![\w.])", _MASK, text, flags=re.IGNORECASE)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def refused(recipient: Recipient, error: RefusedValueError) -> Receipt:
    """A recipient whose values we do not let out at all."""
    return Receipt(recipient.delivery_id, Outcome.REFUSED, f"not handed over: {error}")
