"""A reader's merge values: checked before any of them is written, and escaped for where they go."""

import html
from collections.abc import Iterable

from newsletter.delivery import Recipient
from newsletter.edition import Field, Part
from newsletter.message.headers import RefusedValueError, is_plain, plain_value


def checked_values(recipient: Recipient, fields: Iterable[Field]) -> list[str]:
    """
    One raw value for each field.

    :raises RefusedValueError: one is missing; or the name, or any value of the reader, is not one line
    """
    values = recipient.values
    if not is_plain("".join([recipient.name, *values.values()])):
        plain_value(recipient.name, "name")
        for name, value in values.items():
            plain_value(value, name)
    try:
        return [values[field] for field in fields]
    except KeyError as missing:
        raise RefusedValueError(f"there is no value for the slot {missing.args[0]}") from None


def escaped(part: Part, value: str) -> str:
    """A raw value for where it goes."""
    return html.escape(value, quote=True) if part is Part.HTML else value
