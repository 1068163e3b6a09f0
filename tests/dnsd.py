"""A DNS server on loopback, over UDP and TCP, that answers from a table and misbehaves where it is told to."""

import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

#: a name's records by kind; TXT without quotes
Records = dict[str, dict[str, list[str]]]
_UDP_BYTES = 512


@dataclass(slots=True)
class Table:
    records: Records
    #: names that get no answer at all, and names for which the server says that it fails
    silent: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    #: every question, as "name KIND"
    asked: list[str] = field(default_factory=list)

    def answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        if name in self.silent or "*" in self.silent:
            return None
        response = dns.message.make_response(query)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        self._fill(response, name, kind)
        return response

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        if not self._is_there(name):
            response.set_rcode(dns.rcode.NXDOMAIN)
            return
        held = self.records.get(name, {})
        for found in ("CNAME", kind) if "CNAME" in held else (kind,):
            if held.get(found):
                values = [_quoted(value) if found == "TXT" else value for value in held[found]]
                response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", found, values))
        for target in held.get("CNAME", ()):
            self._fill(response, target.rstrip("."), kind)

    def _is_there(self, name: str) -> bool:
        return any(known == name or known.endswith(f".{name}") for known in self.records)


def _quoted(text: str) -> str:
    """In pieces of at most 255 bytes, as a TXT record holds them."""
    pieces = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


@contextmanager
def dns_server(
    records: Records, *, silent: Sequence[str] = (), failing: Sequence[str] = ()
) -> Iterator[tuple[str, Table]]:
    """Runs a server and gives its address (`127.0.0.1:PORT`) and its table."""
    table = Table(records, frozenset(silent), frozenset(failing))

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            response = table.answer(wire)
            if response is not None:
                socket.sendto(_fitting(response), self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (size,) = struct.unpack("!H", self.rfile.read(2))
            response = table.answer(self.rfile.read(size))
            if response is not None:
                wire = response.to_wire()
                self.wfile.write(struct.pack("!H", len(wire)) + wire)

    with ExitStack() as running:
        tcp = running.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp))
        udp = running.enter_context(socketserver.ThreadingUDPServer(tcp.server_address, Udp))
        for server in (tcp, udp):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            running.callback(server.shutdown)
        yield f"127.0.0.1:{tcp.server_address[1]}", table


def _fitting(response: dns.message.Message) -> bytes:
    """Cut short when it is too long for UDP, so that it is asked for again over TCP."""
    try:
        return response.to_wire(max_size=_UDP_BYTES)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()
