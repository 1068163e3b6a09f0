"""The kinds of text that people write into files: one line, prose, slug, web address, mail address."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

PROSE_LIMIT = 20_000
LINE_LIMIT = 500

# Line breaks of every kind, other controls, and the marks that turn the direction of text: in a subject or a name
# they are either an accident or an attack (header injection, spoofed names).
_BREAKS = re.compile("[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
#: U+2028 and U+2029 are how word processors part lines
_LINE_ENDS = re.compile("\r\n|[\n\r\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_SHOWN_LIMIT = 60
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@<>\"\\^`{|}]+(?:[/?#][^\s<>\"\\^`{|}]*)?", re.IGNORECASE)


def shown(text: str) -> str:
    """A text from a file as it may stand in a message: on one line, and not for pages."""
    cut = text if len(text) <= _SHOWN_LIMIT else text[: _SHOWN_LIMIT - 1] + "…"
    return cut if cut.isprintable() else repr(cut)[1:-1]


def _one_line(value: str) -> str:
    if _BREAKS.search(value.strip()):
        raise PydanticCustomError("line_break", "holds a line break", {"fix": "write it on one line"})
    return _no_controls(_not_empty(" ".join(value.split())))


def _not_empty(value: str) -> str:
    if not value:
        raise PydanticCustomError("blank", "is empty", {"fix": "write something, or delete the field"})
    return value


def _no_controls(value: str) -> str:
    found = _CONTROLS.search(value)
    if found:
        mark = f"U+{ord(found[0]):04X}"
        raise PydanticCustomError(
            "control_character", "holds the invisible character {mark}", {"mark": mark, "fix": "delete it"}
        )
    return unicodedata.normalize("NFC", value)


def _prose(value: str) -> str:
    lines = _LINE_ENDS.sub("\n", _not_empty(value.strip())).split("\n")
    return "\n".join(_no_controls(line.strip().replace("\t", " ")) for line in lines)


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise PydanticCustomError(
            "slug", "'{value}' is not a slug", {"value": shown(value), "fix": "use letters, digits and hyphens"}
        )
    return value


def _web_address(value: str) -> str:
    if not _WEB_ADDRESS.fullmatch(value) or _CONTROLS.search(value):
        raise PydanticCustomError(
            "web_address",
            "'{value}' is not a web address",
            {"value": shown(value), "fix": "write it in full, as https://example.com/page"},
        )
    return value.replace(",", "%2C")


def _mail_address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(value.strip(), strict=True, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise PydanticCustomError(
            "mail_address",
            "'{value}' is not a mail address",
            {"value": shown(value), "fix": "write it as name@example.com"},
        ) from error
    # The ASCII form of the domain is what goes on the wire, and what two spellings have in common.
    return f"{found.local_part}@{found.ascii_domain}"


def one_or_many(value: Any) -> Any:
    """A single text counts as a list of one, an empty field as a list of none."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


# What an editor is told of these kinds, as far as a JSON Schema can say it. To us a number is text, and so is `NO`.
_SCALAR = ["string", "number", "boolean"]
_NOT_BLANK: dict[str, Any] = {"type": _SCALAR, "pattern": r"\S"}
_ONE_LINE: dict[str, Any] = {"type": _SCALAR, "pattern": r"^\s*[^\s][^\n\v\f\r\u2028\u2029]*\s*$"}
_NAME: dict[str, Any] = {"type": ["string", "integer", "boolean"], "pattern": r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"}
_PAGE: dict[str, Any] = {
    "format": "uri",
    "pattern": '^[hH][tT][tT][pP][sS]?://[^\\s/?#@<>"\\\\^`{|}]+([/?#][^\\s<>"\\\\^`{|}]*)?$',
}
_MAILBOX: dict[str, Any] = {"format": "email", "pattern": r"^\s*[^\s@]+@[^\s@.]+(\.[^\s@.]+)+\s*$"}

#: one line of text, spaces folded, NFC
Line = Annotated[
    str, Field(min_length=1, max_length=LINE_LIMIT, json_schema_extra=_ONE_LINE), AfterValidator(_one_line)
]
#: paragraphs with inline Markdown (bold, italics, links); blank lines part paragraphs
Prose = Annotated[
    str, Field(min_length=1, max_length=PROSE_LIMIT, json_schema_extra=_NOT_BLANK), AfterValidator(_prose)
]
Slug = Annotated[str, Field(min_length=1, max_length=120, json_schema_extra=_NAME), AfterValidator(_slug)]
WebAddress = Annotated[str, Field(max_length=2_000, json_schema_extra=_PAGE), AfterValidator(_web_address)]
MailAddress = Annotated[str, Field(max_length=254, json_schema_extra=_MAILBOX), AfterValidator(_mail_address)]
#: several lines
Lines = Annotated[tuple[Line, ...], BeforeValidator(one_or_many)]


class Frozen(BaseModel):
    """What people write: frozen, and a field that we do not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
