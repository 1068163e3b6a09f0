"""Ask DNS, within bounds: a name that nobody answers for costs three seconds, and all of them together fifteen."""

import time
from ipaddress import ip_address

import dns.exception
import dns.resolver
import dns.reversename

from newsletter.errors import InputError, NewsletterError

_PATIENCE = 3.0
_LIMIT = 15.0
#: after so many silences, and no answer at all, there is no network
_SILENCES = 2


class UnansweredError(NewsletterError):
    """Asked, and nobody answered: nothing is known, neither good nor bad."""


class Names:
    """
    Answers of a resolver, each asked for once.

    :param server: an address, perhaps with a port (`127.0.0.1:5353`); the machine's own resolver when absent
    """

    def __init__(self, server: str | None = None, *, patience: float = _PATIENCE, limit: float = _LIMIT) -> None:
        self._resolver = _resolver(server)
        self._patience = patience
        self._ends_at = time.monotonic() + limit
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._silences = 0

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """
        The records of a kind at a name, as text; none when there is no such name.

        :raises UnansweredError: nobody said, or the time is up
        """
        key = (name.lower(), kind)
        if key not in self._known:
            self._known[key] = self._asked(name, kind)
        return self._known[key]

    def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records at a name, each joined from its pieces."""
        return self.ask(name, "TXT")

    def pointers(self, address: str) -> tuple[str, ...]:
        """The names that an IP address says it has."""
        return self.ask(dns.reversename.from_address(address).to_text(omit_final_dot=True), "PTR")

    def addresses(self, name: str) -> tuple[str, ...]:
        return (*self.ask(name, "A"), *self.ask(name, "AAAA"))

    def _asked(self, name: str, kind: str) -> tuple[str, ...]:
        seconds = min(self._patience, self._ends_at - time.monotonic())
        is_dead = self._silences >= _SILENCES and not self._known
        if self._resolver is None or is_dead or seconds <= 0:
            raise UnansweredError(f"could not ask DNS for {name}", fix="run it again where there is a network")
        try:
            answer = self._resolver.resolve(f"{name}.", kind, lifetime=seconds, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, ValueError) as error:
            # A server that says it fails is there; only silence speaks of a missing network.
            self._silences += isinstance(error, (dns.exception.Timeout, OSError))
            raise UnansweredError(f"nobody answers for {name} ({_reason(error)})", fix="run it again later") from error
        return tuple(_text(record) for record in answer.rrset or ())


def _resolver(server: str | None) -> dns.resolver.Resolver | None:
    """
    None where the machine knows no resolver.

    :raises InputError: `server` is not an address
    """
    if server is None:
        try:
            return dns.resolver.Resolver()
        except (dns.exception.DNSException, OSError):
            return None
    resolver = dns.resolver.Resolver(configure=False)
    address, port = _parted(server)
    resolver.nameservers = [address]
    resolver.port = port
    return resolver


def _parted(server: str) -> tuple[str, int]:
    address, _, port = server.rpartition(":") if server.count(":") == 1 or "]:" in server else (server, ":", "53")
    try:
        number = int(port)
        if not 0 < number < 65_536:
            raise ValueError(port)
        return str(ip_address(address.strip("[]"))), number
    except ValueError:
        fix = "write it as 192.0.2.53 or 192.0.2.53:5353"
        raise InputError(f"--resolver: {server!r} is not an IP address", fix=fix) from None


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return b"".join(strings).decode("utf-8", "replace")
    return str(record).rstrip(".") or "."


def _reason(error: Exception) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "timed out"
    if isinstance(error, dns.resolver.NoNameservers):
        return "its servers fail"
    return type(error).__name__
