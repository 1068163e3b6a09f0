"""SMTP servers on loopback: aiosmtpd, which behaves as it is told, and Postfix's smtp-sink, which nobody here wrote."""

import asyncio
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: what a server may do instead of answering, once the message is all there
HANG_UP, STAY_SILENT = "hang up", "stay silent"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as a server took it."""

    sender: str
    recipient: str
    content: bytes


@dataclass(slots=True)
class Manners:
    """What the server says out of turn, by the reader's address; anybody else is taken."""

    to_sender: str = ""
    to_recipient: Mapping[str, str] = field(default_factory=dict)
    to_message: Mapping[str, str] = field(default_factory=dict)
    #: says 421 to the next one after so many
    messages_a_connection: int = 1_000_000
    #: offers to take several commands at once
    pipelining: bool = False
    arrived: list[Arrived] = field(default_factory=list)
    #: one entry per connection: what it said in EHLO
    greeted: list[str] = field(default_factory=list)
    resets: int = 0

    # The names and arguments of what follows are aiosmtpd's.

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        session.taken = 0
        self.greeted.append(hostname)
        return [responses[0], *(["250-PIPELINING"] if self.pipelining else []), *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if session.taken >= self.messages_a_connection:
            return self._closing(server, "421 4.7.0 enough for one connection")
        if self.to_sender:
            return self._closing(server, self.to_sender)
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        said = self.to_recipient.get(address)
        if said:
            return self._closing(server, said)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_RSET(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.resets += 1
        return "250 fine"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        said = self.to_message.get(recipient, "250 2.0.0 Ok: queued as 4F1A2B3C")
        if said.startswith("250") or said in {HANG_UP, STAY_SILENT}:
            self.arrived.append(Arrived(envelope.mail_from, recipient, envelope.content))
            session.taken += 1
        if said == HANG_UP:
            server.transport.abort()
        if said == STAY_SILENT:
            await asyncio.sleep(30)
        return said

    def _closing(self, server: Any, said: str) -> str:
        if said.startswith("421"):
            server.loop.call_later(0.02, server.transport.close)
        return said


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def smtp_server(manners: Manners | None = None, **options: Any) -> Iterator[int]:
    """Runs aiosmtpd and gives its port; options are those of its Controller and SMTP."""
    controller = Controller(manners or Manners(), hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def only(username: str, password: str) -> Any:
    """An authenticator for one login."""

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given == LoginPassword(username.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return authenticate


@contextmanager
def smtp_sink(*options: str, taken: Path | None = None) -> Iterator[int]:
    """Runs Postfix's smtp-sink and gives its port; with `taken`, it writes one file per message into that folder."""
    program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not program:
        if os.environ.get("CI") == "true":
            pytest.fail("smtp-sink is missing; it comes with Postfix")
        pytest.skip("smtp-sink is missing; it comes with Postfix")
    port = free_port()
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    dump = ["-d", "message."] if taken else []
    command = [program, *as_user, *dump, *options, f"inet:127.0.0.1:{port}", "64"]
    with subprocess.Popen(command, cwd=taken, stderr=subprocess.DEVNULL) as process:
        try:
            _await_greeting(port)
            yield port
        finally:
            process.terminate()


@contextmanager
def sink_folder() -> Iterator[Path]:
    """A folder into which smtp-sink may write although it has given up its rights."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def read_sink(folder: Path) -> list[Arrived]:
    """What smtp-sink wrote down, without the lines that it put in front."""
    return [_read_sunk(path.read_bytes()) for path in sorted(folder.iterdir())]


def _read_sunk(written: bytes) -> Arrived:
    envelope, _, rest = written.partition(b"Received: from ")
    sender, recipient = (
        re.findall(rb"^X-%s-Args: <([^>]*)>" % word, envelope, re.MULTILINE)[0].decode() for word in (b"Mail", b"Rcpt")
    )
    _, _, content = rest.partition(b"(UTC)\n")
    return Arrived(sender, recipient, content)


def _await_greeting(port: int) -> None:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    pytest.fail("smtp-sink does not answer")


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 signed by itself, and a server's context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path = folder / "key.pem"
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key_path)
    return path, context
