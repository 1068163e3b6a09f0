"""The bytes of one mail, and the header values that every transport needs."""

from newsletter.message.headers import RefusedValueError, plain_address, plain_message_id, plain_value
from newsletter.message.prebuilt import (
    Prebuilt,
    checked_values,
    escaped,
    list_headers,
    prebuild,
    slots_in,
    unsubscribe_headers,
    value_of,
)

__all__ = [
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
    "unsubscribe_headers",
    "value_of",
]
