"""What a transport is given: one edition for one recipient."""

from typing import NamedTuple

from newsletter.delivery import Recipient
from newsletter.edition import Edition


class Letter(NamedTuple):
    edition: Edition
    recipient: Recipient

    @property
    def delivery_id(self) -> int:
        return self.recipient.delivery_id
