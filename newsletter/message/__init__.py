"""The bytes of one mail, and the header values that every transport needs."""

from newsletter.message.headers import (
    RefusedValueError,
    plain_address,
    plain_message_id,
    plain_value,
    thread_headers,
)
from newsletter.message.letter import Letter
from newsletter.message.lists import list_headers, unsubscribe_headers
from newsletter.message.prebuilt import Prebuilt, prebuild, slots_in
from newsletter.message.values import checked_values, escaped

__all__ = [
    "Letter",
    "Prebuilt",
    "RefusedValueError",
    "checked_values",
    "escaped",
    "list_headers",
    "plain_address",
    "plain_message_id",
    "plain_value",
    "prebuild",
    "slots_in",
    "thread_headers",
    "unsubscribe_headers",
]
