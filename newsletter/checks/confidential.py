"""NL501: names that no copy may hold but their client's own (subscribers/confidential.yaml, which git ignores)."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from newsletter.errors import Finding, InputError
from newsletter.fields import Frozen, Line, Slug, one_or_many, shown
from newsletter.located import validate
from newsletter.yamlfile import read_yaml

#: scripts that write words without spaces between them
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")
_GAPS = re.compile(r"[\s_\-\u00ad\u2010-\u2015\u2043\u2212\u02d7\u30fb\u00b7]+")
_MOST_NAMES = 2_000


def fold_name(text: str) -> str:
    """Where spellings of a name meet: width and case are gone, spaces and dashes of every kind are one space."""
    seen = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = seen if seen.isascii() else "".join(mark for mark in seen if unicodedata.category(mark) != "Cf")
    return _GAPS.sub(" ", kept.replace("’", "'")).strip()


def _telling(value: str) -> str:
    """One letter would be found everywhere."""
    if len(fold_name(value).replace(" ", "")) < 2:
        raise PydanticCustomError(
            "short_name", "'{value}' is too short a name", {"value": shown(value), "fix": "write at least two letters"}
        )
    return value


Names = Annotated[
    tuple[Annotated[Line, AfterValidator(_telling)], ...], Field(min_length=1), BeforeValidator(one_or_many)
]


class _Client(Frozen):
    names: Names
    #: whose copies may hold the names: they go to this client only
    newsletters: Annotated[tuple[Slug, ...], BeforeValidator(one_or_many)] = ()


@dataclass(frozen=True)
class Confidential:
    """Folded names by client, and the newsletters that are a client's own."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newsletters: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def found_in(self, text: str, newsletter: str) -> str | None:
        """A name that must not stand there, folded."""
        pattern = _pattern(self._secret_in(newsletter))
        found = pattern.search(_spaced(fold_name(text))) if pattern else None
        return found[0].strip() if found else None

    def found_in_address(self, text: str, newsletter: str) -> str | None:
        """As in a text; and names of several words also run together, as in `northwindbank.example.com`."""
        run_together = re.sub(r"[\W_]+", "", fold_name(text))
        names = (name for name in self._secret_in(newsletter) if " " in name)
        found = next((name for name in names if name.replace(" ", "") in run_together), None)
        return found or self.found_in(text, newsletter)

    def _secret_in(self, newsletter: str) -> tuple[str, ...]:
        own = self.newsletters
        return tuple(name for client, names in self.names.items() if newsletter not in own[client] for name in names)


def _spaced(folded: str) -> str:
    """A space beside Chinese is typesetting; it goes, in names and in texts alike."""
    return _SPACE_BESIDE.sub("", folded) if not folded.isascii() else folded


_SPACE_BESIDE = re.compile(f"(?<={_UNSPACED.pattern}) | (?={_UNSPACED.pattern})")


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Longest first, so that the whole name is named. Words of letters count whole; Chinese has no such ends."""
    if not names:
        return None
    forms = sorted({_bounded(_spaced(name)) for name in names}, key=len, reverse=True)
    return re.compile("|".join(forms))


def _bounded(name: str) -> str:
    before = "" if _UNSPACED.match(name[0]) or not name[0].isalnum() else r"(?<![^\W_\u3040-\u30ff\u3400-\u9fff])"
    after = "" if _UNSPACED.match(name[-1]) or not name[-1].isalnum() else r"(?![^\W_\u3040-\u30ff\u3400-\u9fff])"
    return f"{before}{re.escape(name)}{after}"


def read_confidential(text: str, *, path: str) -> Confidential:
    """
    The clients and names that the text of confidential.yaml holds.

    :raises InputError: with every fault at once, each with its place
    """
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return Confidential()
    located = read_yaml(text, path=path, error=InputError)
    clients: dict[str, _Client] = {}
    findings: list[Finding] = []
    for client, value in list(located.values.items()):
        if isinstance(value, str | list):
            located.values[client] = {"names": value}
        try:
            clients[client] = validate(_Client, located, InputError, path=path, prefix=(client,))
        except InputError as error:
            findings += error.findings
    count = sum(len(entry.names) for entry in clients.values())
    if count > _MOST_NAMES:
        message = f"holds {count:,} names, more than {_MOST_NAMES:,}"
        findings.append(Finding(message=message, fix="keep those that matter", path=path, rule="size"))
    if findings:
        raise InputError(*findings)
    return Confidential(
        {client: tuple(map(fold_name, entry.names)) for client, entry in clients.items()},
        {client: frozenset(entry.newsletters) for client, entry in clients.items()},
    )
