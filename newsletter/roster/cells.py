"""What the cells of one reader say: an Entry, or why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from newsletter.fields import Line, MailAddress
from newsletter.subscriber import Consent, Entry, SubscriptionStatus
from newsletter.tags import Vocabulary

_ADDRESS: TypeAdapter[str] = TypeAdapter(MailAddress)
_LINE: TypeAdapter[str] = TypeAdapter(Line)
#: local parts that are sound in any domain (RFC 5321: up to 64 characters, and up to 254 in all)
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*")
_PLAIN_LENGTH = 64
_LINES = ("name", "salutation", "company", "manager")

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
#: a day that has begun somewhere on earth is not in the future
_EASTERNMOST = timedelta(hours=14)


class BadCellError(Exception):
    """This reader cannot be taken in: which cell, what is wrong, what to do. Never with an address."""

    def __init__(self, column: str, message: str, fix: str) -> None:
        super().__init__(f"{column}: {message}")
        self.message = f"{column}: {message}"
        self.fix = fix


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
    _slugs: dict[str, str | None] = field(default_factory=dict)

    def read(self, cells: Mapping[str, str]) -> Reading:
        """
        An empty or missing cell says nothing about the reader.

        :raises BadCellError: the first thing that keeps the reader out
        """
        remarks: list[Remark] = []
        lines = {name: _line(name, cells[name]) for name in _LINES if name in cells}
        consent = self._consent(cells, remarks)
        entry = Entry(
            email=_address(cells),
            **lines,
            language=_known(cells, "language", LANGUAGES, remarks),
            zone=_zone(cells, remarks),
            interests=self._interests(cells.get("interests", ""), remarks),
            status=_status(cells),
            consent=consent or self.consent,
        )
        return Reading(entry, tuple(remarks))

    def _consent(self, cells: Mapping[str, str], remarks: list[Remark]) -> Consent | None:
        basis, written = cells.get("consent_basis"), cells.get("consent_on")
        on = day(written, self.now) if written else None
        basis = _line("consent_basis", basis) if basis else None
        if on and basis:
            return Consent(basis=basis, on=on)
        if on or basis:
            remarks.append(Remark("consent_on" if basis else "consent_basis", ""))
        return None

    def _interests(self, written: str, remarks: list[Remark]) -> frozenset[str] | None:
        """None when none of them is known: then nothing is said, and nothing overwritten."""
        found: set[str] = set()
        for raw in re.split("[;|；]", written):
            known, unknown = self._resolved(raw)
            found |= known
            remarks += [Remark("interests", word) for word in unknown]
        return frozenset(found) if found else None

    def _resolved(self, raw: str) -> tuple[set[str], list[str]]:
        """A name may hold a comma; only where it is no name as it stands, commas part names."""
        whole = self._slug(raw.strip())
        if whole:
            return {whole}, []
        words = [word.strip() for word in re.split("[,，、]", raw) if word.strip()]
        slugs = {word: self._slug(word) for word in words}
        return {slug for slug in slugs.values() if slug}, [word for word, slug in slugs.items() if not slug]

    def _slug(self, word: str) -> str | None:
        # A list of a hundred thousand readers names the same few tags.
        if word not in self._slugs:
            self._slugs[word] = self.vocabulary.resolve(word) if word else None
        return self._slugs[word]


def day(written: str, now: datetime) -> date:
    """:raises BadCellError: if it is no date, or lies in the future"""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
            raise ValueError
        found = date.fromisoformat(written)
    except ValueError:
        raise BadCellError("consent_on", "is not a date", "write it as 2026-03-01") from None
    if found > (now + _EASTERNMOST).date():
        raise BadCellError("consent_on", "lies in the future", "write the day on which consent was given")
    return found


def _address(cells: Mapping[str, str]) -> str:
    if "email" not in cells:
        raise BadCellError("email", "is missing", "add the address")
    try:
        return mail_address(cells["email"])
    except ValidationError:
        raise BadCellError("email", "is not a mail address", "write it as name@example.com") from None


def mail_address(written: str) -> str:
    """
    The same as `MailAddress` everywhere else; faster where many readers share a domain.

    :raises ValidationError: if it is no address
    """
    local, _, domain = written.partition("@")
    if len(written) <= _PLAIN_LENGTH and _PLAIN_LOCAL.fullmatch(local):
        return local + _after_local(domain)
    return _ADDRESS.validate_python(written)


@lru_cache(maxsize=10_000)
def _after_local(domain: str) -> str:
    return _ADDRESS.validate_python(f"x@{domain}")[1:]


def _line(name: str, written: str) -> str:
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
