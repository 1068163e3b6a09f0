"""SPF (RFC 7208): one record, that ends in a word about all others, within ten look-ups."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from newsletter.diagnosis.names import Names
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, wrong

_MOST_LOOKUPS = 10
_ASKING = ("include", "a", "mx", "ptr", "exists")
_TERM = re.compile(r"(?P<sign>[+?~-]?)(?P<name>[a-z0-9._-]+)(?P<mark>[:=/]?)(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_RULE = "spf"


class _BrokenError(Exception):
    """The record is one that receivers give up on."""


@dataclass(slots=True)
class _Walk:
    names: Names
    lookups: int = 0
    has_ptr: bool = False

    def all_of(self, record: str, domain: str) -> str:
        """What the record says about everybody else: `-`, `~`, `?` or `+`; empty when nothing. Counts on the way."""
        redirect = ""
        for word in record.split()[1:]:
            term = _TERM.fullmatch(word)
            if term is None:
                raise _BrokenError(f"{domain} holds '{word}', which is no term")
            if term["name"].lower() == "all" and not term["mark"]:
                return term["sign"] or "+"
            if term["name"].lower() == "redirect" and term["mark"] == "=":
                redirect = term["value"]
            elif term["mark"] != "=":
                self._mechanism(term["name"].lower(), term["value"], word, domain)
        return self._follow(redirect) if redirect else ""

    def _mechanism(self, name: str, value: str, word: str, domain: str) -> None:
        if name in ("ip4", "ip6"):
            _insist_network(value, word, domain)
        elif name not in _ASKING:
            raise _BrokenError(f"{domain} holds '{word}', which is no term")
        else:
            self.has_ptr |= name == "ptr"
            if name == "include":
                self._follow(value)
            else:
                self._count()

    def _follow(self, domain: str) -> str:
        self._count()
        if "%" in domain:
            # A macro: differs by sender and reader, so it cannot be asked for.
            return "?"
        found = spf_records(domain, self.names)
        if len(found) != 1:
            raise _BrokenError(f"{domain}, to which it sends on, has {'no' if not found else 'several'} SPF records")
        return self.all_of(found[0], domain)

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise _BrokenError(f"it takes more than {_MOST_LOOKUPS} look-ups")


def examine_spf(domain: str, names: Names) -> Iterator[Verdict]:
    """
    :raises UnansweredError: DNS did not say
    """
    found = spf_records(domain, names)
    if len(found) != 1:
        yield _not_one(domain, len(found))
        return
    walk = _Walk(names)
    try:
        rest = walk.all_of(found[0], domain)
    except _BrokenError as error:
        yield wrong(_RULE, f"{domain}: {error}; receivers give up on it", "shorten it, or mend that term")
        return
    if walk.has_ptr:
        yield doubtful(_RULE, f"{domain} uses ptr, which many receivers pass over", "name addresses or an include")
    yield _about_the_rest(domain, rest, walk.lookups)


def spf_records(domain: str, names: Names) -> list[str]:
    return [text for text in names.texts(domain) if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]


def _not_one(domain: str, count: int) -> Verdict:
    if count:
        return wrong(_RULE, f"{domain} has {count} SPF records; receivers give up on all of them", "make one of them")
    fix = 'add a TXT record "v=spf1 include:YOUR-PROVIDER ~all"; your mail provider says what to include'
    return wrong(_RULE, f"{domain} has no SPF record", fix)


def _about_the_rest(domain: str, rest: str, lookups: int) -> Verdict:
    if rest in ("-", "~"):
        return fine(_RULE, f"{domain} has one record that ends in {rest}all and takes {lookups} of 10 look-ups")
    fix = "end it in ~all or -all"
    if rest == "+":
        return wrong(_RULE, f"{domain} lets everybody send in its name (+all)", fix)
    said = "?all" if rest == "?" else "nothing about all others"
    return doubtful(_RULE, f"{domain} ends in {said}, so that it forbids nobody", fix)


def _insist_network(value: str, word: str, domain: str) -> None:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise _BrokenError(f"{domain} holds '{word}', which is no address") from None
