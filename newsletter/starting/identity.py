"""Who writes: what every mail must name, asked once, when a workspace begins."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from newsletter.errors import Finding, InputError
from newsletter.fields import Line, MailAddress, Slug, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The fields are named like the settings that keep them."""

    sender_name: str
    sender_address: str
    unsubscribe_address: str
    postal_address: str

    @classmethod
    def of(cls, answers: Mapping[str, str]) -> "Identity":
        """
        :raises InputError: naming every answer that is missing or wrong
        """
        missing = [option(field.name) for field in fields(cls) if not answers.get(field.name, "").strip()]
        wrong = [Finding(message=f"missing: {', '.join(missing)}", fix=_GIVE, rule="missing")] if missing else []
        right: dict[str, str] = {}
        for name, answer in answers.items():
            try:
                right |= {name: checked(name, answer)} if answer.strip() else {}
            except InputError as error:
                wrong.extend(error.findings)
        if wrong:
            raise InputError(*wrong)
        return cls(**right)


#: in the order in which they are asked
QUESTIONS = {
    "sender_name": "Name in the From line, such as Harbour Advisers",
    "sender_address": "Address in the From line",
    "unsubscribe_address": "Mailbox that readers write to in order to leave",
    "postal_address": "Postal address for the footer",
}
_GIVE = "give them, or run it in a terminal, where it asks"
_KINDS: dict[str, TypeAdapter[Any]] = {
    "sender_name": TypeAdapter(Line),
    "sender_address": TypeAdapter(MailAddress),
    "unsubscribe_address": TypeAdapter(MailAddress),
    "postal_address": TypeAdapter(Line),
    "slug": TypeAdapter(Slug),
}


def option(field: str) -> str:
    """The option that gives a field."""
    return "SLUG" if field == "slug" else "--" + field.replace("_", "-")


def checked(field: str, value: str) -> str:
    """
    An answer in the form in which it is kept.

    :raises InputError: naming its option
    """
    if not value.strip():
        raise InputError(Finding(message=f"{option(field)} is missing", fix="write something", rule="missing"))
    try:
        found: str = _KINDS[field].validate_python(value)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        fix = str(details.get("ctx", {}).get("fix", "")) or "write it shorter"
        said = details["msg"] if details["type"] != "string_too_long" else f"'{shown(value)}' is too long"
        raise InputError(Finding(message=f"{option(field)}: {said}", fix=fix, rule="option")) from None
    return found
