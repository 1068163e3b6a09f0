"""From the words of an expression to what they mean: tags by the vocabulary, languages, days, saved segments."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import get_args

from lark import Token, Transformer

from newsletter.errors import Finding
from newsletter.fields import shown
from newsletter.issue import Language
from newsletter.located import nearest
from newsletter.segment.expression import (
    About,
    And,
    Everyone,
    Expression,
    HasInterest,
    InLanguage,
    Joined,
    Known,
    Not,
    Or,
    Side,
)
from newsletter.tags import Vocabulary, fold

_KINDS = ("language", "company", "manager", "joined", "segment")
_DAYS = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
#: beyond these, a zone can push an instant out of the calendar
_YEARS = range(1900, 3000)
_FIELD = re.compile(r"""([^:：]+)[:：]\s*([<>＜＞≤≥=＝]*)\s*(.*)""", re.DOTALL)
_SIDES = str.maketrans({"＜": "<", "＞": ">", "＝": "=", "≤": "<=", "≥": ">="})


@dataclass(frozen=True, slots=True)
class Field:
    """`company:"Acme"` or `joined:>=2026-01`, taken apart."""

    kind: str
    #: "" when there is none
    side: str
    value: str
    is_quoted: bool
    #: where the value begins, in characters after the field's first
    offset: int

    @classmethod
    def of(cls, token: str) -> "Field":
        found = _FIELD.fullmatch(token)
        if found is None:
            return cls(token.lower(), "", "", is_quoted=False, offset=0)
        kind, side, value = found.groups()
        is_quoted = value[:1] in {'"', "“", "'"}
        written = value[1:-1] if is_quoted else value.strip()
        return cls(kind.lower(), side.translate(_SIDES), written, is_quoted, found.start(3))


class Meaning(Transformer[Token, Expression]):
    """The expression, bottom up; faults are gathered so that all can be told at once."""

    def __init__(self, vocabulary: Vocabulary, saved: Mapping[str, Expression]) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._saved = saved
        self.findings: list[Finding] = []

    def disjunction(self, parts: list[Expression]) -> Expression:
        return Or(tuple(parts))

    def any_of(self, parts: list[Expression]) -> Expression:
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self, parts: list[Expression]) -> Expression:
        return And(tuple(parts))

    def negation(self, parts: list[Expression]) -> Expression:
        return Not(parts[0])

    def everyone(self, _: list[Token]) -> Expression:
        return Everyone()

    def interest(self, tokens: list[Token]) -> Expression:
        return self._tag(tokens[0], self._vocabulary.kin)

    def exact(self, tokens: list[Token]) -> Expression:
        return self._tag(tokens[0], lambda slug: frozenset({slug}))

    def field(self, tokens: list[Token]) -> Expression:
        token, field = tokens[0], Field.of(tokens[0])
        if field.kind not in _KINDS:
            near = nearest(field.kind, _KINDS)
            fix = f"did you mean {near}:…?" if near else f"write {':…, '.join(_KINDS)}:…, or a tag alone"
            return self._fault(token, f"'{shown(field.kind)}' cannot be asked for", fix)
        if field.kind == "joined":
            return self._joined(token, field)
        if field.side not in {"", Side.WITHIN}:
            return self._fault(token, f"'{field.side}' cannot be asked of {field.kind}", "only joined has an order")
        of_kind = {"language": self._in_language, "segment": self._segment}
        return of_kind.get(field.kind, self._known)(token, field)

    def _tag(self, token: Token, reach: Callable[[str], frozenset[str]]) -> Expression:
        word = token[1:-1] if token.type == "QUOTED" else str(token)
        slug = self._vocabulary.resolve(word)
        if slug is None:
            near = self._vocabulary.nearest(word, count=1)
            fix = f"did you mean {near[0]}?" if near else "see newsletter tags list"
            fix = "a list stands in parentheses: any-of(china, ai)" if fold(word) == "any of" else fix
            return self._fault(token, f"unknown tag '{shown(word)}'", fix)
        return HasInterest(slug, self._vocabulary.stored_as(reach(slug)))

    def _in_language(self, token: Token, field: Field) -> Expression:
        known = {language.lower(): language for language in get_args(Language)}
        if field.value.lower() in known:
            return InLanguage(known[field.value.lower()])
        fix = f"write {' or '.join(known.values())}"
        return self._fault(token, f"unknown language '{shown(field.value)}'", fix, field.offset)

    def _known(self, token: Token, field: Field) -> Expression:
        about = About(field.kind)
        if field.value or field.is_quoted:
            return Known(about, field.value)
        fix = f'write {about}:"Its name", or {about}:"" for readers without one'
        return self._fault(token, f"{about} is not named", fix, field.offset)

    def _joined(self, token: Token, field: Field) -> Expression:
        days = _days(field.value)
        try:
            side = Side(field.side or Side.WITHIN)
        except ValueError:
            return self._fault(token, f"'{field.side}' cannot be asked of joined", "write one of < <= = >= >")
        if days is None:
            fix = "write it as 2026-01-31, 2026-01 or 2026"
            return self._fault(token, f"'{shown(field.value)}' is no day, month or year", fix, field.offset)
        return Joined(side, *days)

    def _segment(self, token: Token, field: Field) -> Expression:
        if field.value in self._saved:
            return self._saved[field.value]
        near = nearest(field.value, self._saved)
        fix = f"did you mean {near}?" if near else "see newsletter segments list"
        return self._fault(token, f"unknown segment '{shown(field.value)}'", fix, field.offset)

    def _fault(self, token: Token, message: str, fix: str, offset: int = 0) -> Expression:
        column = (token.column or 1) + offset
        self.findings.append(Finding(message=message, fix=fix, line=token.line, column=column, rule="segment"))
        return Everyone()


def _days(written: str) -> tuple[date, date] | None:
    """The first day of a day, month or year, and the first one after it."""
    found = _DAYS.fullmatch(written)
    if found is None or int(found[1]) not in _YEARS:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 1, month or 1, day or 1)
    except ValueError:
        return None
    if day:
        return first, date.fromordinal(first.toordinal() + 1)
    if month and month < 12:
        return first, date(first.year, month + 1, 1)
    return first, date(first.year + 1, 1, 1)
