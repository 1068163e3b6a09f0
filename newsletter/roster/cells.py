"""What the cells of one reader say: an Entry, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from newsletter.fields import LINE_LIMIT, Line
from newsletter.roster.addresses import mail_address
from newsletter.roster.interests import Interests
from newsletter.subscriber import Consent, Entry, SubscriptionStatus, SuppressionReason
from newsletter.tags import Vocabulary

_LINE: TypeAdapter[str] = TypeAdapter(Line)
#: marks that turn the direction of text, those without width, and bytes that were no text: in a name they are an attack
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u2060\ufeff\ud800-\udfff\ufff9-\ufffb]")
_LINES = ("name", "salutation", "company", "manager")
#: far more than anybody chooses
_MOST_INTERESTS = 200
#: how many different cells of one column are remembered
_KEPT = 10_000

#: folded words -> what they mean
LANGUAGES = dict.fromkeys(("en", "en-gb", "en-us", "english", "英文", "英语"), "en") | dict.fromkeys(
    ("zh", "zh-hans", "zh-cn", "zh-sg", "zh-hans-cn", "chinese", "simplified chinese", "中文", "简体", "简体中文"),
    "zh-Hans",
)
STATUSES = (
    dict.fromkeys(("confirmed", "subscribed", "active", "已确认", "已订阅"), SubscriptionStatus.CONFIRMED)
    | dict.fromkeys(("pending", "unconfirmed", "待确认", "未确认"), SubscriptionStatus.PENDING)
    | dict.fromkeys(("unsubscribed", "opted out", "opted-out", "已退订", "退订"), SubscriptionStatus.UNSUBSCRIBED)
)
YES_OR_NO = dict.fromkeys(("yes", "y", "true", "1", "是"), True) | dict.fromkeys(("no", "n", "false", "0", "否"), False)
#: a day that has begun somewhere on earth is not in the future
_EASTERNMOST = timedelta(hours=14)


class BadCellError(Exception):
    """This reader cannot be taken in: which cell, what is wrong, what to do. Never with an address."""

    def __init__(self, column: str, message: str, fix: str, *, rule: str = "row") -> None:
        self.message = f"{column}: {message}" if column else message
        super().__init__(self.message)
        self.fix = fix
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was left out, while the reader is taken in all the same."""

    column: str
    written: str


@dataclass(frozen=True, slots=True)
class Reading:
    entry: Entry
    remarks: tuple[Remark, ...] = ()


@dataclass(slots=True)
class Reader:
    """Reads the cells of many readers by the same rules."""

    vocabulary: Vocabulary
    #: counts where the cells name no consent
    consent: Consent | None
    now: datetime
    #: a list of a million readers says the same few things
    _interests: Interests = field(init=False)
    _consents: dict[tuple[str | None, ...], tuple[Consent | None, tuple[Remark, ...]]] = field(default_factory=dict)

    def read(self, cells: Mapping[str, str]) -> Reading:
        """
        An empty or missing cell says nothing about the reader.

        :raises BadCellError: the first thing that keeps the reader out
        """
        remarks: list[Remark] = []
        email = _address(cells)
        said: dict[str, Any] = {name: _line(name, cells[name]) for name in _LINES if name in cells}
        if "name" not in said and ("first_name" in cells or "last_name" in cells):
            said["name"] = _full_name(cells)
        if "language" in cells:
            said["language"] = _known(cells, "language", LANGUAGES, remarks)
        if "zone" in cells:
            said["zone"] = _zone(cells, remarks)
        if "interests" in cells:
            said["interests"] = self._follows(cells["interests"], remarks)
        if not _RARE.isdisjoint(cells):
            said |= _rarely(cells, self.now)
        consent = self._consent(cells, remarks) or self.consent
        return Reading(Entry(email=email, **said, consent=consent), tuple(remarks))

    def __post_init__(self) -> None:
        self._interests = Interests(self.vocabulary)

    def _follows(self, written: str, remarks: list[Remark]) -> frozenset[str] | None:
        """None when none of them is known: then nothing is said, and nothing overwritten."""
        found, unknown = self._interests.read(written)
        if len(found) > _MOST_INTERESTS:
            raise BadCellError("interests", f"are more than {_MOST_INTERESTS}", "keep those that the reader chose")
        remarks += [Remark("interests", word) for word in unknown]
        return frozenset(found) or None

    def _consent(self, cells: Mapping[str, str], remarks: list[Remark]) -> Consent | None:
        if _CONSENT_FIELDS.isdisjoint(cells):
            return None
        written = tuple([cells.get(name) for name in _CONSENT])
        if written not in self._consents:
            if len(self._consents) >= _KEPT:
                self._consents.clear()
            self._consents[written] = _consent(cells, self.now)
        found, said = self._consents[written]
        remarks += said
        return found


_CONSENT = ("consent_basis", "consent_on", "consent_wording", "cross_border")
_CONSENT_FIELDS = frozenset(_CONSENT)
_RARE = frozenset({"status", "suppressed", "joined_at"})


def _rarely(cells: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What only a list says that was one of ours, or another program's."""
    joined_at = _instant("joined_at", cells["joined_at"], now) if "joined_at" in cells else None
    return {"status": _status(cells), "suppressed_for": _suppression(cells), "joined_at": joined_at}


def _consent(cells: Mapping[str, str], now: datetime) -> tuple[Consent | None, tuple[Remark, ...]]:
    """A basis without a day, or the other way round, is none."""
    said = {name: _line(name, cells[name]) for name in ("consent_basis", "consent_wording") if name in cells}
    on = day(cells["consent_on"], now) if "consent_on" in cells else None
    cross_border = _yes_or_no(cells)
    basis = said.get("consent_basis")
    if on and basis:
        wording = said.get("consent_wording", "")
        return Consent(basis=basis, on=on, wording=wording, cross_border=cross_border), ()
    if on or basis:
        return None, (Remark("consent_on" if basis else "consent_basis", ""),)
    return None, ()


def _yes_or_no(cells: Mapping[str, str]) -> bool | None:
    written = cells.get("cross_border")
    if written is None:
        return None
    found = YES_OR_NO.get(written.casefold())
    if found is None:
        raise BadCellError("cross_border", "is neither yes nor no", "write yes, no, or nothing")
    return found


def day(written: str, now: datetime) -> date:
    """:raises BadCellError: if it is no date, or lies in the future"""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            raise ValueError
        found = date.fromisoformat(written)
    except ValueError:
        raise BadCellError("consent_on", "is not a date", "write it as 2026-03-01") from None
    if found > (now + _EASTERNMOST).date():
        raise BadCellError("consent_on", "lies in the future", "write the day on which consent was given")
    return found


def _instant(name: str, written: str, now: datetime) -> datetime:
    """A day, or an instant with its zone."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise BadCellError(name, "is neither a date nor an instant", "write it as 2026-03-01") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if found > now + _EASTERNMOST:
        raise BadCellError(name, "lies in the future", "write the day on which they became a reader")
    return found.astimezone(UTC)


def _address(cells: Mapping[str, str]) -> str:
    if "email" not in cells:
        raise BadCellError("email", "is missing", "add the address")
    try:
        return mail_address(cells["email"])
    except ValidationError:
        raise BadCellError("email", *_why_no_address(cells["email"])) from None


def _why_no_address(written: str) -> tuple[str, str]:
    """What people get wrong most often, in words. Never with the address."""
    if re.fullmatch(r"[^<>]*<[^<>]*>", written):
        return "is not a mail address alone", "put the name into a column of its own"
    if written.count("@") > 1 and re.search(r"[;,/\s]", written):
        return "holds several addresses", "give each reader a row of their own"
    if not written.isprintable():
        return "is not a mail address: it holds an invisible character", "type it anew"
    return "is not a mail address", "write it as name@example.com"


def _full_name(cells: Mapping[str, str]) -> str:
    """Chinese names are written without a space, the family's first."""
    first, last = (_line(name, cells[name]) if name in cells else "" for name in ("first_name", "last_name"))
    if _CHINESE.fullmatch(first + last):
        return last + first
    return _line("name", f"{first} {last}".strip())


_CHINESE = re.compile("[\u3400-\u9fff]+")


def _line(name: str, written: str) -> str:
    if written and written.isascii() and written.isprintable() and len(written) <= LINE_LIMIT and "  " not in written:
        # as nearly all are; what follows would find nothing to change
        return written
    unseen = _UNSEEN.search(written)
    if unseen:
        is_byte = "\udc80" <= unseen[0] <= "\udcff"
        what = "bytes of another encoding" if is_byte else f"the invisible character U+{ord(unseen[0]):04X}"
        raise BadCellError(name, f"holds {what}", "type it anew" if is_byte else "delete it")
    try:
        return _LINE.validate_python(written)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        context: dict[str, Any] = details.get("ctx", {})
        if details["type"] == "string_too_long":
            raise BadCellError(name, f"is longer than {context['max_length']} characters", "shorten it") from None
        raise BadCellError(name, details["msg"], str(context.get("fix", "correct it"))) from None


def _known(cells: Mapping[str, str], name: str, words: Mapping[str, str], remarks: list[Remark]) -> str | None:
    written = cells.get(name)
    if written is None:
        return None
    found = words.get(written.casefold().replace("_", "-"))
    if found is None:
        remarks.append(Remark(name, written))
    return found


def _status(cells: Mapping[str, str]) -> SubscriptionStatus | None:
    written = cells.get("status")
    if written is None:
        return None
    found = STATUSES.get(written.casefold())
    if found is None:
        raise BadCellError("status", "is not a status", "write confirmed, pending or unsubscribed")
    return found


def _suppression(cells: Mapping[str, str]) -> SuppressionReason | None:
    written = cells.get("suppressed")
    try:
        return SuppressionReason(written.casefold()) if written else None
    except ValueError:
        known = ", ".join(SuppressionReason)
        raise BadCellError("suppressed", "is no reason that we know", f"write one of: {known}") from None


def _zone(cells: Mapping[str, str], remarks: list[Remark]) -> str | None:
    written = cells.get("zone")
    if written is None or _is_zone(written):
        return written
    remarks.append(Remark("zone", written))
    return None


@lru_cache(maxsize=1_000)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
