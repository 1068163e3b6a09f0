"""Which column of a list means what: by its heading, else by what stands below it; shown before anything is written."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import Finding, ReadersFileError

#: field -> folded headings under which lists carry it
_HEADINGS = {
    "email": "email emailaddress mail mailaddress 邮箱 邮箱地址 电子邮箱 电子邮件 邮件 邮件地址",
    "name": "name fullname contactname displayname 姓名 名字 联系人",
    "first_name": "firstname givenname forename 名",
    "last_name": "lastname surname familyname 姓 姓氏",
    "salutation": "salutation 称呼 称谓 尊称",
    "language": "language lang 语言",
    "interests": "interests interest tags tag topics 兴趣 标签 关注 关注领域",
    "company": "company companyname organisation organization firm 公司 公司名称 单位 机构",
    "manager": "manager accountmanager relationshipmanager adviser advisor 客户经理 顾问",
    "zone": "zone timezone 时区",
    "status": "status 状态",
    "consent_basis": "consentbasis consent 同意依据 同意方式",
    "consent_on": "consenton consentdate 同意日期",
    "consent_wording": "consentwording 同意文本",
    "cross_border": "crossborder crossborderconsent 跨境同意",
    "suppressed": "suppressed suppressedfor",
    "joined_at": "joinedat joinedon joined joindate 加入日期",
}
FIELDS = tuple(_HEADINGS)
_FIELDS = {heading: field for field, headings in _HEADINGS.items() for heading in headings.split()}
#: words that give a longer heading away ("Work e-mail", "Customer company")
_HINTS = {
    "email": ("email", "mailaddress", "邮箱", "邮件"),
    "company": ("company", "organisation", "organization", "公司"),
    "interests": ("interests", "topics", "兴趣"),
    "language": ("language", "语言"),
    "name": ("fullname", "姓名"),
}
#: what a file of rejects has besides: read again without a word
REJECT_COLUMNS = ("line", "reason")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
#: of the cells that hold anything
_MOSTLY = 0.8
_SHOWN = 12


class How(StrEnum):
    """How we know what a column means."""

    CHOSEN = "chosen"
    NAMED = "named"
    GUESSED = "guessed"
    UNREAD = "not read"


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    field: str | None = None
    how: How = How.UNREAD


def columns_of(
    headings: Sequence[str], sample: Sequence[Sequence[str]], chosen: Mapping[str, str], *, path: str, line: int
) -> tuple[Column, ...]:
    """
    :param sample: the first rows below the headings
    :param chosen: headings that somebody named, by field
    :raises ReadersFileError: two columns mean the same, or none holds the addresses
    """
    headings = [" ".join(heading.split()) for heading in headings]
    if any(_ADDRESS.fullmatch(heading) for heading in headings):
        message, fix = "the first line holds an address and no headings", "name the columns in the first line"
        raise ReadersFileError(Finding(message=message, fix=fix, path=path, line=line, rule="no-headings"))
    found = _chosen(headings, chosen, path, line)
    _named(headings, found, path, line)
    _guessed(headings, sample, found)
    if not any(column.field == "email" for column in found.values()):
        raise _no_address(headings, path, line)
    return tuple(found.get(number, Column(heading)) for number, heading in enumerate(headings))


def _chosen(headings: Sequence[str], chosen: Mapping[str, str], path: str, line: int) -> dict[int, Column]:
    found: dict[int, Column] = {}
    for field, heading in chosen.items():
        if field not in FIELDS:
            raise ReadersFileError(f"{field!r} is no field of a reader", fix=f"choose one of: {', '.join(FIELDS)}")
        places = [number for number, name in enumerate(headings) if folded(name) == folded(heading)]
        if not places:
            message = f"has no column {heading!r}; its columns are {_listed(headings)}"
            raise ReadersFileError(Finding(message=message, fix="name one of these", path=path, line=line))
        found[places[0]] = Column(headings[places[0]], field, How.CHOSEN)
    return found


def _named(headings: Sequence[str], found: dict[int, Column], path: str, line: int) -> None:
    taken = {column.field: column.heading for column in found.values()}
    chosen = frozenset(taken)
    for number, heading in enumerate(headings):
        field = _FIELDS.get(folded(heading))
        if number in found or field is None or field in chosen:
            continue
        if field in taken:
            message = f"the columns {taken[field]!r} and {heading!r} mean the same"
            fix = f"keep one of them, or say which: --column '{field}={heading}'"
            raise ReadersFileError(Finding(message=message, fix=fix, path=path, line=line))
        found[number] = Column(heading, field, How.NAMED)
        taken[field] = heading


def _guessed(headings: Sequence[str], sample: Sequence[Sequence[str]], found: dict[int, Column]) -> None:
    """Only where one column alone comes into question."""
    for field, hints in _HINTS.items():
        if any(column.field == field for column in found.values()):
            continue
        free = [number for number in range(len(headings)) if number not in found]
        places = [number for number in free if any(hint in folded(headings[number]) for hint in hints)]
        if field == "email" and len(places) != 1:
            places = [number for number in places or free if _holds_addresses(number, sample)]
        if len(places) == 1:
            found[places[0]] = Column(headings[places[0]], field, How.GUESSED)


def _holds_addresses(number: int, sample: Sequence[Sequence[str]]) -> bool:
    cells = [cells[number].strip() for cells in sample if number < len(cells)]
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(bool(_ADDRESS.fullmatch(cell)) for cell in filled) >= len(filled) * _MOSTLY


def _no_address(headings: Sequence[str], path: str, line: int) -> ReadersFileError:
    return ReadersFileError(
        Finding(
            message=f"has no column 'email'; its columns are {_listed(headings)}",
            fix="name the column that holds the addresses 'email', or say which it is: --column email=HEADING",
            path=path,
            line=line,
            rule="no-email-column",
        )
    )


def _listed(headings: Iterable[str]) -> str:
    return ", ".join(repr(name[:40]) for name in list(headings)[:_SHOWN] if name)


def folded(heading: str) -> str:
    return re.sub(r"[\s_.:-]", "", unicodedata.normalize("NFKC", heading).casefold())
