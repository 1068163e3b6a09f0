"""Where a request comes from: a network, never a person."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from newsletter.consent import truncated

#: headers by which a web server before us says that it passes on what came from elsewhere
_FORWARDED = frozenset({b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip"})


def network_of(scope: Mapping[str, Any], proxies: int) -> str:
    """
    The network of whoever asks; "" when nobody knows.

    :param proxies: web servers of ours before this one: each adds to X-Forwarded-For where it was asked from, so that
        the last so many entries are ours, and those before them anybody's invention
    """
    peer = scope.get("client") or ("", 0)
    if not proxies:
        return truncated(str(peer[0]))
    said = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    entries = [entry.strip() for entry in said.decode("latin-1").split(",") if entry.strip()]
    return truncated(_bare(entries[-proxies])) if len(entries) >= proxies else truncated(str(peer[0]))


def _bare(entry: str) -> str:
    """Without the port and the brackets that some write."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def is_this_machine(scope: Mapping[str, Any]) -> bool:
    """Asked from here, and for nobody else."""
    peer = scope.get("client") or ("", 0)
    if any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        return ipaddress.ip_address(str(peer[0])).is_loopback
    except ValueError:
        return False
