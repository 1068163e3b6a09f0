"""What DNS says about the domains that we write from, and about the server that takes our mail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from newsletter.diagnosis.dkim import examine_dkim
from newsletter.diagnosis.dmarc import examine_dmarc, find_policy
from newsletter.diagnosis.names import Names, UnansweredError
from newsletter.diagnosis.spf import examine_spf
from newsletter.diagnosis.verdict import Verdict, doubtful, fine, softened, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """Every domain that a mail of ours names, and what is known about how it leaves."""

    sender: str
    #: where answers, unsubscriptions and bounces arrive
    mailboxes: tuple[str, ...]
    #: of the envelope's sender, on which SPF is judged; None when the provider uses its own
    envelope: str | None
    selectors: tuple[str, ...] = ()
    #: the public key, when it is we who sign
    key: str = ""


def examine_domains(domains: Domains, names: Names) -> Iterator[Verdict]:
    """MX, SPF, DKIM and DMARC, each on its own: one that nobody answers for keeps no other from being asked."""
    for mailbox in dict.fromkeys((domains.sender, *domains.mailboxes)):
        yield from answered("mx", partial(examine_mx, mailbox, names))
    yield from answered("spf", partial(_spf, domains, names))
    yield from answered("dkim", partial(examine_dkim, domains.sender, domains.selectors, names, ours=domains.key))
    yield from answered("dmarc", partial(examine_dmarc, domains.sender, names))
    yield from answered("dmarc", partial(_alignment, domains, names))


def answered(rule: str, examine: Callable[[], Iterator[Verdict]]) -> list[Verdict]:
    """What an examination finds; a warning when DNS does not answer."""
    found: list[Verdict] = []
    try:
        found.extend(examine())
    except UnansweredError as error:
        (finding,) = error.findings
        found.append(doubtful(rule, finding.message, finding.fix))
    return found


def examine_mx(domain: str, names: Names) -> Iterator[Verdict]:
    servers = sorted((preference, server) for preference, server in map(_parted, names.ask(domain, "MX")))
    taking = [server for _, server in servers if server not in ("", ".")]
    if taking:
        yield fine("mx", f"{domain} takes mail at {', '.join(taking[:3])}")
    elif servers:
        yield wrong("mx", f"{domain} says that it takes no mail", "use an address whose domain takes mail")
    elif names.addresses(domain):
        yield doubtful("mx", f"{domain} has no MX record, only an address", "add an MX record")
    else:
        fix = "correct the address, or add an MX record: answers and bounces have nowhere to go"
        yield wrong("mx", f"{domain} takes no mail", fix)


def _parted(record: str) -> tuple[int, str]:
    preference, _, server = record.partition(" ")
    return int(preference), server


def _spf(domains: Domains, names: Names) -> Iterator[Verdict]:
    if domains.envelope:
        yield from examine_spf(domains.envelope, names)
    else:
        # The provider's own domain stands in the envelope; then SPF of ours is judged by few, but by some.
        yield from softened(examine_spf(domains.sender, names))


def _alignment(domains: Domains, names: Names) -> Iterator[Verdict]:
    """DMARC counts SPF only when the envelope's domain belongs to the sender's."""
    sender, envelope = domains.sender, domains.envelope
    if envelope is None or envelope == sender:
        return
    policy = find_policy(sender, names)
    if policy is None:
        return
    is_strict = policy.tags.get("aspf", "r").lower() == "s"
    above = policy.at if policy.at != sender else sender.partition(".")[2]
    is_near = any(envelope == top or envelope.endswith(f".{top}") for top in (sender, policy.at, above) if "." in top)
    if is_strict or not is_near:
        message = f"bounces go to {envelope}, so SPF says nothing for {sender}; DKIM alone has to pass"
        yield doubtful("dmarc", message, f"set NEWSLETTER_BOUNCE_ADDRESS to an address at {sender}")


def examine_pointers(host: str, names: Names) -> Iterator[Verdict]:
    """PTR of the mail server: a relay that passes our mail on keeps its own, so it is a warning at most."""
    addresses = [host] if _is_address(host) else list(names.addresses(host))
    outside = [address for address in addresses if ip_address(address).is_global]
    for address in outside[:2]:
        yield _about_pointer(address, names)


def _about_pointer(address: str, names: Names) -> Verdict:
    pointed = names.pointers(address)
    confirmed = [name for name in pointed if address in names.addresses(name)]
    if confirmed:
        return fine("ptr", f"{address} is {confirmed[0]}, and {confirmed[0]} is {address}")
    said = f"says it is {pointed[0]}, which does not say so" if pointed else "has no name (PTR)"
    return doubtful("ptr", f"{address} {said}", "ask whoever runs this mail server, if it sends by this address")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
