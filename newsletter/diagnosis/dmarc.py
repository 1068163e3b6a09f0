"""DMARC (RFC 9989): the record that applies, found by the walk up the tree, and what it asks of us."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.diagnosis.names import Names
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, wrong

_RULE = "dmarc"
_POLICIES = ("none", "quarantine", "reject")
_TAGS = frozenset({"v", "p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo", "psd", "t"})
#: RFC 7489 had them; RFC 9989 has not
_REMOVED = ("pct", "rf", "ri")
#: the walk asks at most eight names
_MOST_LABELS = 7
_MAILTO = re.compile(r"mailto:[^@\s!,]+@(?P<domain>[^@\s!,]+)(?:!\d+[kmgt]?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """The record that applies to a domain, and the domain at which it stands."""

    at: str
    tags: Mapping[str, str]


def examine_dmarc(domain: str, names: Names) -> Iterator[Verdict]:
    """
    :raises UnansweredError: DNS did not say
    """
    count = len(_records(domain, names))
    if count > 1:
        yield wrong(_RULE, f"{domain} has {count} DMARC records; receivers use none of them", "keep one of them")
        return
    policy = find_policy(domain, names)
    if policy is None:
        fix = f'add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        yield wrong(_RULE, f"{domain} has no DMARC record", fix)
        return
    yield _about_policy(domain, policy)
    yield from _about_tags(policy)
    yield from _about_reports(policy, names)


def find_policy(domain: str, names: Names) -> Policy | None:
    """The domain's own record, else the one of its organisation (RFC 9989 section 4.10)."""
    found = _policy_at(domain, names)
    if found:
        return found
    labels = domain.split(".")
    parents = [".".join(labels[start:]) for start in range(max(1, len(labels) - _MOST_LABELS), len(labels))]
    above: Policy | None = None
    for parent in parents:
        policy = _policy_at(parent, names)
        if policy and policy.tags.get("psd", "u").lower() == "y":
            # A public suffix: the organisation is one below it; the suffix's word counts where that one is silent.
            return above if above and above.at.count(".") == parent.count(".") + 1 else policy
        above = policy or above
        if policy and policy.tags.get("psd", "u").lower() == "n":
            break
    return above


def _policy_at(domain: str, names: Names) -> Policy | None:
    records = _records(domain, names)
    return Policy(domain, tags_of(records[0])) if len(records) == 1 else None


def _records(domain: str, names: Names) -> list[str]:
    return [text for text in names.texts(f"_dmarc.{domain}") if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]


def tags_of(record: str) -> dict[str, str]:
    """`a=b; c=d` as pairs; the first word of each counts, small letters."""
    parts = (part.partition("=") for part in record.split(";") if "=" in part)
    found: dict[str, str] = {}
    for name, _, value in parts:
        found.setdefault(name.strip().lower(), value.strip())
    return found


def _about_policy(domain: str, policy: Policy) -> Verdict:
    names = ("p",) if policy.at == domain else ("sp", "p")
    asked = next((policy.tags[name] for name in names if name in policy.tags), None)
    if asked is None:
        fix = "write p=none, p=quarantine or p=reject behind v=DMARC1;"
        return wrong(_RULE, f"{policy.at} names no policy (p=), so that many receivers pass over it", fix)
    if asked.lower() not in _POLICIES:
        return wrong(_RULE, f"{policy.at} asks for p={asked}, which is no policy", "write none, quarantine or reject")
    where = "" if policy.at == domain else f", as {policy.at} says for what is below it"
    later = " (reports only; go on to quarantine when they are clean)" if asked.lower() == "none" else ""
    return fine(_RULE, f"{domain} asks for {asked.lower()}{where}{later}")


def _about_tags(policy: Policy) -> Iterator[Verdict]:
    for name in _REMOVED:
        if name in policy.tags:
            fix = "take it out" + ("; to test a policy, write t=y" if name == "pct" else "")
            yield doubtful(_RULE, f"{policy.at} has {name}=, which RFC 9989 removed", fix)
    for name in sorted(policy.tags.keys() - _TAGS - {*_REMOVED}):
        yield doubtful(_RULE, f"{policy.at} has {name[:20]}=, which is no tag; receivers pass over it", "take it out")
    if policy.tags.get("t", "n").lower() == "y":
        yield doubtful(_RULE, f"{policy.at} is in test (t=y): its policy counts one step less", "take t=y out in time")
    for name, what in (("adkim", "DKIM's d="), ("aspf", "the envelope's domain")):
        if policy.tags.get(name, "r").lower() == "s":
            yield fine(_RULE, f"{policy.at} is strict ({name}=s): {what} must be the sender's very domain")


def _about_reports(policy: Policy, names: Names) -> Iterator[Verdict]:
    written = [part.strip() for part in policy.tags.get("rua", "").split(",") if part.strip()]
    if not written:
        fix = f"add rua=mailto:dmarc@{policy.at}, and read what comes"
        yield doubtful(_RULE, f"{policy.at} asks for no reports (rua=), so nobody sees who fails", fix)
    for address in written:
        found = _MAILTO.fullmatch(address)
        if not found:
            yield doubtful(_RULE, f"{policy.at} wants reports at {address[:80]}", "write rua=mailto:NAME@DOMAIN")
        elif not _is_ours(found["domain"], policy.at) and not _takes_reports(found["domain"], policy.at, names):
            record = f'a TXT record "v=DMARC1" at {policy.at}._report._dmarc.{found["domain"]}'
            yield doubtful(_RULE, f"{found['domain']} does not say that it takes these reports", f"it needs {record}")


def _is_ours(domain: str, ours: str) -> bool:
    one, other = domain.lower(), ours.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _takes_reports(domain: str, ours: str, names: Names) -> bool:
    asked = (f"{ours}._report._dmarc.{domain}", f"*._report._dmarc.{domain}")
    return any(text.startswith("v=DMARC1") for name in asked for text in names.texts(name))
