"""Rules of `check` that an issue sets aside, as people write them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from newsletter.fields import Frozen, Line

_MOST = 200


class Allowed(Frozen):
    """A rule of `check` that is set aside for this issue, and why."""

    rule: Line
    reason: Line | None = None


def _allowed(value: Any) -> Any:
    """`NL012`, `NL012: why` and `{NL012: why}`, alone, in a list, or as one mapping, are what people write."""
    entries = [value] if isinstance(value, str | dict) else () if value is None else value
    if not isinstance(entries, list | tuple):
        return value
    return tuple(pair for entry in entries for pair in _allowed_pairs(entry))


def _allowed_pairs(entry: Any) -> list[Any]:
    if isinstance(entry, str):
        rule, _, why = entry.replace("：", ":", 1).partition(":")
        return [{"rule": rule.strip(), "reason": why.strip() or None}]
    if isinstance(entry, dict) and all(why is None or isinstance(why, str) for why in entry.values()):
        return [entry] if "rule" in entry else [{"rule": rule, "reason": why} for rule, why in entry.items()]
    if isinstance(entry, Allowed):
        return [entry]
    fix = "write one per line, as '- NL402: why it is all right'"
    raise PydanticCustomError("allow", "is not a list of rules with reasons", {"fix": fix})


_ByRule = dict[Line, Line | None]
_AsWritten = Annotated[tuple[Line | _ByRule, ...], Field(max_length=_MOST)] | Line | _ByRule | None
Allowance = Annotated[
    tuple[Allowed, ...],
    Field(max_length=_MOST),
    BeforeValidator(_allowed, json_schema_input_type=_AsWritten),
]
